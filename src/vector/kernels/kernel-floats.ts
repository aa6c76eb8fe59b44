import { bytesOf } from '../lanes.js'
import type { Lanes } from '../segments.js'
import { FLOATS_HEX } from './binaries.js'
import { compileOnce, instantiate, madeOnce } from './kernel.js'

/** What {@link FloatKernel.encode} does with each value: clips, scales and rounds it, adds the maximum level, and multiplies. */
export interface Scaling {
  readonly clip: number
  readonly maximumLevel: number
  readonly weight: number
  /** Whether a value beyond the clip is refused. */
  readonly refuse: boolean
}

/** Counts of clipping, as in `Clipped` of the fixed-point encoding. */
interface Counts {
  count: number
  largest: number
  excess: number
}

/** What {@link FloatKernel.decode} does with each sum. */
export interface Unscaling {
  readonly shift: bigint
  readonly totalWeight: number
  readonly maximumLevel: number
  readonly clip: number
  /** The largest possible sum. */
  readonly maximum: bigint
}

/** The inner loops of the fixed-point encoding in WebAssembly SIMD, which give the same bits as the loops in TypeScript. */
export interface FloatKernel {
  /** Where to put the values to encode. */
  readonly values: Float64Array
  /**
   * Encodes the first `lanes.length` of `values`, at most {@link PORTION}. `words` are four random bytes for each value;
   * without them, values are rounded to the nearest level. It adds to `counts`.
   *
   * @returns Whether all values were encoded; false if one is not finite, or is refused.
   */
  encode(lanes: Lanes, scaling: Scaling, words: Uint8Array | undefined, counts: Counts): boolean
  /** Decodes lanes to `target`, which has as many elements. It returns false if a sum is above the maximum. */
  decode(lanes: Lanes, unscaling: Unscaling, target: Float64Array): boolean
  /** Overwrites values, words and lanes. */
  wipe(): void
}

/** The number of values that fit into the memory, which fits into the first-level cache. */
export const PORTION = 2048

// The memory is one page: values, random words, lanes and parameters.
const WORDS_AT = 8 * PORTION
const LANES_AT = WORDS_AT + 4 * PORTION
const PARAMETERS_AT = LANES_AT + 8 * PORTION

/** The functions of floats.wat, which has the comments. */
interface Floats {
  encode(values: number, end: number, words: number, lanes: number, width: number, parameters: number): number
  decode(values: number, end: number, lanes: number, width: number, parameters: number): number
}

const compileFloats = /* @__PURE__ */ compileOnce(FLOATS_HEX)

const shared = /* @__PURE__ */ madeOnce(() => createFloatKernel())
let isUsed = false

/**
 * Calls `work` with the kernel; with `undefined` if the host has no WebAssembly SIMD. The kernel is created once and reused.
 * While `work` uses it, nested calls get none: reading the values of an array can run code of the caller.
 */
export function withFloatKernel<T>(work: (kernel: FloatKernel | undefined) => T): T {
  const kernel = isUsed ? undefined : shared()
  if (kernel === undefined) return work(undefined)
  isUsed = true
  try {
    return work(kernel)
  } finally {
    kernel.wipe()
    isUsed = false
  }
}

/** A kernel with a memory of its own; `undefined` if the host has no WebAssembly SIMD, or does not allow it. */
export function createFloatKernel(): FloatKernel | undefined {
  const instance = instantiate<Floats>(compileFloats, PARAMETERS_AT + 64)
  if (instance === undefined) return undefined
  const { memory, functions: floats } = instance
  const bytes = new Uint8Array(memory.buffer)
  const values = new Float64Array(memory.buffer, 0, PORTION)
  const parameters = new Float64Array(memory.buffer, PARAMETERS_AT, 8)
  return {
    values,
    encode: (lanes, { clip, maximumLevel, weight, refuse }, words, counts) => {
      const { length } = lanes
      const width = lanes.BYTES_PER_ELEMENT
      // A turn has four values, and zeros are not counted as clipped.
      values.fill(0, length, Math.min(4 * Math.ceil(length / 4), PORTION))
      if (words !== undefined) bytes.set(words, WORDS_AT)
      parameters.set([clip, maximumLevel, weight, refuse ? clip : Number.MAX_VALUE])
      parameters.set([counts.count, counts.largest, counts.excess], 4)
      const wordsAt = words === undefined ? 0 : WORDS_AT
      if (floats.encode(0, 8 * length, wordsAt, LANES_AT, width, PARAMETERS_AT) !== 0) return false
      counts.count = parameters[4]!
      counts.largest = parameters[5]!
      counts.excess = parameters[6]!
      bytesOf(lanes).set(bytes.subarray(LANES_AT, LANES_AT + length * width))
      return true
    },
    decode: (lanes, { shift, totalWeight, maximumLevel, clip, maximum }, target) => {
      const width = lanes.BYTES_PER_ELEMENT
      parameters.set(wordsIn(shift))
      parameters.set([totalWeight, maximumLevel, clip, ...wordsIn(maximum)], 2)
      for (let from = 0; from < lanes.length; from += PORTION) {
        const to = Math.min(from + PORTION, lanes.length)
        const end = LANES_AT + (to - from) * width
        bytes.set(bytesOf(lanes, from, to), LANES_AT)
        bytes.fill(0, end, Math.min(end + 4 * width, PARAMETERS_AT))
        if (floats.decode(0, 8 * (to - from), LANES_AT, width, PARAMETERS_AT) !== 0) return false
        target.set(values.subarray(0, to - from), from)
      }
      return true
    },
    wipe: () => bytes.fill(0),
  }
}

function wordsIn(value: bigint): [low: number, high: number] {
  return [Number(value & 0xffff_ffffn), Number(value >> 32n)]
}
