/**
 * Welch's t of two samples: the difference of their means over its standard error, with variances that may differ. 0 where
 * neither sample varies and the means are equal.
 */
export function welchT(a: Float64Array, b: Float64Array): number {
  const [one, other] = [momentsOf(a), momentsOf(b)]
  const difference = one.mean - other.mean
  if (difference === 0) return 0
  return difference / Math.sqrt(one.variance / a.length + other.variance / b.length)
}

function momentsOf(values: Float64Array): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, variance: squares / (values.length - 1) }
}

/** The value that a part `fraction` of `sorted` does not exceed. */
export function percentile(sorted: Float64Array, fraction: number): number {
  return sorted[Math.min(Math.floor(fraction * sorted.length), sorted.length - 1)]!
}

/** Of so many tests, one takes all measurements, and each of the others crops them at another percentile. */
const CROPS = 20
/** A test counts if it keeps at least this part of either class. */
const MINIMUM_KEPT = 0.1

/**
 * The parts of all measurements that are kept, as Reparaz, Balasch and Verbauwhede (DATE 2017) choose them: dense towards
 * 1, as what lies far above is the work of interrupts and garbage collectors rather than of the operation.
 */
export function cropFractions(): number[] {
  const cropped = Array.from({ length: CROPS }, (_, i) => 1 - 0.5 ** ((10 * (i + 1)) / CROPS))
  return [...cropped, 1]
}

/** Measurements, and of which class each is. */
export interface Measurements {
  readonly times: Float64Array
  /** 0 or 1. */
  readonly classes: Uint8Array
}

/** What a series of tests gives. */
export interface Verdict {
  /** The t of the greatest |t|; positive where class 0 takes longer. */
  readonly t: number
  /** The part that this test kept. */
  readonly kept: number
  readonly measurements: number
  /** Of class 0, over that of class 1, of what lies below the 90th percentile. */
  readonly ratio: number
}

/** Tests all measurements, and what is left of them when the longest are cropped, and gives the test that tells most. */
export function compareClasses({ times, classes }: Measurements): Verdict {
  const sorted = times.slice().sort()
  const totals = [0, 1].map((side) => classes.reduce((sum, value) => sum + (value === side ? 1 : 0), 0))
  let [t, kept] = [0, 1]
  for (const fraction of cropFractions()) {
    const limit = percentile(sorted, fraction)
    const [a, b] = cropped({ times, classes }, limit)
    if (
      a.length < 2 ||
      a.length < MINIMUM_KEPT * totals[0]! ||
      b.length < 2 ||
      b.length < MINIMUM_KEPT * totals[1]!
    )
      continue
    const found = welchT(a, b)
    if (Math.abs(found) > Math.abs(t)) [t, kept] = [found, fraction]
  }
  const [a, b] = cropped({ times, classes }, percentile(sorted, 0.9))
  return { t, kept, measurements: times.length, ratio: momentsOf(a).mean / momentsOf(b).mean }
}

/** The measurements of either class that do not exceed `limit`. */
export function cropped({ times, classes }: Measurements, limit: number): [Float64Array, Float64Array] {
  const of = (side: number): Float64Array =>
    times.filter((time, index) => classes[index] === side && time <= limit)
  return [of(0), of(1)]
}
