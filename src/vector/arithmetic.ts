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
 *
 * @param segments - The shape of the vector.
 * @returns One array of lanes per segment, of the narrowest type that holds the segment's bits.
 * @throws {SecAggError} `invalid-argument` if a segment is not valid; `unsupported` if the memory cannot be allocated.
 * @example
 * ```ts
 * import { createVector } from 'secagg/vector'
 *
 * const vector = createVector([{ length: 3, bits: 12 }, { length: 1, bits: 40 }])
 * console.log(vector) // [ Uint16Array(3) [ 0, 0, 0 ], BigUint64Array(1) [ 0n ] ]
 * ```
 * @public
 */
export function createVector(segments: readonly Segment[]): Vector {
  return checkedSegments(segments).map(({ bits, length }) => createLanes(bits, length))
}

/**
 * Checks that `vector` has one array per segment, of the segment's length and lane type. Views with an offset, arrays from
 * other realms, and a Node Buffer as Uint8Array are accepted. The values of the elements are not checked.
 *
 * @param vector - The vector to check.
 * @param segments - The shape that it must have.
 * @throws {SecAggError} `invalid-argument`; the message names the segment.
 * @example
 * ```ts
 * import { checkVector } from 'secagg/vector'
 *
 * try {
 *   checkVector([Uint8Array.of(1, 2)], [{ length: 2, bits: 12 }])
 * } catch (error) {
 *   console.log(String(error)) // 'SecAggError: segment 0 of 12 bits must be a Uint16Array, not Uint8Array'
 * }
 * ```
 * @public
 */
export function checkVector(vector: Vector, segments: readonly Segment[]): void {
  const own = checkedSegments(segments)
  if (!Array.isArray(vector) || vector.length !== own.length) {
    throw usageError('invalid-argument', 'a vector must be an array with one array of lanes per segment', {
      expected: own.length,
      got: Array.isArray(vector) ? vector.length : typeof vector,
    })
  }
  own.forEach(({ bits, length }, index) => {
    const lanes: unknown = vector[index]
    const expected = laneArrayName(bits)
    const got = typedArrayName(lanes)
    if (got !== expected) {
      throw usageError(
        'invalid-argument',
        `segment ${index} of ${bits} bits must be a ${expected}, not ${got ?? described(lanes)}`,
        {
          expected,
          got: got ?? typeof lanes,
        },
      )
    }
    if ((lanes as Lanes).length !== length) {
      throw usageError('invalid-argument', `segment ${index} must have ${length} elements`, {
        expected: length,
        got: (lanes as Lanes).length,
      })
    }
  })
}

/**
 * Adds `source` to `target`, element by element. Lanes wrap around at their own width: the sum stays correct modulo 2^k, but
 * its elements can be 2^k or more until {@link reduceInto} is called.
 *
 * @param target - The vector to change.
 * @param source - The vector to add.
 * @param segments - The shape of both vectors.
 * @throws {SecAggError} `invalid-argument` if a vector does not have this shape; `target` is then unchanged.
 * @example
 * ```ts
 * import { addInto, reduceInto } from 'secagg/vector'
 *
 * const segments = [{ length: 2, bits: 4 }]
 * const target = [Uint8Array.of(3, 15)]
 * addInto(target, [Uint8Array.of(4, 2)], segments)
 * console.log(target) // [ Uint8Array(2) [ 7, 17 ] ]
 * reduceInto(target, segments)
 * console.log(target) // [ Uint8Array(2) [ 7, 1 ] ]
 * ```
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
 * Subtracts `source` from `target`, element by element. Lanes wrap around as in {@link addInto}.
 *
 * @param target - The vector to change.
 * @param source - The vector to subtract.
 * @param segments - The shape of both vectors.
 * @throws {SecAggError} `invalid-argument` if a vector does not have this shape; `target` is then unchanged.
 * @example
 * ```ts
 * import { reduceInto, subtractInto } from 'secagg/vector'
 *
 * const segments = [{ length: 2, bits: 4 }]
 * const target = [Uint8Array.of(9, 1)]
 * subtractInto(target, [Uint8Array.of(4, 2)], segments)
 * reduceInto(target, segments)
 * console.log(target) // [ Uint8Array(2) [ 5, 15 ] ]
 * ```
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
 * Reduces every element of `target` modulo 2^k, so that it is canonical: less than 2^k.
 *
 * @param target - The vector to change.
 * @param segments - The shape of the vector.
 * @throws {SecAggError} `invalid-argument` if the vector does not have this shape.
 * @example
 * ```ts
 * import { reduceInto } from 'secagg/vector'
 *
 * const target = [Uint8Array.of(7, 17, 255)]
 * reduceInto(target, [{ length: 3, bits: 4 }])
 * console.log(target) // [ Uint8Array(3) [ 7, 1, 15 ] ]
 * ```
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
 * A copy of a vector that shares no memory with it. It consists of plain typed arrays, even if the vector has Node Buffers or
 * arrays from another realm.
 *
 * @param vector - The vector to copy.
 * @returns The copy.
 * @throws {SecAggError} `invalid-argument` if `vector` is not a vector; `unsupported` if the memory cannot be allocated.
 * @example
 * ```ts
 * import { copyVector } from 'secagg/vector'
 *
 * const vector = [Uint8Array.of(1, 2)]
 * const copy = copyVector(vector)
 * vector[0]?.fill(0)
 * console.log(copy) // [ Uint8Array(2) [ 1, 2 ] ]
 * ```
 * @public
 */
