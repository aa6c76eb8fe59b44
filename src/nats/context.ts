import type { Broker } from './broker.js'
import type { Seal } from './sealing.js'
import type { ClusterNames } from './subjects.js'

/** The options of an unmasker that its jobs use, checked. Times are in milliseconds. */
export interface JobOptions {
  readonly redeliverAfter: number
  readonly checkEvery: number
  readonly patience: number
  readonly attempts: number
  readonly replicas: number
  /** In bytes of mask stream. */
  readonly taskBytes: number
}

/** What all jobs of an unmasker share. */
export interface UnmaskerContext {
  readonly broker: Broker
  readonly cluster: ClusterNames
  readonly seal: Seal
  readonly counters: Counters
  readonly options: JobOptions
  /** The maximum number of bytes in a message before it is sealed. */
  readonly largestMessage: number
}

/** The numbers that a process reports about itself. Names have no prefix and no unit beyond what their text says. */
export interface Counters {
  add(name: string, amount?: number): void
  set(name: string, value: number): void
  get(name: string): number
  /** All numbers, in the text format of Prometheus. */
  text(): string
}

/** What is counted: a name, its kind and its description. */
export type CounterTexts = Readonly<Record<string, readonly ['counter' | 'gauge', string]>>

/** The time since `start`, a time of `Date.now()`, in seconds. 0 if a clock was set back, or another machine's is ahead. */
export function secondsSince(start: number): number {
  return Math.max(Date.now() - start, 0) / 1000
}

/** Counters that begin at zero. Their names get `prefix` in the text. */
export function createCounters(prefix: string, texts: CounterTexts): Counters {
  const values = new Map(Object.keys(texts).map((name) => [name, 0]))
  const get = (name: string): number => values.get(name) ?? 0
  return {
    add: (name, amount = 1) => values.set(name, get(name) + amount),
    set: (name, value) => values.set(name, value),
    get,
    text: () =>
      Object.entries(texts)
        .map(([name, [kind, help]]) => {
          const full = `${prefix}_${name}`
          return `# HELP ${full} ${help}\n# TYPE ${full} ${kind}\n${full} ${get(name)}\n`
        })
        .join(''),
  }
}
