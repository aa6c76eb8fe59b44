import type { CryptoProvider } from '../../crypto/provider.js'
import { type RandomSource, RandomWords } from '../../crypto/random.js'
import { usageError } from '../../errors.js'
import { typedArrayName } from '../../vector/lanes.js'
import { type NoiseDistribution, requireDistribution, requireNumber } from '../rdp.js'
import type { Fineness } from './hat.js'
import { Staircase } from './staircase.js'
import { bitLength, type Dyadic, dyadicOf, gaussianWeight, poissonWeight } from './weights.js'

/**
 * Draws noise of whole numbers with one distribution and variance.
 * @public
 */
export interface NoiseSampler {
  /**
   * Fills `target` with independent draws. They are reduced modulo 2^32 into the signed range, so draws outside of it wrap
   * around.
   *
   * @throws {SecAggError} `invalid-argument` unless `target` is an Int32Array; `no-randomness` if the generator is broken.
   */
  fill(target: Int32Array): void
  /** Overwrites the random words that the sampler still holds. */
  wipe(): void
}

/** The smallest variance of a Skellam variable that can be sampled. */
export const MINIMUM_VARIANCE: number = 2 ** -40

/** The smallest variance of a discrete Gaussian: σ = ½. Below it, no bound is known for their sums. */
export const MINIMUM_GAUSSIAN_VARIANCE = 0.25

const MAXIMUM_VARIANCE = 2 ** 60

/**
 * Creates an exact sampler for noise. There is no floating-point error: the variance is used as the rational number that the
 * double represents.
 *
 * - `skellam`: the difference of two Poisson variables, each with mean variance / 2.
 * - `discrete-gaussian`: probabilities proportional to exp(−k²/(2 variance)). The actual variance is at most `variance`
 *   (Canonne, Kamath and Steinke 2020).
 *
 * Creating a sampler takes some tens of milliseconds. The time of a draw depends on the value that is drawn.
 *
 * @param distribution - The distribution of each draw.
 * @param variance - 2^−40 to 2^60; at least ¼ for `discrete-gaussian`.
 * @param crypto - Where the randomness comes from.
 * @returns The sampler.
 * @throws {SecAggError} `invalid-argument` if the distribution is unknown, the variance is out of range, or `crypto` cannot
 *   draw random bytes.
 * @example
 * ```ts
 * import { defaultCrypto } from 'secagg'
 * import { createNoiseSampler } from 'secagg/privacy'
 *
 * const sampler = createNoiseSampler('skellam', 100, await defaultCrypto())
 * const noise = new Int32Array(10_000)
 * sampler.fill(noise)
 * sampler.wipe()
 * const variance = noise.reduce((sum, value) => sum + value ** 2, 0) / noise.length
 * console.log(variance > 80 && variance < 120) // true
 * ```
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
 * The slow part of {@link createNoiseSampler}: the tables, which do not depend on the source of randomness.
 * @throws {SecAggError} as {@link createNoiseSampler} does.
 */
export function prepareNoise(
  distribution: NoiseDistribution,
  variance: number,
): (crypto: RandomSource) => NoiseSampler {
  requireDistribution(distribution)
  const minimum = distribution === 'skellam' ? MINIMUM_VARIANCE : MINIMUM_GAUSSIAN_VARIANCE
  requireNumber('the variance of the noise', variance, minimum, MAXIMUM_VARIANCE)
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

/** How many Skellam variables are drawn at a time. */
const PORTION = 2048

type Fill = (target: Int32Array, words: RandomWords) => void

function skellamNoise(variance: number): Fill {
  const { numerator, shift } = dyadicOf(variance)
  const mean = { numerator, shift: shift + 1 }
  const poisson = new Staircase(poissonWeight(mean), finenessOf(mean))
  return (target, words) => {
    const draws = new Int32Array(2 * Math.min(PORTION, target.length))
    for (let from = 0; from < target.length; from += PORTION) {
      const to = Math.min(from + PORTION, target.length)
      poisson.fill(draws.subarray(0, 2 * (to - from)), words)
      // Both draws are relative to the mode, so the mode cancels.
      for (let i = from; i < to; i++) target[i] = draws[2 * (i - from)]! - draws[2 * (i - from) + 1]!
    }
    draws.fill(0)
  }
}

function gaussianNoise(variance: number): Fill {
  const rational = dyadicOf(variance)
  const gaussian = new Staircase(gaussianWeight(rational), finenessOf(rational))
  return (target, words) => gaussian.fill(target, words)
}

function requireTarget(target: Int32Array): void {
  if (typedArrayName(target) !== 'Int32Array') {
    throw usageError('invalid-argument', 'the target of the noise must be an Int32Array', {
      got: typedArrayName(target) ?? typeof target,
    })
  }
}

/** Between 90 and 182 steps per standard deviation, unless a step would be narrower than one number. */
function finenessOf({ numerator, shift }: Dyadic): Fineness {
  const halfDigits = bitLength(numerator >> BigInt(shift)) >> 1
  return { stepDigits: Math.max(halfDigits - 7, 0), reachDigits: 24, areaDigits: 32 }
}
