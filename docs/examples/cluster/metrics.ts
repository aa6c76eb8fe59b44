/** What the coordinator counts in addition to its parts. */
const TEXTS = {
  rounds_total: ['counter', 'Rounds that have ended with a sum.'],
  failed_rounds_total: ['counter', 'Rounds that have ended with an error.'],
  round_seconds_total: ['counter', 'Time for rounds, from the first message to the sum.'],
  survivors: ['gauge', 'The number of inputs in the last sum.'],
  dropouts_total: ['counter', 'Clients that have dropped out.'],
  messages_total: ['counter', 'Messages of clients.'],
  received_bytes_total: ['counter', 'Bytes of these messages.'],
} as const

/** The numbers of the coordinator, by name. */
export type RoundCounts = Record<keyof typeof TEXTS, number>

export function noRounds(): RoundCounts {
  return Object.fromEntries(Object.keys(TEXTS).map((name) => [name, 0])) as RoundCounts
}

/** The numbers in the text format of Prometheus. */
export function textOf(counts: RoundCounts): string {
  const entries = Object.entries(TEXTS) as [keyof RoundCounts, readonly [string, string]][]
  return entries
    .map(([name, [kind, help]]) => {
      const full = `secagg_coordinator_${name}`
      return `# HELP ${full} ${help}\n# TYPE ${full} ${kind}\n${full} ${counts[name]}\n`
    })
    .join('')
}
