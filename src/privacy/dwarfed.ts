import { composedRdp, epsilonOf, type PrivacyLoss } from './accountant.js'
import { minimumWhole } from './bisect.js'
import { MOST_BITS } from './infeasible.js'
import { type RdpCurve, rdpOf } from './rdp.js'
import { type CheckedSetting, type ScaledSum, scaledSum, sumDeviation } from './scaled-sum.js'

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
