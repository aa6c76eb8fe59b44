import { firstOutOfRange, type Lanes, packVector } from 'secagg/vector'
import { createKernelAdder } from '../../src/vector/kernels/kernel-adder.js'
import { type BlockAdder, createPlainAdder } from '../../src/vector/kernels/plain-adder.js'
import { createLanes, lanesOn, plainLanes } from '../../src/vector/lanes.js'
import { type Operation, secretBuffer } from './harness.js'

const BYTES = 2 ** 14
const ZERO_OR_RANDOM = 'elements: zero or random'

/** Lanes that are zero, or random below 2^`valueBits`. */
function secretLanes(
  bits: number,
  length: number,
  valueBits: number,
): { lanes: Lanes; next(fixed: boolean): void } {
  const lanes = createLanes(bits, length)
  const width = lanes.BYTES_PER_ELEMENT
  const mask = Uint8Array.from({ length: lanes.byteLength }, (_, i) => {
    const left = Math.min(Math.max(valueBits - 8 * (i % width), 0), 8)
    return 2 ** left - 1
  })
  const secret = secretBuffer(new Uint8Array(lanes.byteLength), mask)
  return { lanes: plainLanes(lanesOn(secret.bytes.buffer as ArrayBuffer, bits)), next: secret.next }
}

function packing(bits: number, length: number, how: string): Operation {
  const { lanes, next } = secretLanes(bits, length, bits)
  const segments = [{ length, bits }]
  return {
    name: `packVector, ${length} of ${bits} bits, ${how}`,
    classes: ZERO_OR_RANDOM,
    construction: 'yes',
    prepare: next,
    run: () => packVector([lanes], segments),
  }
}

function adding(name: string, adder: BlockAdder, width: 1 | 2 | 4 | 8): Operation {
  const secret = secretBuffer(new Uint8Array(2 * BYTES))
  const [piece, keystream] = [secret.bytes.subarray(0, BYTES), secret.bytes.subarray(BYTES)]
  const target = new Uint8Array(BYTES)
  const runs = [{ from: 0, to: BYTES, width }]
  return {
    name: `a mask added, lanes of ${width} bytes, ${name}`,
    classes: 'elements and mask: zero or random',
    construction: 'yes',
    prepare: secret.next,
    run: () => {
      adder.load(0, piece)
      adder.add(keystream, 1, runs)
      adder.store(0, target)
    },
  }
}

function chacha(): Operation {
  const adder = createKernelAdder(BYTES)!
  const seed = secretBuffer(new Uint8Array(32))
  const runs = [{ from: 0, to: BYTES, width: 4 as const }]
  return {
    name: 'ChaCha20 in WebAssembly, generated and added',
    classes: 'key: zero or random',
    construction: 'yes',
    prepare: seed.next,
    run: () => adder.addChaCha20!(seed.bytes, 0, 1, runs),
  }
}

function inRange(bits: number, valueBits: number): Operation {
  const { lanes, next } = secretLanes(bits, 1024, valueBits)
  // No bound of its lanes' own size, with which there is nothing to look for.
  const bound = (1n << BigInt(valueBits)) - (valueBits === bits ? 1n : 0n)
  return {
    name: `firstOutOfRange, 1024 of ${bits} bits below ${valueBits === bits ? '2^32 − 1' : `2^${valueBits}`}, all in range`,
    classes: ZERO_OR_RANDOM,
    construction: 'yes, if all are in range',
    prepare: next,
    run: () => firstOutOfRange(lanes, bound),
  }
}

function outOfRange(): Operation {
  const lanes = new Uint32Array(1024)
  const position = secretBuffer(Uint8Array.of(0, 0))
  return {
    name: 'firstOutOfRange, one element out of range',
    classes: 'its place: first or random',
    construction: 'no: stops there, reports the place',
    prepare: (fixed) => {
      lanes.fill(0)
      position.next(fixed)
      lanes[(position.bytes[0]! | (position.bytes[1]! << 8)) % 1024] = 5
    },
    run: () => firstOutOfRange(lanes, 5n),
  }
}

export const vectors: readonly Operation[] = [
  packing(20, 4096, 'WebAssembly'),
  packing(7, 4096, 'WebAssembly'),
  packing(48, 4096, 'WebAssembly'),
  packing(20, 192, 'plain'),
  packing(48, 192, 'plain'),
  ...([1, 2, 4, 8] as const).map((width) => adding('WebAssembly', createKernelAdder(BYTES)!, width)),
  ...([1, 2, 4, 8] as const).map((width) => adding('plain', createPlainAdder(BYTES), width)),
  chacha(),
  inRange(8, 7),
  inRange(16, 15),
  inRange(32, 20),
  inRange(32, 32),
  inRange(64, 40),
  outOfRange(),
]
