import { type SecAggError, usageError } from '../errors.js'
import { hasCollapsed, type PrivacyLoss, provenEpsilon } from './accountant.js'
import type { NoisySum } from './rdp.js'
import {
  type CheckedSetting,
  checkedSetting,
  type PrivacySetting,
  roundUpDecimal,
  type ScaledSum,
  scaledSum,
  sumDeviation,
} from './scaled-sum.js'

/** A privacy target in which the number of bits is fixed. */
export interface BitTarget extends Omit<PrivacySetting, 'noiseMultiplier'> {
  readonly epsilon: number
}

/** The largest number of bits of an element. */
export const MAXIMUM_BITS = 32

/** The largest number of seats in a round. */
const MAXIMUM_CLIENTS = 65535

/** The range in which {@link minimumNumber} searches, and the relative precision of its result. */
const SMALLEST = 2 ** -39
const LARGEST = 2 ** 39
const PRECISION = 2 ** -32

/**
 * The smallest noise multiplier z that keeps the target, rounded up to six decimal digits; `undefined` if none does, or if
 * discrete Gaussians are too coarse with it.
 */
export function minimumMultiplier(target: BitTarget): number | undefined {
  const minimum = minimumNumber((multiplier) => epsilonAt(target, multiplier) <= target.epsilon)
  if (minimum === undefined) return undefined
  // The variance on the grid is rounded up, so a slightly larger multiplier can give a slightly larger ε.
  const rounded = roundUpDecimal(minimum)
  return [rounded, roundUpDecimal(rounded * (1 + 1e-6))].find((multiplier) => keeps(target, multiplier))
}

function keeps(target: BitTarget, noiseMultiplier: number): boolean {
  const sum = scaledSum(checkedSetting({ ...target, noiseMultiplier }))
  if (sum === undefined) return false
  const { delta, rounds = 1 } = target
  return (
    provenEpsilon(sum, { delta, rounds }).epsilon <= target.epsilon && !hasCollapsed(sum, { delta, rounds })
  )
}

/** The smallest ε that is possible with this many bits, however much noise is added. */
function minimumEpsilon(target: BitTarget): number {
  return epsilonAt(target, LARGEST)
}

/** ε. It falls as the multiplier grows, because the scale then leaves less room for the vectors and more for the noise. */
function epsilonAt(target: BitTarget, noiseMultiplier: number): number {
  const sum = scaledSum(checkedSetting({ ...target, noiseMultiplier }))
  if (sum === undefined) return Number.POSITIVE_INFINITY
  return provenEpsilon(sum, { delta: target.delta, rounds: target.rounds ?? 1 }).epsilon
}

/** The error for a target that no amount of noise keeps. It says why, and which changes would work; each has been tried. */
export function infeasible(target: BitTarget): SecAggError {
  const { epsilon, bits, minimumHonest } = target
  const advice = [moreBits(target), moreHonest(target), moreEpsilon(target), otherDistribution(target)]
  const remedies = advice.filter((text) => text !== undefined)
  return usageError(
    'invalid-configuration',
    `no amount of noise gives ε = ${epsilon} with ${bits} bits and at least ${minimumHonest} honest clients ` +
      `(${reason(target)}); ` +
      (remedies.length === 0
        ? 'fewer clients or a shorter vector might work'
        : `${remedies.join(' or ')} would work`),
    { expected: `at most ${epsilon}`, got: minimumEpsilon(target) },
  )
}

function reason(target: BitTarget): string {
  const minimum = minimumEpsilon(target)
  if (minimum === Number.POSITIVE_INFINITY) return 'the rounding alone fills the bits'
  if (minimum > target.epsilon) {
    return `ε is at least ${Number(minimum.toPrecision(4))}, however much noise is added`
  }
  return 'discrete Gaussians are too coarse here for their sum to be analyzed'
}

function isFeasible(target: BitTarget): boolean {
  return minimumMultiplier(target) !== undefined
}

function moreBits(target: BitTarget): string | undefined {
  const bits = minimumWhole((b) => isFeasible({ ...target, bits: b }), target.bits + 1, MAXIMUM_BITS)
  return bits === undefined ? undefined : `${bits} bits`
}

function moreHonest(target: BitTarget): string | undefined {
  const { minimumHonest, clients } = target
  const honest = minimumWhole((h) => isFeasible({ ...target, minimumHonest: h }), minimumHonest + 1, clients)
  return honest === undefined ? undefined : `at least ${honest} honest clients`
}

function moreEpsilon(target: BitTarget): string | undefined {
  const minimum = Math.max(minimumEpsilon(target), target.epsilon)
  if (!(minimum < 1000)) return undefined
  const epsilon = Number((minimum * 1.05).toPrecision(3))
  return isFeasible({ ...target, epsilon }) ? `ε = ${epsilon}` : undefined
}

