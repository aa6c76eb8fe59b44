import type { CryptoProvider } from '../../crypto/provider.js'
import { usageError } from '../../errors.js'
import { typedArrayName } from '../../vector/lanes.js'
import { type NoiseDistribution, requireDistribution, requireNumber } from '../rdp.js'
import type { Fineness } from './hat.js'
import { Staircase } from './staircase.js'
import { bitLength, type Dyadic, dyadicOf, gaussianWeight, poissonWeight } from './weights.js'
import { RandomWords } from './words.js'

/**
 * Whole-numbered noise of one variance.
 * @public
 */
export interface NoiseSampler {
  /** Fills `target` with independent draws, modulo 2^32 and signed: values beyond ±2^31 wrap around. */
  fill(target: Int32Array): void
  /** Overwrites the random words that have been drawn and not used yet. */
  wipe(): void
}

/** The least variance of a Skellam variable that is sampled. */
export const MINIMUM_VARIANCE: number = 2 ** -40

/** The least of a discrete Gaussian: σ = ½, below which it is not known how sums of them behave. */
export const MINIMUM_GAUSSIAN_VARIANCE = 0.25

const MAXIMUM_VARIANCE = 2 ** 60

/**
 * An exact sampler for noise with this variance, which is taken as the rational number that a double is.
 *
 * - `skellam`: the difference of two Poisson variables with mean variance / 2.
 * - `discrete-gaussian`: probabilities proportional to exp(−k²/(2 variance)), of variance at most that (Canonne, Kamath and
 *   Steinke 2020).
 *
 * Making one takes some tens of milliseconds. How long a draw takes depends on what is drawn.
 *
 * @param variance - 2^−40 to 2^60, for `discrete-gaussian` from ¼ on.
 * @throws {SecAggError} `invalid-argument` for anything else.
 * @public
 */
export function createNoiseSampler(
  distribution: NoiseDistribution,
  variance: number,
  crypto: CryptoProvider,
): NoiseSampler {
  return prepareNoise(distribution, variance)(crypto)
}

/**
 * What takes long in {@link createNoiseSampler}: the tables, which are the same for everybody who draws from them.
 * @throws {SecAggError} as that does.
 */
export function prepareNoise(
  distribution: NoiseDistribution,
  variance: number,
): (crypto: CryptoProvider) => NoiseSampler {
  requireDistribution(distribution)
  const least = distribution === 'skellam' ? MINIMUM_VARIANCE : MINIMUM_GAUSSIAN_VARIANCE
  requireNumber('the variance of the noise', variance, least, MAXIMUM_VARIANCE)
  const fill = distribution === 'skellam' ? skellamNoise(variance) : gaussianNoise(variance)
  return (crypto) => {
    const words = new RandomWords(crypto)
    return {
      fill: (target) => {
        requireTarget(target)
        fill(target, words)
      },
      wipe: () => words.wipe(),
    }
  }
}

type Fill = (target: Int32Array, words: RandomWords) => void

function skellamNoise(variance: number): Fill {
  const { numerator, shift } = dyadicOf(variance)
  const mean = { numerator, shift: shift + 1 }
  const poisson = new Staircase(poissonWeight(mean), finenessOf(mean))
  return (target, words) => {
    // Both are relative to the mode, which cancels.
    for (let i = 0; i < target.length; i++) target[i] = poisson.draw(words) - poisson.draw(words)
  }
}

function gaussianNoise(variance: number): Fill {
  const rational = dyadicOf(variance)
  const gaussian = new Staircase(gaussianWeight(rational), finenessOf(rational))
  return (target, words) => {
    for (let i = 0; i < target.length; i++) target[i] = gaussian.draw(words)
  }
}

function requireTarget(target: Int32Array): void {
  if (typedArrayName(target) !== 'Int32Array') {
    throw usageError('invalid-argument', 'noise goes into an Int32Array', {
      got: typedArrayName(target) ?? typeof target,
    })
  }
}

/** Between 90 and 182 steps to a standard deviation, where that leaves them at least one number wide. */
function finenessOf({ numerator, shift }: Dyadic): Fineness {
  const halfDigits = bitLength(numerator >> BigInt(shift)) >> 1
  return { stepDigits: Math.max(halfDigits - 7, 0), reachDigits: 24, areaDigits: 32 }
}
