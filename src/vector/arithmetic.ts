import { described, requireArray, wrongKind } from '../arguments.js'
import { allocated } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import {
  addLanes,
  createLanes,
  laneArrayName,
  plainLanes,
  reduceLanes,
  requireLanes,
  subtractLanes,
  typedArrayName,
} from './lanes.js'
import {
  checkedSegments,
  checkRange,
  cutSegments,
  type ElementRange,
  type Lanes,
  type Segment,
  type Vector,
} from './segments.js'

/**
 * A vector of zeros.
 * @throws {SecAggError} `invalid-argument` where a segment is none.
 * @public
 */
export function createVector(segments: readonly Segment[]): Vector {
  return checkedSegments(segments).map(({ bits, length }) => createLanes(bits, length))
}

/**
 * Checks that `vector` has one array per segment, of the segment's length and lane type. Views with an offset,
 * arrays of other realms and Node's Buffer as Uint8Array are fine. Values are not looked at.
 * @throws {SecAggError} `invalid-argument`, the message naming the segment.
 * @public
 */
export function checkVector(vector: Vector, given: readonly Segment[]): void {
  const segments = checkedSegments(given)
  if (!Array.isArray(vector) || vector.length !== segments.length) {
    throw usageError('invalid-argument', 'a vector is an array with one array of lanes per segment', {
      expected: segments.length,
      got: Array.isArray(vector) ? vector.length : typeof vector,
    })
  }
  segments.forEach(({ bits, length }, index) => {
    const lanes: unknown = vector[index]
    const expected = laneArrayName(bits)
    const got = typedArrayName(lanes)
    if (got !== expected) {
      throw usageError(
        'invalid-argument',
        `segment ${index} of ${bits} bits takes a ${expected}, not ${got ?? described(lanes)}`,
        {
          expected,
          got: got ?? typeof lanes,
        },
      )
    }
    if ((lanes as Lanes).length !== length) {
      throw usageError('invalid-argument', `segment ${index} has ${length} elements`, {
        expected: length,
        got: (lanes as Lanes).length,
      })
    }
  })
}

/**
 * `target += source`, element by element. Lanes wrap at their own width, so a sum stays right modulo 2^k however
 * often it wraps, but is canonical only after {@link reduceInto}.
 * @throws {SecAggError} `invalid-argument` where a vector does not fit the segments; `target` is then as it was.
 * @public
 */
export function addInto(target: Vector, source: Vector, segments: readonly Segment[]): void {
  const own = checkedSegments(segments)
  checkVector(target, own)
  checkVector(source, own)
  target.forEach((lanes, index) => {
    addLanes(plainLanes(lanes), plainLanes(source[index]!))
  })
}

/**
 * `target −= source`, element by element, wrapping as {@link addInto} does.
 * @throws {SecAggError} `invalid-argument` where a vector does not fit the segments; `target` is then as it was.
 * @public
 */
export function subtractInto(target: Vector, source: Vector, segments: readonly Segment[]): void {
  const own = checkedSegments(segments)
  checkVector(target, own)
  checkVector(source, own)
  target.forEach((lanes, index) => {
    subtractLanes(plainLanes(lanes), plainLanes(source[index]!))
  })
}

/**
 * Makes every element canonical, that is less than 2^k.
 * @throws {SecAggError} `invalid-argument` where the vector does not fit the segments.
 * @public
 */
export function reduceInto(target: Vector, segments: readonly Segment[]): void {
  const own = checkedSegments(segments)
  checkVector(target, own)
  own.forEach(({ bits }, index) => {
    reduceLanes(plainLanes(target[index]!), bits)
  })
}

/**
 * A copy in memory of its own, in this realm's plain typed arrays.
 * @throws {SecAggError} `invalid-argument` where it is no vector.
 * @public
 */
export function copyVector(vector: Vector): Vector {
  requireArray('a vector', vector)
  for (let index = 0; index < vector.length; index++) requireLanes(`segment ${index}`, vector[index])
  return vector.map((lanes) => allocated(lanes.byteLength, () => plainLanes(lanes).slice()))
}

/**
 * The elements of `range` as views on `vector`: one array per segment, empty where the range misses it. What is
 * written to the views is written to the vector.
 * @throws {SecAggError} `invalid-argument` where the vector does not fit the segments or the range leaves them.
 * @public
 */
export function vectorInRange(vector: Vector, segments: readonly Segment[], range: ElementRange): Vector {
  const own = checkedSegments(segments)
  checkVector(vector, own)
  return cutSegments(own, checkRange(own, range)).map(({ from, to }, index) =>
    plainLanes(vector[index]!, from, to),
  )
}

/**
 * The index of the first element that is not below `exclusiveBound`, −1 where there is none. A bound of 2^k asks
 * whether elements of k bits are canonical; 2^64 lets everything pass.
 * @throws {SecAggError} `invalid-argument` where there are no lanes, or the bound is no bigint.
 * @public
 */
export function firstOutOfRange(lanes: Lanes, exclusiveBound: bigint): number {
  requireLanes('what has elements', lanes)
  if (typeof exclusiveBound !== 'bigint') throw wrongKind('the bound of elements', 'a bigint', exclusiveBound)
  const bits = BigInt(8 * lanes.BYTES_PER_ELEMENT)
  if (exclusiveBound >= 1n << bits) return -1
  if (exclusiveBound <= 0n) return lanes.length === 0 ? -1 : 0
  const plain = plainLanes(lanes)
  if (plain.BYTES_PER_ELEMENT === 8) {
    if (areLongsBelow(signedWordsOf(plain), exclusiveBound)) return -1
    return (plain as BigUint64Array).findIndex((lane) => lane >= exclusiveBound)
  }
  const bound = Number(exclusiveBound)
  if (plain.BYTES_PER_ELEMENT === 4 && areWordsBelow(signedWordsOf(plain), bound)) return -1
  return (plain as Uint32Array).findIndex((lane) => lane >= bound)
}

// Elements are secret while they are in range. Engines take longer for words from 2^31 on, which they keep as doubles, and
// for BigInts the more digits they have, so these are compared as signed words, by the borrow of a subtraction.

function areWordsBelow(words: Int32Array, bound: number): boolean {
  const limit = bound | 0
  let below = 1
  for (let i = 0; i < words.length; i++) below &= borrow(words[i]!, limit, 0)
  return below === 1
}

function areLongsBelow(halves: Int32Array, bound: bigint): boolean {
  const low = Number(BigInt.asIntN(32, bound))
  const high = Number(BigInt.asIntN(32, bound >> 32n))
  let below = 1
  for (let i = 0; i < halves.length; i += 2) {
    below &= borrow(halves[i + 1]!, high, borrow(halves[i]!, low, 0))
  }
  return below === 1
}

/** What a − b − `before` borrows, all of them unsigned words. */
function borrow(a: number, b: number, before: number): number {
  const difference = (a - b - before) | 0
  return ((~a & b) | ((~a | b) & difference)) >>> 31
}

function signedWordsOf(lanes: Lanes): Int32Array {
  return new Int32Array(lanes.buffer, lanes.byteOffset, lanes.byteLength / 4)
}
