import { sha256 } from '@noble/hashes/sha2.js'
import { ascii, concatBytes, isBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import { typedArrayName } from '../vector/lanes.js'
import { paddedLength } from './bounds.js'

const LABEL = 'secagg rotation'

/** Transforms up to this length stay in the fastest cache. */
const CACHED_LENGTH = 4096

/**
 * The randomized Hadamard transform x → H D x in place: signs drawn from `seed`, then the orthonormal Walsh–Hadamard
 * matrix. It keeps the L2 norm and spreads it over all elements, so that none needs more bits than the others.
 *
 * Sign i is bit i mod 8 of byte ⌊i/8⌋ of SHA-256(label ‖ seed ‖ 0) ‖ SHA-256(label ‖ seed ‖ 1) ‖ …, with a counter of
 * four little-endian bytes; a one is a minus. The seed is public: privacy does not depend on it, but a server that knows
 * it beforehand may be offered vectors whose sums wrap around, so draw it afresh for each round.
 *
 * @param values - A power of two of them.
 * @param seed - 16 to 64 bytes.
 * @throws {SecAggError} `invalid-argument` for other values or another seed.
 */
export function rotate(values: Float64Array, seed: Uint8Array): void {
  requireRotatable(values, seed)
  flipSigns(values, seed)
  hadamard(values)
}

/** The inverse of {@link rotate}. */
export function rotateBack(values: Float64Array, seed: Uint8Array): void {
  requireRotatable(values, seed)
  hadamard(values)
  flipSigns(values, seed)
}

/** @throws {SecAggError} `invalid-argument` unless `seed` is 16 to 64 bytes. */
export function requireRotationSeed(seed: Uint8Array): void {
  if (!isBytes(seed) || seed.length < 16 || seed.length > 64) {
    throw usageError('invalid-argument', 'a rotation seed must be 16 to 64 bytes', {
      expected: '16..64',
      got: isBytes(seed) ? seed.length : typeof seed,
    })
  }
}

function requireRotatable(values: Float64Array, seed: Uint8Array): void {
  requireRotationSeed(seed)
  if (typedArrayName(values) !== 'Float64Array' || values.length !== paddedLength(values.length)) {
    throw usageError('invalid-argument', 'a vector to be rotated is a Float64Array of 2^k elements', {
      got: typedArrayName(values) === 'Float64Array' ? values.length : typeof values,
    })
  }
}

function flipSigns(values: Float64Array, seed: Uint8Array): void {
  const prefix = concatBytes(ascii(LABEL), seed)
  const input = new Uint8Array(prefix.length + 4)
  input.set(prefix)
  const counter = new DataView(input.buffer, prefix.length)
  for (let from = 0; from < values.length; from += 256) {
    counter.setUint32(0, from / 256, true)
    const signs = sha256(input)
    const to = Math.min(from + 256, values.length)
    for (let i = from; i < to; i++) {
      if (((signs[(i - from) >>> 3]! >>> (i & 7)) & 1) === 1) values[i] = -values[i]!
    }
  }
}

function hadamard(values: Float64Array): void {
  butterflies(values, 0, values.length)
  const norm = 1 / Math.sqrt(values.length)
  for (let i = 0; i < values.length; i++) values[i]! *= norm
}

/** The transform of `length` elements, first across halves that do not fit the cache, then within them. */
function butterflies(values: Float64Array, from: number, length: number): void {
  for (let half = length / 2; half >= 1; half /= 2) {
    if (half * 2 > CACHED_LENGTH) {
      combine(values, from, half)
      butterflies(values, from, half)
      butterflies(values, from + half, half)
      return
    }
    for (let start = from; start < from + length; start += 2 * half) combine(values, start, half)
  }
}

function combine(values: Float64Array, from: number, half: number): void {
  for (let i = from; i < from + half; i++) {
    const a = values[i]!
    const b = values[i + half]!
    values[i] = a + b
    values[i + half] = a - b
  }
}
