import type { RoundVector } from './format.js'
import type { Planned, TranscriptPlan } from './play.js'
import { accepts, type Bases, flip, inboundOf, outboundOf, plan } from './transcript-support.js'

// Parties that stop in the middle of a round, and go on from what they have saved to the same bytes.

/** Whole rounds: on each graph, in both models, in slices and not. */
export const RESUMED_BASES: readonly string[] = [
  'round-example',
  'round-complete-chacha',
  'round-active-small',
  'round-sparse-chacha',
  'round-chosen-small',
  'round-chosen-aes',
  'round-chosen-chacha',
]

/** With hybrid key agreement. */
export const HYBRID_BASES: readonly string[] = [
  'round-hybrid-complete-small',
  'round-hybrid-complete-chacha',
  'round-hybrid-chosen-aes',
]

const CLIENT_PHASES: Readonly<Record<string, string>> = {
  '02': 'share-keys',
  '04': 'masked-input',
  '06': 'consistency-check',
  '08': 'unmasking',
  '0b': 'consistency-check',
  '0d': 'unmasking',
}

export function resumeTranscripts(bases: Bases, names: readonly string[]): TranscriptPlan[] {
  return names.flatMap((name) => [resumedClient(name, bases[name]!), resumedServer(name, bases[name]!)])
}

/** A client that stops after each of its messages. It repeats itself, and does not change its mind. */
function resumedClient(name: string, base: RoundVector): TranscriptPlan {
  const { u5 } = base.values.sets
  const party = u5[0]!
  const active = base.round.parameters.adversary === 'active'
  const answered = inboundOf(base, party).flatMap((message): Planned[] => {
    const type = message.slice(2, 4)
    const phase = type === '06' && !active ? 'unmasking' : CLIENT_PHASES[type]!
    return [
      { do: 'receive', message },
      { do: 'resume' },
      { do: 'receive', message: flip(message, -1), fails: { phase, code: 'conflicting-message' } },
      { do: 'receive', message },
    ]
  })
  return {
    name: `client, resumed after each message: ${name}`,
    description: 'What is repeated gets the same answer, and a second version is refused.',
    base: name,
    party,
    operations: [{ do: 'start' }, { do: 'resume' }, { do: 'start' }, ...answered],
  }
}

/** A server that stops in the middle of each phase, and before it closes the phase. */
function resumedServer(name: string, base: RoundVector): TranscriptPlan {
  const { u1 } = base.values.sets
  const seats = base.round.clients.filter(({ sends }) => sends > 0).map(({ seat }) => seat)
  const steps = base.round.parameters.adversary === 'active' ? 5 : 4
  const operations = Array.from({ length: steps }, (_, step): Planned[] => {
    const sending = (step === 0 ? seats : u1).filter((seat) => outboundOf(base, seat)[step] !== undefined)
    const half = sending.length >> 1
    const [first, rest] = [sending.slice(0, half), sending.slice(half)]
    const next = rest[0]!
    // An incomplete vector starts again.
    const cut = accepts(base, step, [next]).slice(0, -1)
    return [
      ...accepts(base, step, first),
      ...cut,
      { do: 'resume' },
      ...accepts(base, step, first.slice(0, 1)),
      ...accepts(base, step, rest),
      { do: 'resume' },
      { do: 'close' },
    ]
  })
  return plan(
    `resumed in each phase: ${name}`,
    'Once when some have answered, and once when all have.',
    name,
    operations.flat(),
  )
}
