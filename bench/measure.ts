/** Bytes of lanes of every vector: 2^20 elements of 32 bits, and as many bytes of other widths. */
export const VECTOR_BYTES: number = 4 * 2 ** 20

/** One thing to measure. */
export interface Candidate {
  readonly name: string
  /** How much work one run does, in units that all candidates of a run share. */
  readonly units: number
  run(): void | Promise<void>
}

/** What came out for one candidate. */
export interface Result {
  readonly name: string
  readonly samples: number
  /** Nanoseconds per unit: the lower quartile, and the median. */
  readonly lowerQuartile: number
  readonly median: number
  /** Lower quartile over that of the first candidate. */
  readonly ratio: number
}

/** When measuring ends: after so many samples of each, or after so many seconds, whichever is first. */
export interface Limits {
  readonly samples: number
  readonly seconds: number
}

/**
 * Runs the candidates in turn, one sample each a round, so that what else the machine does falls on all of them
 * alike. Ratios are to the first.
 */
export async function measure(candidates: readonly Candidate[], limits: Limits): Promise<Result[]> {
  const samples = candidates.map((): number[] => [])
  for (const candidate of candidates) await timed(candidate)
  const end = performance.now() + 1000 * limits.seconds
  while (samples[0]!.length < limits.samples && performance.now() < end) {
    for (const [index, candidate] of candidates.entries()) samples[index]!.push(await timed(candidate))
  }
  const quartiles = samples.map((values) => quantile(values, 0.25))
  return candidates.map(({ name }, index) => ({
    name,
    samples: samples[index]!.length,
    lowerQuartile: quartiles[index]!,
    median: quantile(samples[index]!, 0.5),
    ratio: quartiles[index]! / quartiles[0]!,
  }))
}

async function timed({ run, units }: Candidate): Promise<number> {
  const start = performance.now()
  await run()
  return (1e6 * (performance.now() - start)) / units
}

function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(fraction * (sorted.length - 1))]!
}
