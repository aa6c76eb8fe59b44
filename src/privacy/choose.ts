import { partsOf } from '../arguments.js'
import { minimumWhole } from './bisect.js'
import { requireNumber } from './checks.js'
import { infeasible, MOST_BITS } from './infeasible.js'
import { minimumMultiplier } from './multiplier.js'
import { analyzePrivacy, type PrivacyParameters } from './parameters.js'
import { checkedSetting, type PrivacySetting } from './scaled-sum.js'

/** What is to be promised, for {@link choosePrivacy}. */
export interface PrivacyTarget extends Omit<PrivacySetting, 'bits' | 'noiseMultiplier'> {
  /** ε at most, over all rounds and against the server; 10^−3 to 10^3. */
  readonly epsilon: number
  /** b, 1 to 32; without it, the least with which the noise is at most 5 % above what 32 bits need. */
  readonly bits?: number | undefined
}

/** What fewer bits may cost in noise. */
const TOLERATED_NOISE = 1.05

/**
 * The least noise that keeps a target, and all that follows from it. The noise multiplier is rounded up to six decimal
 * digits, so that every engine finds the same one. Whoever is told the outcome can have it checked by `analyzePrivacy`.
 *
 * A `samplingRate` changes nothing of the choice: the ε that holds against the server is kept, and the one that sampling
 * gives is shown beside.
 *
 * @throws {SecAggError} `invalid-argument` where a value is out of its range; `invalid-configuration` where no noise
 *   reaches ε, with what would do.
 */
export function choosePrivacy(given: PrivacyTarget): PrivacyParameters {
  const target = partsOf('a privacy target', given)
  const { epsilon, bits = MOST_BITS } = target
  requireNumber('epsilon', epsilon, 1e-3, 1e3)
  checkedSetting({ ...target, bits, noiseMultiplier: 1 })
  const noiseMultiplier = minimumMultiplier({ ...target, bits })
  if (noiseMultiplier === undefined) throw infeasible({ ...target, bits })
  if (target.bits !== undefined) return analyzePrivacy({ ...target, bits, noiseMultiplier })
  const multiplierAt = (b: number): number =>
    minimumMultiplier({ ...target, bits: b }) ?? Number.POSITIVE_INFINITY
  const enough = minimumWhole((b) => multiplierAt(b) <= noiseMultiplier * TOLERATED_NOISE, 1, MOST_BITS)!
  return analyzePrivacy({ ...target, bits: enough, noiseMultiplier: multiplierAt(enough) })
}