export function copyVector(vector: Vector): Vector {
  requireArray('a vector', vector)
  for (let index = 0; index < vector.length; index++) requireLanes(`segment ${index}`, vector[index])
  return vector.map((lanes) => allocated(lanes.byteLength, () => plainLanes(lanes).slice()))
}

/**
 * The elements of `range`, as views that share memory with `vector`: writing to a view changes the vector.
 *
 * @param vector - The whole vector.
 * @param segments - The shape of the vector.
 * @param range - Positions of elements, counted over all segments.
 * @returns One array per segment, empty if the range has no element of the segment.
 * @throws {SecAggError} `invalid-argument` if the vector does not have this shape, or the range goes beyond its elements.
 * @example
 * ```ts
 * import { vectorInRange } from 'secagg/vector'
 *
 * const vector = [Uint8Array.of(1, 2, 3), Uint16Array.of(400)]
 * const segments = [{ length: 3, bits: 8 }, { length: 1, bits: 16 }]
 * console.log(vectorInRange(vector, segments, { from: 2, to: 4 })) // [ Uint8Array(1) [ 3 ], Uint16Array(1) [ 400 ] ]
 * ```
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
 * The index of the first element that is not below `exclusiveBound`. A bound of 2^k checks whether elements of k bits are
 * canonical; every element is below 2^64. If all elements are in range, the time does not depend on their values.
 *
 * @param lanes - The elements of one segment.
 * @param exclusiveBound - The bound.
 * @returns The index; −1 if all elements are below the bound.
 * @throws {SecAggError} `invalid-argument` if `lanes` is not an array of lanes, or the bound is not a bigint.
 * @example
 * ```ts
 * import { firstOutOfRange } from 'secagg/vector'
 *
 * console.log(firstOutOfRange(Uint16Array.of(5, 1023, 1024), 2n ** 10n)) // 2
 * console.log(firstOutOfRange(Uint16Array.of(5, 1023, 1024), 2n ** 11n)) // -1
 * ```
 * @public
 */
export function firstOutOfRange(lanes: Lanes, exclusiveBound: bigint): number {
  requireLanes('the elements to check', lanes)
  if (typeof exclusiveBound !== 'bigint') throw wrongKind('an exclusive bound', 'a bigint', exclusiveBound)
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

// The elements are secret, so the time of the comparison must not depend on them. Engines are slower for words of 2^31 and
// more, which they store as doubles, and for longer BigInts. So elements are compared as signed 32-bit words: an element is
// below the bound if subtracting the bound from it borrows.

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

/** The borrow of a − b − `before`, 0 or 1; a and b are unsigned words. */
function borrow(a: number, b: number, before: number): number {
  const difference = (a - b - before) | 0
  return ((~a & b) | ((~a | b) & difference)) >>> 31
}

function signedWordsOf(lanes: Lanes): Int32Array {
  return new Int32Array(lanes.buffer, lanes.byteOffset, lanes.byteLength / 4)
}
