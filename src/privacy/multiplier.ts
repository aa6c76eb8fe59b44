import { composedRdp, epsilonOf } from './accountant.js'
import { minimumNumber } from './bisect.js'
import { hasCollapsed } from './collapse.js'
import { rdpOf } from './rdp.js'
import { roundUpDecimal } from './round-up.js'
import { checkedSetting, type PrivacySetting, scaledSum } from './scaled-sum.js'

/** A target whose bits are settled. */
export interface BitTarget extends Omit<PrivacySetting, 'noiseMultiplier'> {
  readonly epsilon: number
}

/** z, of six decimal digits; `undefined` where none keeps the target, or one only at which the distribution collapses. */
export function minimumMultiplier(target: BitTarget): number | undefined {
  const least = minimumNumber((multiplier) => epsilonAt(target, multiplier) <= target.epsilon)
  if (least === undefined) return undefined
  // The variance on the grid is rounded up, so that a slightly larger multiplier can have a slightly larger ε.
  const rounded = roundUpDecimal(least)
  return [rounded, roundUpDecimal(rounded * (1 + 1e-6))].find((multiplier) => keeps(target, multiplier))
}

/** The ε that no noise at this many bits gets below. */
export function minimumEpsilon(target: BitTarget): number {
  return epsilonAt(target, 2 ** 39)
}

function keeps(target: BitTarget, noiseMultiplier: number): boolean {
  const sum = scaledSum(checkedSetting({ ...target, noiseMultiplier }))
  if (sum === undefined) return false
  const { delta, rounds = 1 } = target
  const loss = epsilonOf(composedRdp([{ curve: rdpOf(sum), times: rounds }]), delta)
  return loss.epsilon <= target.epsilon && !hasCollapsed(sum, { ...loss, delta, rounds })
}

/** Falls as the multiplier grows: the scale leaves less room for the vectors then, and more for the noise. */
function epsilonAt(target: BitTarget, noiseMultiplier: number): number {
  const sum = scaledSum(checkedSetting({ ...target, noiseMultiplier }))
  if (sum === undefined) return Number.POSITIVE_INFINITY
  return epsilonOf(composedRdp([{ curve: rdpOf(sum), times: target.rounds ?? 1 }]), target.delta).epsilon
}
