import type { BlockAdder } from './block-adder.js'
import { createChaCha20, STATE_BYTES } from './chacha.js'
import { createKernel, placeOf } from './kernel.js'
import { createPlainAdder } from './plain-adder.js'

/** A block and a piece of keystream together stay in a second-level cache of 512 KiB. */
const BLOCK_BYTES = 2 ** 17

/** Below this a kernel's memory costs more than its speed gains. */
const SMALLEST_FOR_KERNEL = 2 ** 12

/** An adder for a mask stream of `length` bytes, with memory of its own: the best that the host allows. */
export function createAdder(length: number): BlockAdder {
  const capacity = Math.min(length, BLOCK_BYTES)
  const kernel = length < SMALLEST_FOR_KERNEL ? undefined : createKernelAdder(capacity)
  return kernel ?? createPlainAdder(capacity)
}

/** An adder in WebAssembly SIMD; `undefined` where there is none. */
export function createKernelAdder(capacity: number): BlockAdder | undefined {
  // The block, and after it a piece of keystream or what makes one.
  const kernel = createKernel(capacity + Math.max(capacity, STATE_BYTES))
  if (kernel === undefined) return undefined
  const { memory, operations } = kernel
  const bytes = new Uint8Array(memory.buffer)
  return {
    capacity,
    load: (at, piece) => bytes.set(piece, at),
    store: (at, piece) => piece.set(bytes.subarray(at, at + piece.length)),
    add: (keystream, sign, runs) => {
      bytes.set(keystream, capacity)
      for (const { from, to, width } of runs) {
        operations[placeOf(sign, width)]!(from, capacity + from, to - from)
      }
    },
    addChaCha20: createChaCha20(kernel, capacity),
    wipe: () => bytes.fill(0),
  }
}