function otherDistribution(target: BitTarget): string | undefined {
  if (target.distribution !== 'discrete-gaussian') return undefined
  return isFeasible({ ...target, distribution: 'skellam' }) ? 'the distribution skellam' : undefined
}

/** The ratio that advice aims for. It is below 1 because the bits that go with the advice need some more noise. */
const AIM = 0.85
/** The standard deviation of a value that is uniform in a range of width 1: the error of guessing the middle. */
const GUESS = 1 / Math.sqrt(12)

type Target = Pick<PrivacyLoss, 'epsilon' | 'delta' | 'rounds'>

/**
 * A warning if the noise in the mean of all n clients is longer than a client's vector may be: then a mean of zero would be
 * closer to the truth. It says which single changes would help; each has been tried.
 */
export function dwarfedMean(setting: CheckedSetting, sum: ScaledSum, target: Target): string[] {
  const ratio = ratioOf(setting, sum)
  if (!(ratio > 1)) return []
  const { clients, clip, minimumHonest, length, noiseMultiplier } = setting
  const goal = AIM / ratio
  const tried = (changes: Partial<CheckedSetting>): ScaledSum | undefined => {
    const other = { ...setting, ...changes, bits: MAXIMUM_BITS }
    const its = scaledSum(other)
    return its !== undefined && ratioOf(other, its) < 1 ? its : undefined
  }
  const more = Math.ceil(clients / goal)
  const shorter = Math.floor(length * goal * goal)
  const larger = { clients: more, minimumHonest: Math.floor((minimumHonest * more) / clients) }
  const quieter = tried({ noiseMultiplier: noiseMultiplier * goal })
  return [
    `Noise outweighs the mean: even if all ${clients} clients are in it, its noise has a norm of about ` +
      `${Number((ratio * clip).toPrecision(3))}, and no client's vector is longer than ${clip}. ` +
      remedies([
        more <= MAXIMUM_CLIENTS && tried(larger) !== undefined ? `${more} clients` : undefined,
        ...(quieter === undefined ? [] : weakerPromises(quieter, target)),
        shorter >= 1 && tried({ length: shorter }) !== undefined ? counted(shorter, 'value') : undefined,
      ]),
  ]
}

/** The norm of the noise in the mean of all n vectors, divided by the clip. */
function ratioOf({ clients, clip, length }: CheckedSetting, sum: ScaledSum): number {
  return (sumDeviation(sum) * Math.sqrt(length)) / (clients * clip)
}

/**
 * A warning if a noisy sum of whole numbers says less about the true sum than a guess of the middle of its range would.
 *
 * @param deviation - The standard deviation of the noise in a sum of all n clients.
 * @param range - The largest possible sum minus the smallest.
 * @param sumWith - The sum if the noise is multiplied by `factor`.
 */
export function dwarfedSum(
  deviation: number,
  range: number,
  sumWith: (factor: number) => NoisySum,
  target: Target,
): string[] {
  const ratio = deviation / (range * GUESS)
  if (!(ratio > 1) || range === 0) return []
  return [
    `Noise outweighs the sums: its standard deviation is ${Number((deviation / range).toPrecision(3))} times the whole range ` +
      `of a sum. ${remedies([
        `${Math.ceil(ratio / AIM)} times as many clients, if the sums grow with them`,
        ...weakerPromises(sumWith(AIM / ratio), target),
        'smaller sensitivities, for example with fewer statistics',
      ])}`,
  ]
}

/** The ε that the quieter noise of `sum` gives, and the number of rounds over which it keeps the present ε. */
function weakerPromises(sum: NoisySum, { epsilon, delta, rounds }: Target): string[] {
  const epsilonOver = (times: number): number => provenEpsilon(sum, { delta, rounds: times }).epsilon
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
  return `${all.length === 1 ? 'This' : 'Any one of these'} would help: ${all.join('; ')}.`
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`
}

/**
 * The smallest number from 2^−39 to 2^39 for which a monotone predicate holds, rounded up by at most {@link PRECISION};
 * `undefined` if there is none.
 */
export function minimumNumber(holds: (value: number) => boolean): number | undefined {
  let high = 1
  while (!holds(high)) {
    high *= 2
    if (high > LARGEST) return undefined
  }
  while (high > SMALLEST && holds(high / 2)) high /= 2
  let low = high / 2
  while (high - low > high * PRECISION) {
    const middle = (low + high) / 2
    if (holds(middle)) high = middle
    else low = middle
  }
  return high
}

/** The smallest whole number from `minimum` to `maximum` for which a monotone predicate holds; `undefined` if there is none. */
export function minimumWhole(
  holds: (value: number) => boolean,
  minimum: number,
  maximum: number,
): number | undefined {
  if (minimum > maximum || !holds(maximum)) return undefined
  let [low, high] = [minimum - 1, maximum]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (holds(middle)) high = middle
    else low = middle
  }
  return high
}
