import { isBytes } from '../crypto/bytes.js'
import { SecAggError, usageError } from '../errors.js'

/** What clipping did to the values of one encoding. */
export interface Clipped {
  /** How many values were beyond the clip. */
  readonly count: number
  /** The largest magnitude of all values, clipped or not; above the clip exactly where `count` is. */
  readonly largest: number
  /** Σ (|x| − c) over the clipped values: what clipping took away in all. */
  readonly excess: number
}

/** A {@link Clipped} that goes on counting. */
export type ClipCount = { -readonly [Key in keyof Clipped]: Clipped[Key] }

/**
 * Clips the first `count` of `values` to [−clip, clip] and scales them to [−maximumLevel, maximumLevel], in place.
 * `from` is the index of the first, for messages.
 * @throws {SecAggError} `input-out-of-range` naming the index of a value that is not finite, or is beyond the clip where
 *   that is refused.
 */
export function clipAndScale(
  values: Float64Array,
  count: number,
  { clip, maximumLevel, refuse }: { clip: number; maximumLevel: number; refuse: boolean },
  clipped: ClipCount,
  from: number,
): void {
  let largest = clipped.largest
  for (let i = 0; i < count; i++) {
    const value = values[i]!
    const magnitude = Math.abs(value)
    if (magnitude > largest) largest = magnitude
    if (magnitude <= clip) {
      // In this order a value at the clip becomes the greatest level exactly, and none gets beyond it.
      values[i] = (value / clip) * maximumLevel
      continue
    }
    if (!Number.isFinite(value)) {
      throw usageError('input-out-of-range', `value ${from + i} is ${value}`, {
        expected: 'a finite number',
        got: String(value),
      })
    }
    if (refuse) {
      throw usageError('input-out-of-range', `value ${from + i} is beyond the clip`, {
        expected: `magnitude up to ${clip}`,
      })
    }
    clipped.count++
    clipped.excess += magnitude - clip
    values[i] = value < 0 ? -maximumLevel : maximumLevel
  }
  clipped.largest = largest
}

/** Rounds the first `count` of `values` to the nearest whole number, upward from the middle, in place. */
export function roundToNearest(values: Float64Array, count: number): void {
  for (let i = 0; i < count; i++) values[i] = Math.round(values[i]!)
}

/**
 * Rounds the first `count` of `values` up with a probability of their fractional part, to 2^−33, and down otherwise, in
 * place. A whole number stays what it is.
 */
export function roundStochastically(values: Float64Array, count: number, uniform: Uint32Array): void {
  for (let i = 0; i < count; i++) {
    const value = values[i]!
    const below = Math.floor(value)
    // The half makes the error of the probability the same in both directions, and 0 a probability of 0.
    values[i] = uniform[i]! + 0.5 < (value - below) * 2 ** 32 ? below + 1 : below
  }
}

/** A generator's batch this long that is all zeros is broken: it happens less than once in 2^128 times. */
const TELLING_LENGTH = 16

/**
 * Fills `uniform` with `count` random words.
 * @throws {SecAggError} `no-randomness` where the generator gives anything but that many random bytes.
 */
export function drawWords(
  uniform: Uint32Array,
  count: number,
  randomBytes: (length: number) => Uint8Array,
): void {
  const bytes = randomBytes(4 * count)
  const broken =
    !isBytes(bytes) ||
    bytes.length !== 4 * count ||
    (bytes.length >= TELLING_LENGTH && bytes.every((byte) => byte === 0))
  if (broken)
    throw new SecAggError('no-randomness', 'crypto', 'the generator for stochastic rounding is broken')
  new Uint8Array(uniform.buffer).set(bytes)
}
