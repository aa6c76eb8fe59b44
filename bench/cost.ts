import type { PhaseName } from 'secagg'

/** Milliseconds of processor time, all threads of the process together, and of wall time. */
export async function costOf<T>(work: () => Promise<T>): Promise<{ value: T; cost: number; wallMs: number }> {
  const start = performance.now()
  const before = process.cpuUsage()
  const value = await work()
  const { user, system } = process.cpuUsage(before)
  return { value, cost: (user + system) / 1000, wallMs: performance.now() - start }
}

/** Processor time of the process, time on the clock, and the time for which each thread of a pool was at work. */
export interface Span {
  readonly ms: number
  readonly wallMs: number
  readonly busyMs: readonly number[]
}

/** What one party has spent in each phase. */
export class Tally {
  readonly spans: Map<PhaseName, Span> = new Map()

  async measure<T>(
    phase: PhaseName,
    work: () => Promise<T>,
    busyMs = (): readonly number[] => [],
  ): Promise<T> {
    const before = busyMs()
    const { value, cost, wallMs } = await costOf(work)
    const busy = busyMs().map((ms, thread) => ms - before[thread]!)
    const known = this.spans.get(phase)
    this.spans.set(phase, {
      ms: cost + (known?.ms ?? 0),
      wallMs: wallMs + (known?.wallMs ?? 0),
      busyMs: busy.map((ms, thread) => ms + (known?.busyMs[thread] ?? 0)),
    })
    return value
  }
}
