import { MINIMUM_GAUSSIAN_VARIANCE } from '../noise/sampler.js'
import { discreteGaussianGap, type NoisySum } from '../rdp.js'
import { sampledEpsilon } from './composition.js'
import { cutOff, normalPair } from './loss-pair.js'
import { gaussianEpsilon } from './normal.js'

/** Up to this variance, the ratio of Bessel functions is also computed; above, it is only bounded. */
const COMPUTED_VARIANCE = 2 ** 20

/** ε of `rounds` releases of the sum, by {@link gaussianParameter}; infinite if the noise is too small for that bound. */
export function gaussianBound(sum: NoisySum, rounds: number, delta: number): number {
  const parameter = gaussianParameter(sum)
  return parameter === undefined
    ? Number.POSITIVE_INFINITY
    : gaussianEpsilon(parameter * Math.sqrt(rounds), delta)
}

/**
 * The same for rounds in which each client takes part with probability `rate`, against parties that do not know who took part:
 * by the privacy loss distribution of normal noise.
 */
export function sampledGaussianBound(sum: NoisySum, rounds: number, delta: number, rate: number): number {
  const parameter = gaussianParameter(sum)
  if (parameter === undefined || rate === 1) return Number.POSITIVE_INFINITY
  return sampledEpsilon(normalPair(parameter, cutOff(delta, rounds)), rate, rounds, delta)
}

/**
 * μ, so that the noisy sum is at least as private as normal noise with a standard deviation of Δ2/μ on each element:
 * μ-Gaussian differential privacy. It holds for any dimension and for any vector whose L2 norm is at most Δ2; the L1 norm
 * does not matter. `undefined` if the noise is too small for this bound.
 *
 * The proof is in docs/privacy-accounting.md, theorem 1. In short: let c be an upper bound on ln(p(z)²/(p(z−1) p(z+1))) for
 * the probabilities p of the noise. Compare p with normal noise that is rounded to a grid of step b. If the same expression is
 * at least c for every such grid, the difference of the two logarithms is convex, so their distribution functions cross at
 * most once, whatever the offset of the grid. Then the quantiles Φ⁻¹(P[Z ≤ z]) are never more than b apart. Because p is
 * log-concave, the best tests are thresholds, so a shift by one is b-Gaussian private, a shift by k is kb-Gaussian private,
 * and elements compose as the root of the sum of squares (Dong, Roth and Su 2022, theorem 3.2 and corollary 3.3).
 */
export function gaussianParameter(sum: NoisySum): number | undefined {
  const bend = bendOf(sum)
  // Each step of rounded normal noise bends by at least b² (1 − b²/π²), so b² is the smaller root of b² (1 − b²/π²) = c.
  const root = 1 - (4 * bend) / (Math.PI * Math.PI)
  if (!(root > 0)) return undefined
  const square = (2 * bend) / (1 + Math.sqrt(root))
  return sum.l2Sensitivity * Math.sqrt(square) * (1 + 1e-12)
}

/** c: an upper bound on ln(p(z)²/(p(z−1) p(z+1))) over all z. */
function bendOf({ distribution, minimumHonest, localVariance }: NoisySum): number {
  const variance = minimumHonest * localVariance
  if (distribution === 'skellam') return 2 * logBesselRatio(variance)
  // The difference between a sum of discrete Gaussians and a single one is only known for this much noise of each.
  if (minimumHonest > 1 && localVariance < MINIMUM_GAUSSIAN_VARIANCE) return Number.POSITIVE_INFINITY
  // A sum of discrete Gaussians is within a factor e^{τ/2} of a single one, which bends by exactly 1/variance.
  return (1 / variance + 2 * discreteGaussianGap(minimumHonest, localVariance)) * (1 + 1e-12)
}

/** ln(I₀(x)/I₁(x)), rounded up. The second difference of a Skellam distribution is largest in the middle, where it is twice this. */
function logBesselRatio(x: number): number {
  // Amos (1974): I₁(x)/I₀(x) is at least x/(½ + √(x² + 9/4)).
  const bound = Math.log1p((0.5 + 2.25 / (x + Math.sqrt(x * x + 2.25))) / x) * (1 + 1e-12)
  if (x > COMPUTED_VARIANCE) return bound
  let ratio = 0
  for (let k = Math.ceil(7 * Math.sqrt(x)) + 30; k >= 1; k--) ratio = 1 / ((2 * k) / x + ratio)
  // Each step adds a rounding error of at most 2^−52 and damps the earlier ones, so the errors of fewer than √x steps add up.
  // Just below 2^20, this allowance is larger than the slack of Amos's bound, so the smaller result counts.
  const rounding = 4 * Number.EPSILON * Math.sqrt(x) + 1e-15
  return Math.min(bound, -Math.log(ratio) * (1 + 1e-12) + rounding)
}
