interface Family {
  readonly kind: 'counter' | 'gauge'
  readonly help: string
  readonly label?: string
  /** The values by label; the label is empty if the family has none. */
  readonly values: Map<string, number>
}

/** Counters and gauges in the text format of Prometheus. */
export class Metrics {
  readonly #families = {
    connections_total: counter('Connections by result.', 'result'),
    messages_total: counter('Messages in rounds by status.', 'status'),
    answers_missing_total: counter('Clients that did not answer in time, by phase.', 'phase'),
    secrets_recovered_total: counter('Clients whose secrets were recovered to remove masks.', 'client'),
    shut_out_total: counter('Clients that were excluded from a round.', 'reason'),
    rounds_total: counter('Rounds by result.', 'result'),
    clients_connected: gauge('Clients that are connected and identified.'),
    round: gauge('The number of the open round, or of the last one.'),
    survivors: gauge('The number of inputs in the last sum.'),
  }

  count(
    name:
      | 'connections_total'
      | 'messages_total'
      | 'answers_missing_total'
      | 'secrets_recovered_total'
      | 'shut_out_total'
      | 'rounds_total',
    label: string,
    count = 1,
  ): void {
    const { values } = this.#families[name]
    values.set(label, (values.get(label) ?? 0) + count)
  }

  set(name: 'clients_connected' | 'round' | 'survivors', value: number): void {
    this.#families[name].values.set('', value)
  }

  text(): string {
    const families = Object.entries<Family>(this.#families)
    return families.map(([name, family]) => lines(`coordinator_${name}`, family).join('')).join('')
  }
}

function counter(help: string, label: string): Family {
  return { kind: 'counter', help, label, values: new Map() }
}

function gauge(help: string): Family {
  return { kind: 'gauge', help, values: new Map([['', 0]]) }
}

function lines(name: string, { kind, help, label, values }: Family): string[] {
  const samples = [...values].map(([value, count]) =>
    label === undefined ? `${name} ${count}\n` : `${name}{${label}="${value}"} ${count}\n`,
  )
  return [`# HELP ${name} ${help}\n`, `# TYPE ${name} ${kind}\n`, ...samples]
}
