import { usageError } from '../errors.js'
import { composedRdp, epsilonOf, type PrivacyLoss } from './accountant.js'
import { MINIMUM_GAUSSIAN_VARIANCE } from './noise/sampler.js'
import { gaussianRdp, type NoisySum } from './rdp.js'

/** How much more ε than one discrete Gaussian would cost is taken for a sum of them. */
const TOLERATED = 1.01

/**
 * Whether a sum of discrete Gaussians is so far from a discrete Gaussian that it costs ε, or that nothing is known of it.
 * That comes with little noise per client on the grid, hence with many clients or few bits.
 */
export function hasCollapsed(
  sum: NoisySum,
  { epsilon, delta, rounds }: Pick<PrivacyLoss, 'epsilon' | 'delta' | 'rounds'>,
): boolean {
  if (sum.distribution === 'skellam') return false
  if (sum.localVariance < MINIMUM_GAUSSIAN_VARIANCE) return true
  const single = gaussianRdp(Math.sqrt(sum.minimumHonest * sum.localVariance) / sum.l2Sensitivity)
  return epsilon > TOLERATED * epsilonOf(composedRdp([{ curve: single, times: rounds }]), delta).epsilon
}

/** @throws {SecAggError} `invalid-configuration` where the distribution has collapsed. */
export function requireUncollapsed({ collapsed, epsilon }: { collapsed: boolean; epsilon: number }): void {
  if (!collapsed) return
  throw usageError(
    'invalid-configuration',
    `discrete Gaussians collapse at this scale (ε = ${Number(epsilon.toPrecision(4))}); take the distribution skellam`,
    { got: epsilon },
  )
}
