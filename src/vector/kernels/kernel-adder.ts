import { CHACHA_HEX } from './binaries.js'
import { compileOnce, createKernel, type Kernel, placeOf } from './kernel.js'
import { type BlockAdder, createPlainAdder, type LaneRun } from './plain-adder.js'

/** A block and a piece of keystream of this length fit together into a second-level cache of 512 KiB. */
const BLOCK_BYTES = 2 ** 17

/** For shorter mask streams, creating the memory of a kernel takes longer than the kernel saves. */
const SMALLEST_FOR_KERNEL = 2 ** 12

/**
 * Such a block for keystreams that other threads make, in pieces of that length: each piece costs a message there and back, and
 * fewer are faster, although block and piece fit into the cache less well.
 */
const BLOCK_BYTES_AHEAD = 2 * BLOCK_BYTES

/** Adders that nobody uses now, by capacity. Creating one takes as long as adding a mask of a few hundred thousand elements. */
const idle = /* @__PURE__ */ new Map<number, BlockAdder>()

/**
 * The fastest adder that the host allows, for a mask stream of `length` bytes. `readsAhead` says whether its pieces are requested
 * before their turn. `wipe` ends the use of the adder, which is then kept for another execution.
 */
export function borrowAdder(length: number, readsAhead: boolean): BlockAdder {
  if (length < SMALLEST_FOR_KERNEL) return createPlainAdder(length)
  const capacity = readsAhead ? BLOCK_BYTES_AHEAD : BLOCK_BYTES
  const adder = idle.get(capacity) ?? createKernelAdder(capacity)
  if (adder === undefined) return createPlainAdder(Math.min(length, capacity))
  idle.delete(capacity)
  let isBorrowed = true
  const wipe = (): void => {
    // Later calls must not touch the adder: somebody else may have it by then.
    if (!isBorrowed) return
    isBorrowed = false
    adder.wipe()
    idle.set(capacity, adder)
  }
  return { ...adder, wipe }
}

/** An adder in WebAssembly SIMD; `undefined` if the host does not have it. */
export function createKernelAdder(capacity: number): BlockAdder | undefined {
  // The memory holds the block, then either a piece of keystream or the memory that chacha.wat works in.
  const kernel = createKernel(capacity + Math.max(capacity, STATE_BYTES))
  if (kernel === undefined) return undefined
  const { memory, operations } = kernel
  const bytes = new Uint8Array(memory.buffer)
  const addFused = createChaCha20(kernel, capacity)
  // How much of the block, and of the memory behind it, has been used.
  let used = 0
  let read = STATE_BYTES
  const use = (end: number): void => {
    used = Math.max(used, end)
  }
  /** Adds the piece of keystream that lies behind the block. */
  const addPiece = (sign: 1 | -1, runs: readonly LaneRun[]): void => {
    use(runs.at(-1)?.to ?? 0)
    for (const { from, to, width } of runs) {
      operations[placeOf(sign, width)]!(from, capacity + from, to - from)
    }
  }
  return {
    capacity,
    load: (at, piece) => {
      bytes.set(piece, at)
      use(at + piece.length)
    },
    store: (at, piece) => piece.set(bytes.subarray(at, at + piece.length)),
    add: (keystream, sign, runs) => {
      bytes.set(keystream, capacity)
      read = Math.max(read, keystream.length)
      addPiece(sign, runs)
    },
    addFilled: (fill, length, sign, runs) => {
      read = Math.max(read, length)
      fill(bytes.subarray(capacity, capacity + length))
      addPiece(sign, runs)
    },
    addChaCha20: (seed, counter, sign, runs) => {
      use(runs.at(-1)?.to ?? 0)
      addFused(seed, counter, sign, runs)
    },
    wipe: () => {
      bytes.fill(0, 0, used)
      bytes.fill(0, capacity, capacity + read)
      used = 0
      read = STATE_BYTES
    },
  }
}

/** The bytes of memory that chacha.wat works in: the initial state and four blocks of keystream. */
export const STATE_BYTES: number = 64 + 256

/** The words of "expand 32-byte k" (RFC 8439, section 2.3). */
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]

/** The functions of chacha.wat. */
interface Generator {
  /** Discards unused keystream, so that the next keystream begins at the block whose number is in the state. */
  seek(): void
  /** Adds the next `length` bytes of keystream to the sum at `sum`, or subtracts them, with the operation at `place`. */
  add(state: number, sum: number, length: number, place: number): void
}

const compile = compileOnce(CHACHA_HEX)

/** Adds ChaCha20 keystreams while it generates them. It works in the kernel's memory from `state` on, a multiple of 4. */
export function createChaCha20(
  { memory, table }: Kernel,
  state: number,
): Required<BlockAdder>['addChaCha20'] {
  const words = new Uint32Array(memory.buffer, state, 16)
  const key = new Uint8Array(memory.buffer, state + 16, 32)
  let generator: Generator | undefined
  return (seed, counter, sign, runs) => {
    generator ??= instantiate(memory, table)
    words.set(CONSTANTS)
    key.set(seed)
    words.fill(0, 13)
    let position = -1
    for (const { from, to, width } of runs) {
      if (from !== position) {
        words[12] = counter + from / 64
        generator.seek()
      }
      generator.add(state, from, to - from, placeOf(sign, width))
      position = to
    }
  }
}

/** Called when it is first needed, because most plans use AES. A host that could compile the kernel can compile this too. */
function instantiate(memory: WebAssembly.Memory, operations: WebAssembly.Table): Generator {
  const { exports } = new WebAssembly.Instance(compile()!, { host: { memory }, kernel: { operations } })
  return exports as unknown as Generator
}
