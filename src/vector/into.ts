import { described, partsOf, shown } from '../arguments.js'
import type { Bytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import { checkVector } from './arithmetic.js'
import { laneArrayName, typedArrayName } from './lanes.js'
import { checkPacked, pack, packedLength, packInto, unpack, unpackInto } from './packing.js'
import { checkedSegments, type Segment, type Vector } from './segments.js'

// Not among the files that clients need, so that their bundles do not have these checks.

/**
 * Where a function writes its result. Without `into`, each result is in new memory. The system must provide and zero that
 * memory, which can take longer than the computation. A program that computes one result after the other, all of the same
 * shape, can pass the memory of a result that it no longer needs.
 * @public
 */
export interface Into<T> {
  /**
   * The result is written to this memory, which is also what is returned. It must have the type and the length of the result,
   * and must not overlap the input. (Overlaps of shared memory are seen only if both have the same `SharedArrayBuffer` object.) If
   * the function throws, it has its old content or zeros, and never a part of a result.
   */
  readonly into?: T | undefined
}

/** Memory in which a typed array lies. */
type View = Pick<ArrayBufferView, 'buffer' | 'byteOffset' | 'byteLength'>

/**
 * @param inputs - What `into` must not overlap. Anything that is not a view of memory is skipped.
 * @throws {SecAggError} `invalid-argument` unless `into` is an array of the type `name` and of this length, apart from the inputs.
 */
export function requireInto(into: unknown, name: string, length: number, inputs: readonly unknown[]): void {
  requireArrayOf('into', into, name, length)
  requireApart([into as View], inputs)
}

/** @throws {SecAggError} `invalid-argument` unless `into` is a vector of this shape, apart from the inputs. */
export function requireIntoVector(
  into: Vector,
  segments: readonly Segment[],
  inputs: readonly unknown[],
): void {
  if (!Array.isArray(into) || into.length !== segments.length) {
    const got = Array.isArray(into) ? `${into.length}` : described(into)
    const text = `into must be a list of ${segments.length} arrays of lanes, not ${got}`
    throw usageError('invalid-argument', text, { expected: segments.length, got })
  }
  segments.forEach(({ bits, length }, index) => {
    requireArrayOf(`segment ${index} of into`, into[index], laneArrayName(bits), length)
  })
  requireApart(into, inputs)
}

/** @throws {SecAggError} `invalid-argument` unless `value` is a typed array of the type `name` and of this length. */
export function requireArrayOf(what: string, value: unknown, name: string, length: number): void {
  const got = typedArrayName(value)
  if (got !== name) {
    const text = `${what} must be a ${name}, not ${got ?? described(value)}`
    throw usageError('invalid-argument', text, { expected: name, got: got ?? shown(value) })
  }
  const count = (value as Uint8Array).length
  if (count === length) return
  const text = `${what} must have ${length} elements, not ${count}`
  throw usageError('invalid-argument', text, { expected: length, got: count })
}

/** @throws {SecAggError} `invalid-argument` if memory of a target is also memory of another target or of an input. */
export function requireApart(targets: readonly View[], inputs: readonly unknown[]): void {
  const views = [
    ...targets.map((view) => ({ view, isTarget: true })),
    ...inputs.filter(ArrayBuffer.isView).map((view) => ({ view, isTarget: false })),
  ].filter(({ view }) => view.byteLength > 0)
  views.sort((a, b) => a.view.byteOffset - b.view.byteOffset)
  const ends = new Map<unknown, { any: number; target: number }>()
  for (const { view, isTarget } of views) {
    const { buffer, byteOffset, byteLength } = view
    const end = ends.get(buffer) ?? { any: 0, target: 0 }
    if (byteOffset < (isTarget ? end.any : end.target)) {
      throw usageError('invalid-argument', 'into must not overlap the input or itself')
    }
    end.any = Math.max(end.any, byteOffset + byteLength)
    if (isTarget) end.target = byteOffset + byteLength
    ends.set(buffer, end)
  }
}

/**
 * Packs a vector for a message. Each element, reduced modulo 2^k, has exactly k bits, low bits first. Each segment is padded
 * with zero bits to a whole byte. The segments follow one another without gaps.
 *
 * @param vector - The vector to pack.
 * @param segments - The shape of the vector.
 * @param options - Memory for the result.
 * @returns The packed vector, of {@link packedLength} bytes.
 * @throws {SecAggError} `invalid-argument` if the vector does not have this shape, or `into` does not fit; `unsupported` on a
 *   big-endian host.
 * @example
 * ```ts
 * import { packVector } from 'secagg/vector'
 *
 * const vector = [Uint16Array.of(0x123, 0x456)]
 * const packed = packVector(vector, [{ length: 2, bits: 12 }])
 * console.log(packed.length, packed[0]?.toString(16)) // 3 '23'
 * ```
 * @public
 */
export function packVector(vector: Vector, segments: readonly Segment[], options: Into<Bytes> = {}): Bytes {
  const { into } = partsOf('the options of packing', options)
  if (into === undefined) return pack(vector, segments)
  const own = checkedSegments(segments)
  checkVector(vector, own)
  requireInto(into, 'Uint8Array', packedLength(own), vector)
  packInto(vector, own, into)
  return into
}

/**
 * The inverse of {@link packVector}. Each vector has exactly one packed form; any other bytes are refused, before memory is
 * allocated.
 *
 * @param bytes - The packed vector.
 * @param segments - The shape of the vector.
 * @param options - Memory for the result.
 * @returns The vector.
 * @throws {SecAggError} `malformed-message`, fault `peer`, if the length is wrong or padding is not zero; `invalid-argument`
 *   if `bytes` is not a Uint8Array, or `into` does not fit; `unsupported` on a big-endian host.
 * @example
 * ```ts
 * import { packVector, unpackVector } from 'secagg/vector'
 *
 * const segments = [{ length: 2, bits: 12 }]
 * const packed = packVector([Uint16Array.of(1000, 2000)], segments)
 * console.log(unpackVector(packed, segments)) // [ Uint16Array(2) [ 1000, 2000 ] ]
 * ```
 * @public
 */
export function unpackVector(
  bytes: Uint8Array,
  segments: readonly Segment[],
  options: Into<Vector> = {},
): Vector {
  const { into } = partsOf('the options of unpacking', options)
  if (into === undefined) return unpack(bytes, segments)
  const own = checkedSegments(segments)
  checkPacked(bytes, own)
  requireIntoVector(into, own, [bytes])
  unpackInto(bytes, own, into)
  return into
}
