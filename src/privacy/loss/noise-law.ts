import { discreteGaussianGap, type NoisySum } from '../rdp.js'

/**
 * The distribution of the noise of h clients on one element, from −reach to reach. It is symmetric and log-concave.
 */
export interface NoiseLaw {
  readonly reach: number
  /** p(z) for z = 0 … 2·reach. */
  readonly probabilities: Float64Array
  /** An upper bound on the probability that the noise is outside −reach … reach. */
  readonly tail: number
  /** Every true probability is within a factor e^{±gap} of the tabulated one. */
  readonly gap: number
}

/** The largest variance for which a table is worth its time. Above it, the Gaussian bound is within 0.05 % of ε. */
export const MAXIMUM_TABULATED_VARIANCE = 1024

/** Up to this τ, a sum of discrete Gaussians is treated as a single one, and the difference is added to the privacy loss. */
const SMALL_GAP = 1e-9

/** The largest number of summands that are convolved. */
const MAXIMUM_SUMMANDS = 4096

/** The law of the sum of the noise of `minimumHonest` clients; `undefined` if it is not tabulated. */
export function noiseLaw(sum: NoisySum, tail: number): NoiseLaw | undefined {
  const { distribution, minimumHonest, localVariance } = sum
  const variance = minimumHonest * localVariance
  if (variance > MAXIMUM_TABULATED_VARIANCE) return undefined
  const reach = reachOf(variance, tail)
  if (distribution === 'skellam') {
    return { reach, probabilities: skellam(variance, 2 * reach), tail, gap: 0 }
  }
  const tau = discreteGaussianGap(minimumHonest, localVariance)
  if (tau <= SMALL_GAP) {
    return { reach, probabilities: discreteGaussian(variance, 2 * reach), tail, gap: tau / 2 }
  }
  if (minimumHonest > MAXIMUM_SUMMANDS) return undefined
  const single = discreteGaussian(localVariance, 4 * reach)
  return { reach, probabilities: convolved(single, minimumHonest).slice(0, 2 * reach + 1), tail, gap: 0 }
}

/** The noise is outside −reach … reach with probability at most `tail`, by Bernstein's inequality: see the bits of a sum. */
function reachOf(variance: number, tail: number): number {
  const log = Math.log(2 / tail)
  return Math.ceil(log / 3 + Math.sqrt((log / 3) ** 2 + 2 * log * variance))
}

/** e^{−μ} I_z(μ) for z = 0 … last, from ratios of Bessel functions by the recurrence that is stable (Gautschi 1967). */
function skellam(variance: number, last: number): Float64Array {
  const start = last + Math.ceil(7 * Math.sqrt(variance)) + 30
  const ratios = new Float64Array(start + 2)
  for (let k = start; k >= 1; k--) ratios[k] = 1 / ((2 * k) / variance + ratios[k + 1]!)
  const weights = new Float64Array(last + 1)
  weights[0] = 1
  for (let k = 1; k <= last; k++) weights[k] = weights[k - 1]! * ratios[k]!
  return normalized(weights)
}

function discreteGaussian(variance: number, last: number): Float64Array {
  return normalized(Float64Array.from({ length: last + 1 }, (_, z) => Math.exp((-z * z) / (2 * variance))))
}

/** Divides by the sum over all z, of which the table has the half from 0 on. */
function normalized(weights: Float64Array): Float64Array {
  const total = weights.reduceRight((sum, weight) => sum + weight, 0) * 2 - weights[0]!
  return weights.map((weight) => weight / total)
}

/**
 * The law of the sum of `count` variables, by doubling. All terms are positive, so the relative precision is kept in the
 * tails. A partial sum beyond the table is dropped: the table is so long that this is far below the last place.
 */
function convolved(law: Float64Array, count: number): Float64Array {
  if (count === 1) return law
  const half = convolved(law, Math.floor(count / 2))
  const even = convolution(half, half)
  return count % 2 === 0 ? even : convolution(even, law)
}

function convolution(a: Float64Array, b: Float64Array): Float64Array {
  const last = a.length - 1
  return Float64Array.from(a, (_, z) => {
    let sum = 0
    for (let i = Math.max(-last, z - last); i <= Math.min(last, z + last); i++) {
      sum += a[Math.abs(i)]! * b[Math.abs(z - i)]!
    }
    return sum
  })
}
