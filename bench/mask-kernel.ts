import { createCipheriv } from 'node:crypto'
import { nobleCrypto, nodeCrypto, withNodeFfi } from 'secagg/crypto'
import {
  type BlockAdder,
  createPlainAdder,
  createVector,
  executeMaskPlan,
  type MaskPlan,
} from 'secagg/vector'
import { type Candidate, VECTOR_BYTES } from './measure.js'

const TERMS = 100
const PIECE_BYTES = 128 * 1024

function planFor(keyLength: number): MaskPlan {
  return Array.from({ length: TERMS }, (_, term) => ({
    seed: new Uint8Array(keyLength).fill(term),
    sign: term % 2 === 0 ? 1 : -1,
  }))
}

const { port1 } = new MessageChannel()
port1.close()

/** Gives the memory of a piece back: a closed port takes ownership and drops it. */
export function freePiece({ buffer }: Uint8Array): void {
  port1.postMessage(null, [buffer as ArrayBuffer])
}

/**
 * The limit: AES-128-CTR of Node alone, the same number of bytes, one key per term. With `free` each piece is given back
 * at once, as the library does; left to the garbage collector, the pieces take up to twice as long in some runs.
 */
export function rawKeystream(terms: number = TERMS, free?: (piece: Uint8Array) => void): Candidate {
  const zeros = new Uint8Array(PIECE_BYTES)
  return {
    name: `node:crypto AES-128-CTR alone, pieces ${free ? 'freed at once' : 'left to the garbage collector'}`,
    units: terms,
    run: () => {
      for (let term = 0; term < terms; term++) {
        const cipher = createCipheriv('aes-128-ctr', new Uint8Array(16).fill(term), new Uint8Array(16))
        for (let done = 0; done < VECTOR_BYTES; done += PIECE_BYTES) {
          const piece = cipher.update(zeros)
          free?.(piece)
        }
      }
    },
  }
}

/** A mask plan on one thread: the target of the bench first, then other widths, the other suite, and plain loops. */
export function maskPlans(): Candidate[] {
  const provider = nodeCrypto()
  const { aes, chacha } = provider?.suites ?? {}
  if (aes === undefined || chacha === undefined) throw new Error('this Node has no AES or no ChaCha20')
  const candidate = (
    name: string,
    bits: number,
    laneBytes: number,
    suite = aes,
    adder?: BlockAdder,
  ): Candidate => {
    const segments = [{ length: VECTOR_BYTES / laneBytes, bits }]
    const target = createVector(segments)
    const plan = planFor(suite.keyLength)
    return {
      name,
      units: TERMS,
      run: () => executeMaskPlan(target, segments, plan, suite, { adder }),
    }
  }
  const ffi = withNodeFfi(provider!)
  return [
    candidate('mask plan, AES, k = 32', 32, 4),
    // On Node 26 and later.
    ...(ffi === provider
      ? []
      : [candidate('mask plan, AES through node:ffi, k = 32', 32, 4, ffi.suites.aes)]),
    candidate('mask plan, AES, k = 20', 20, 4),
    candidate('mask plan, AES, k = 8', 8, 1),
    candidate('mask plan, AES, k = 64', 64, 8),
    candidate('mask plan, AES, k = 32, no WebAssembly', 32, 4, aes, createPlainAdder(PIECE_BYTES)),
    candidate('mask plan, ChaCha20, k = 32', 32, 4, chacha),
    candidate('mask plan, ChaCha20 in WebAssembly, k = 32', 32, 4, nobleCrypto().suites.chacha),
  ]
}
