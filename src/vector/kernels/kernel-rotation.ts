import { bytesOf } from '../lanes.js'
import type { Lanes } from '../segments.js'
import { ROTATION_HEX } from './binaries.js'
import { compileOnce, instantiate, madeOnce } from './kernel.js'

/** How {@link RotationKernel.unwrap} turns lanes into numbers: see `unwrap` in rotation.wat. */
export interface Unwrapping {
  readonly minimum: number
  readonly modulus: number
  readonly first: number
  readonly factor: number
}

/**
 * The inner loops of private vectors in WebAssembly SIMD, which give the same bits as the loops in TypeScript. Each call wipes
 * the memory that it used.
 */
export interface RotationKernel {
  /** The Hadamard transform of 2^k ≥ {@link SMALLEST_FOR_KERNEL} values times `factor`, in place. */
  transform(values: Float64Array, factor: number): void
  /** Multiplies values by `factor`, and flips the signs of those whose bit in `signs` is 1. */
  flip(values: Float64Array, signs: Uint8Array, factor: number): void
  /** Σ x². */
  sumOfSquares(values: Float64Array): number
  /**
   * Decides for each value whether it is rounded up, sets its bit in `ups`, and returns the sum of the squares of the rounded
   * values. `draw` fills an array with random words.
   */
  round(values: Float64Array, ups: Uint8Array, draw: (words: Uint32Array) => void): number
  /** Rounds the values as decided. */
  settle(values: Float64Array, ups: Uint8Array): void
  /** Adds noise to whole numbers below 2^51, modulo 2^`bits` for bits ≤ 32, at most {@link PART} of them. */
  wrap(values: Float64Array, noise: Int32Array, lanes: Lanes, bits: number): void
  /** Turns lanes into as many numbers. */
  unwrap(lanes: Lanes, unwrapping: Unwrapping, values: Float64Array): void
}

/** For fewer values than this, plain TypeScript is as fast. */
export const SMALLEST_FOR_KERNEL = 256

/** The number of values that are transformed together. They fit into the second-level cache. */
const BLOCK = 2 ** 14

/** The maximum number of rows of a larger transform that are combined at a time. */
const MAXIMUM_ROWS = 64

/** The number of values that the other functions process at a time. */
export const PART = 4096

/** The number of squares that are added before they are added to the total. */
const SQUARES = 1024

// The memory: values; random words or noise; lanes; one bit per value; parameters.
const WORDS_AT = 8 * BLOCK
const LANES_AT = WORDS_AT + 4 * PART
const BITS_AT = LANES_AT + 4 * PART
const PARAMETERS_AT = BITS_AT + PART / 8
const SIZE = PARAMETERS_AT + 64

/** The functions of rotation.wat, which has the comments. */
interface Functions {
  transform(bytes: number, stride: number, factor: number): void
  flip(end: number, signs: number, factor: number): void
  squares(at: number, end: number): number
  round(at: number, end: number, words: number, ups: number): number
  settle(end: number, ups: number): void
  wrap(end: number, noise: number, lanes: number, width: number, mask: number): void
  unwrap(end: number, lanes: number, width: number, parameters: number): void
}

const compileRotation = /* @__PURE__ */ compileOnce(ROTATION_HEX)

const shared = /* @__PURE__ */ madeOnce(() => createRotationKernel())

/** The kernel for `length` values; `undefined` if they are few, or the host has no WebAssembly SIMD. It is created once. */
export function rotationKernelFor(length: number): RotationKernel | undefined {
  return length < SMALLEST_FOR_KERNEL ? undefined : shared()
}

