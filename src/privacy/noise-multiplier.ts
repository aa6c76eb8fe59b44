import { type SecAggError, usageError } from '../errors.js'
import { composedRdp, epsilonOf, hasCollapsed, type PrivacyLoss } from './accountant.js'
import { type RdpCurve, rdpOf } from './rdp.js'
import {
  type CheckedSetting,
  checkedSetting,
  type PrivacySetting,
  roundUpDecimal,
  type ScaledSum,
  scaledSum,
  sumDeviation,
} from './scaled-sum.js'

const LEAST = 2 ** -39
const GREATEST = 2 ** 39

/** How near to the least number the one found is. */
const PRECISION = 2 ** -32

/**
 * The least number, up to rounding up, that a monotone predicate holds for; `undefined` where there is none from 2^−39 to
 * 2^39.
 */
export function minimumNumber(holds: (value: number) => boolean): number | undefined {
  let high = 1
  while (!holds(high)) {
    high *= 2
    if (high > GREATEST) return undefined
  }
  while (high > LEAST && holds(high / 2)) high /= 2
  let low = high / 2
  while (high - low > high * PRECISION) {
    const middle = (low + high) / 2
    if (holds(middle)) high = middle
    else low = middle
  }
  return high
}

/** The least whole number from `least` to `greatest` that a monotone predicate holds for; `undefined` where none. */
export function minimumWhole(
  holds: (value: number) => boolean,
  least: number,
  greatest: number,
): number | undefined {
  if (least > greatest || !holds(greatest)) return undefined
  let [low, high] = [least - 1, greatest]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (holds(middle)) high = middle
    else low = middle
  }
  return high
}

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

export const MOST_BITS = 32

/** Why no noise keeps `target`, and what would do: each piece of advice has been tried. */
export function infeasible(target: BitTarget): SecAggError {
  const { epsilon, bits, minimumHonest } = target
  const advice = [moreBits(target), moreHonest(target), moreEpsilon(target), otherDistribution(target)]
  const remedies = advice.filter((text) => text !== undefined)
  return usageError(
    'invalid-configuration',
    `no noise gives ε = ${epsilon} with ${bits} bits and ${minimumHonest} honest clients or more (${reason(target)}); ` +
      (remedies.length === 0
        ? 'fewer clients or a shorter vector might do'
        : `${remedies.join(' or ')} would do`),
    { expected: `at most ${epsilon}`, got: minimumEpsilon(target) },
  )
}

function reason(target: BitTarget): string {
  const least = minimumEpsilon(target)
  if (least === Number.POSITIVE_INFINITY) return 'the rounding alone fills the bits'
  if (least > target.epsilon) return `at least ${Number(least.toPrecision(4))} is left, however much noise`
  return 'discrete Gaussians are too coarse there for their sum to be known'
}

function does(target: BitTarget): boolean {
  return minimumMultiplier(target) !== undefined
}

function moreBits(target: BitTarget): string | undefined {
  const bits = minimumWhole((b) => does({ ...target, bits: b }), target.bits + 1, MOST_BITS)
  return bits === undefined ? undefined : `${bits} bits`
}

function moreHonest(target: BitTarget): string | undefined {
  const { minimumHonest, clients } = target
  const honest = minimumWhole((h) => does({ ...target, minimumHonest: h }), minimumHonest + 1, clients)
  return honest === undefined ? undefined : `at least ${honest} honest clients`
}

function moreEpsilon(target: BitTarget): string | undefined {
  const least = Math.max(minimumEpsilon(target), target.epsilon)
  if (!(least < 1000)) return undefined
  const epsilon = Number((least * 1.05).toPrecision(3))
  return does({ ...target, epsilon }) ? `ε = ${epsilon}` : undefined
}

function otherDistribution(target: BitTarget): string | undefined {
  if (target.distribution !== 'discrete-gaussian') return undefined
  return does({ ...target, distribution: 'skellam' }) ? 'the distribution skellam' : undefined
}

