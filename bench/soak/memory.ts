/** What the process holds after a round, once everything that nobody needs is collected; bytes. */
export interface MemorySample {
  readonly heap: number
  /** Memory of typed arrays, outside of the heap. */
  readonly arrays: number
  /** What the operating system has given to the process. */
  readonly resident: number
}

/** A straight line through a series of memory samples, by least squares. */
export interface Trend {
  readonly mean: number
  /** Bytes a round. */
  readonly slope: number
  readonly isFlat: boolean
}

/** The first part of a soak, in which code is compiled and pools fill, does not count. */
const WARM_UP = 0.25
/** What counts as flat: a round adds less than this part of the mean. */
const FLAT = 0.01
/** Below three samples there is no line. */
const MINIMUM_SAMPLES = 4

/** @throws {Error} where the process was not started with --expose-gc. */
export async function sampleMemory(): Promise<MemorySample> {
  const { gc } = globalThis
  if (gc === undefined) throw new Error('the soak runs with node --expose-gc')
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setImmediate(resolve))
    gc()
  }
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
  return { heap: heapUsed, arrays: arrayBuffers, resident: rss }
}

/** The trends after the warm-up; nothing where there are too few rounds to tell. */
export function trendsOf(
  samples: readonly MemorySample[],
): { [kind in keyof MemorySample]: Trend } | undefined {
  const counted = samples.slice(Math.ceil(samples.length * WARM_UP))
  if (counted.length < MINIMUM_SAMPLES) return undefined
  return {
    heap: trendOf(counted.map(({ heap }) => heap)),
    arrays: trendOf(counted.map(({ arrays }) => arrays)),
    resident: trendOf(counted.map(({ resident }) => resident)),
  }
}

function trendOf(values: readonly number[]): Trend {
  const middle = (values.length - 1) / 2
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  let covariance = 0
  let variance = 0
  for (const [index, value] of values.entries()) {
    covariance += (index - middle) * (value - mean)
    variance += (index - middle) ** 2
  }
  const slope = covariance / variance
  return { mean, slope, isFlat: slope < FLAT * mean }
}