/** A kernel with a memory of its own; `undefined` if the host has no WebAssembly SIMD, or does not allow it. */
export function createRotationKernel(): RotationKernel | undefined {
  const instance = instantiate<Functions>(compileRotation, SIZE)
  if (instance === undefined) return undefined
  const { memory, functions } = instance
  const bytes = new Uint8Array(memory.buffer)
  const memoryValues = new Float64Array(memory.buffer, 0, BLOCK)
  const words = new Uint32Array(memory.buffer, WORDS_AT, PART)
  const parameters = new Float64Array(memory.buffer, PARAMETERS_AT, 4)
  const bits = new Uint8Array(memory.buffer, BITS_AT, PART / 8)

  /** Calls `work` for each part of the values, which has been copied to the memory with zeros after it. */
  const forEachPart = (
    values: Float64Array,
    work: (part: Float64Array, from: number, to: number, end: number) => void,
    prepare?: (count: number) => void,
  ): void => {
    for (let from = 0; from < values.length; from += PART) {
      const to = Math.min(from + PART, values.length)
      prepare?.(to - from)
      const end = 8 * (to - from)
      memoryValues.set(values.subarray(from, to))
      memoryValues.fill(0, to - from, to - from + 8)
      work(memoryValues.subarray(0, to - from), from, to, end)
    }
    bytes.fill(0, 0, 8 * (PART + 8))
    bytes.fill(0, WORDS_AT)
  }

  /** The transform of `length` values from index `from` on. Large ones are cut into rows, and combined in strips of rows. */
  const transform = (values: Float64Array, from: number, length: number, factor: number): void => {
    if (length <= BLOCK) {
      memoryValues.set(values.subarray(from, from + length))
      functions.transform(8 * length, 8, factor)
      values.set(memoryValues.subarray(0, length), from)
      return
    }
    const rows = Math.min(length / BLOCK, MAXIMUM_ROWS)
    const rowLength = length / rows
    const width = BLOCK / rows
    for (let column = from; column < from + rowLength; column += width) {
      for (let row = 0; row < rows; row++) {
        const at = column + row * rowLength
        memoryValues.set(values.subarray(at, at + width), row * width)
      }
      functions.transform(8 * BLOCK, 8 * width, 1)
      for (let row = 0; row < rows; row++) {
        values.set(memoryValues.subarray(row * width, (row + 1) * width), column + row * rowLength)
      }
    }
    for (let row = 0; row < rows; row++) transform(values, from + row * rowLength, rowLength, factor)
  }

  return {
    transform: (values, factor) => {
      transform(values, 0, values.length, factor)
      memoryValues.fill(0)
    },
    flip: (values, signs, factor) => {
      forEachPart(values, (part, from, to, end) => {
        bits.set(signs.subarray(from / 8, Math.ceil(to / 8)))
        functions.flip(end, BITS_AT, factor)
        values.set(part, from)
      })
    },
    sumOfSquares: (values) => {
      let total = 0
      forEachPart(values, (_part, _from, _to, end) => {
        for (let at = 0; at < end; at += 8 * SQUARES) {
          total += functions.squares(at, Math.min(at + 8 * SQUARES, end))
        }
      })
      return total
    },
    round: (values, ups, draw) => {
      const drawn = new Uint32Array(Math.min(PART, values.length))
      let total = 0
      // The words are drawn before the memory is used, because a source of randomness can run code of the caller.
      const prepare = (count: number): void => draw(drawn.subarray(0, count))
      const work = (_part: Float64Array, from: number, to: number, end: number): void => {
        words.set(drawn)
        for (let at = 0; at < end; at += 8 * SQUARES) {
          const stop = Math.min(at + 8 * SQUARES, end)
          total += functions.round(at, stop, WORDS_AT + at / 2, BITS_AT + at / 64)
        }
        ups.set(bits.subarray(0, Math.ceil((to - from) / 8)), from / 8)
      }
      forEachPart(values, work, prepare)
      drawn.fill(0)
      return total
    },
    settle: (values, ups) => {
      forEachPart(values, (part, from, to, end) => {
        bits.set(ups.subarray(from / 8, Math.ceil(to / 8)))
        functions.settle(end, BITS_AT)
        values.set(part, from)
      })
    },
    wrap: (values, noise, lanes, bitsPerLane) => {
      const width = lanes.BYTES_PER_ELEMENT
      forEachPart(values, (_part, from, to, end) => {
        words.set(noise.subarray(from, to))
        functions.wrap(end, WORDS_AT, LANES_AT, width, bitsPerLane === 32 ? -1 : 2 ** bitsPerLane - 1)
        bytesOf(lanes, from, to).set(bytes.subarray(LANES_AT, LANES_AT + (to - from) * width))
      })
    },
    unwrap: (lanes, { minimum, modulus, first, factor }, values) => {
      const width = lanes.BYTES_PER_ELEMENT
      forEachPart(values, (part, from, to, end) => {
        parameters.set([minimum, modulus, first, factor])
        bytes.set(bytesOf(lanes, from, to), LANES_AT)
        functions.unwrap(end, LANES_AT, width, PARAMETERS_AT)
        values.set(part, from)
      })
    },
  }
}
