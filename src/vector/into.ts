import { described, shown } from '../arguments.js'
import { usageError } from '../errors.js'
import { laneArrayName, typedArrayName } from './lanes.js'
import type { Segment, Vector } from './segments.js'

/**
 * Where a function writes its result. Without `into`, each result is in new memory. The system must provide and zero that
 * memory, which can take longer than the computation. A program that computes one result after the other, all of the same
 * shape, can pass the memory of a result that it no longer needs.
 * @public
 */
export interface Into<T> {
  /**
   * The result is written to this memory, which is also what is returned. It must have the type and the length of the result,
   * and must not overlap the input. If the function throws, it has its old content or zeros, and never a part of a result.
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
      throw usageError('invalid-argument', 'into must not share memory with the input or within itself')
    }
    end.any = Math.max(end.any, byteOffset + byteLength)
    if (isTarget) end.target = byteOffset + byteLength
    ends.set(buffer, end)
  }
}
