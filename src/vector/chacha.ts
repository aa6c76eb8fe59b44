import type { BlockAdder } from './block-adder.js'
import { CHACHA_HEX } from './chacha-bytes.js'
import { type Kernel, placeOf } from './kernel.js'
import { compileOnce } from './wasm.js'

/** The memory that chacha.wat works in: the initial state and four blocks of keystream. */
export const STATE_BYTES: number = 64 + 256

/** "expand 32-byte k" (RFC 8439, section 2.3). */
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]

interface Generator {
  /** Forgets the keystream that is left, so that what comes next begins at the block that the state counts. */
  seek(): void
  /** Adds as many bytes of keystream to `length` bytes of the sum at `sum`. */
  add(state: number, sum: number, length: number, place: number): void
}

const compile = compileOnce(CHACHA_HEX)

/** ChaCha20 that is added as it is made, in the kernel's memory from `state` on, a multiple of 4. */
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

/** Only when it is needed, as most plans are of AES. A host that took the kernel takes this too. */
function instantiate(memory: WebAssembly.Memory, operations: WebAssembly.Table): Generator {
  const { exports } = new WebAssembly.Instance(compile()!, { host: { memory }, kernel: { operations } })
  return exports as unknown as Generator
}