/** What advice leaves to spare, as the bits that go with it cost some noise. */
const MARGIN = 0.85
/** The most seats of a round. */
const MOST_CLIENTS = 65535
/** Of a value that may be anywhere in a range of 1: the standard deviation of a guess in its middle. */
const GUESS = 1 / Math.sqrt(12)

type Target = Pick<PrivacyLoss, 'epsilon' | 'delta' | 'rounds'>

/**
 * A warning where the noise in the mean of all n clients is longer than any vector may be, so that zero would be nearer to
 * the truth; with what would help, each by itself and each of them tried.
 */
export function dwarfedMean(setting: CheckedSetting, sum: ScaledSum, target: Target): string[] {
  const ratio = ratioOf(setting, sum)
  if (!(ratio > 1)) return []
  const { clients, clip, minimumHonest, length, noiseMultiplier } = setting
  const goal = MARGIN / ratio
  const tried = (changes: Partial<CheckedSetting>): ScaledSum | undefined => {
    const other = { ...setting, ...changes, bits: MOST_BITS }
    const its = scaledSum(other)
    return its !== undefined && ratioOf(other, its) < 1 ? its : undefined
  }
  const more = Math.ceil(clients / goal)
  const shorter = Math.floor(length * goal * goal)
  const larger = { clients: more, minimumHonest: Math.floor((minimumHonest * more) / clients) }
  const quieter = tried({ noiseMultiplier: noiseMultiplier * goal })
  return [
    `Noise outweighs the mean: even with all ${clients} clients in it, its noise has a norm of about ` +
      `${Number((ratio * clip).toPrecision(3))}, and no vector is longer than ${clip}. ` +
      remedies([
        more <= MOST_CLIENTS && tried(larger) !== undefined ? `${more} clients` : undefined,
        ...(quieter === undefined ? [] : weakerPromises(rdpOf(quieter), target)),
        shorter >= 1 && tried({ length: shorter }) !== undefined ? counted(shorter, 'value') : undefined,
      ]),
  ]
}

/** The norm of the noise in the mean of all n vectors, in multiples of the clip. */
function ratioOf({ clients, clip, length }: CheckedSetting, sum: ScaledSum): number {
  return (sumDeviation(sum) * Math.sqrt(length)) / (clients * clip)
}

/**
 * A warning where noise in a sum of whole numbers tells less of it than a guess in the middle of its range.
 *
 * @param deviation - Of the noise in a sum of all n clients.
 * @param range - From the least sum to the greatest.
 * @param curveWith - What noise gives that is so many times as large.
 */
export function dwarfedSum(
  deviation: number,
  range: number,
  curveWith: (factor: number) => RdpCurve,
  target: Target,
): string[] {
  const ratio = deviation / (range * GUESS)
  if (!(ratio > 1) || range === 0) return []
  return [
    `Noise outweighs the sums: its standard deviation is ${Number((deviation / range).toPrecision(3))} times the whole range ` +
      `of a sum. ${remedies([
        `${Math.ceil(ratio / MARGIN)} times as many clients, where the sums grow with them`,
        ...weakerPromises(curveWith(MARGIN / ratio), target),
        'smaller sensitivities, as of fewer statistics',
      ])}`,
  ]
}

/** At which ε, or over how many rounds, the quieter noise of `curve` does. */
function weakerPromises(curve: RdpCurve, { epsilon, delta, rounds }: Target): string[] {
  const epsilonOver = (times: number): number => epsilonOf(composedRdp([{ curve, times }]), delta).epsilon
  const larger = Number((epsilonOver(rounds) * 1.05).toPrecision(3))
  const tooMany = minimumWhole((times) => epsilonOver(times) > epsilon, 1, rounds) ?? rounds
  return [
    ...(larger <= 1000 ? [`an ε of ${larger}`] : []),
    ...(tooMany > 1 ? [counted(tooMany - 1, 'round')] : []),
  ]
}

function remedies(advice: readonly (string | undefined)[]): string {
  const all = advice.filter((text) => text !== undefined)
  if (all.length === 0) return 'More clients, a larger ε and fewer rounds together would help.'
  return `What would help: ${all.join(', or ')}.`
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`
}
