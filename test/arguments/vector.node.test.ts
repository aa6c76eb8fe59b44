import { readFileSync } from 'node:fs'
import { nobleCrypto } from 'secagg/crypto'
import * as vector from 'secagg/vector'
import { type Examples, optional, said, whole } from './examples.js'
import { testArguments } from './surface.js'

const segments = [
  { length: 8, bits: 8 },
  { length: 4, bits: 40 },
]
const lanes = (): vector.Vector => [new Uint8Array(8).fill(3), new BigUint64Array(4).fill(7n)]
const packed = vector.packVector(lanes(), segments)
const range = { from: 1, to: 10 }
const suite = nobleCrypto().suites.aes!
const seed = new Uint8Array(16).fill(5)
const kernels = readFileSync(new URL('../../src/vector/kernels/kernels.wasm', import.meta.url))
const plan = [{ seed, sign: 1 as const }]
const adder = (): vector.BlockAdder => vector.createPlainAdder(1024)
const options = (): object => ({
  range: optional({ from: 0, to: 12 }),
  signal: optional(new AbortController().signal),
  onProgress: optional(() => undefined),
  adder: optional(adder()),
})

const examples: Examples = {
  addInto: () => ({ args: [lanes(), lanes(), segments] }),
  checkSegments: () => ({ args: [segments] }),
  checkVector: () => ({ args: [lanes(), segments] }),
  copyVector: () => ({ args: [lanes()] }),
  createAccumulator: () => ({ args: [segments] }),
  'createAccumulator().add': () => ({
    on: vector.createAccumulator(segments),
    args: [packed, optional({ from: 0, to: 12 })],
  }),
  'createAccumulator().toVector': () => ({ on: vector.createAccumulator(segments), args: [] }),
  createPlainAdder: () => ({ args: [1024] }),
  'createPlainAdder().load': () => ({ on: adder(), args: [64, new Uint8Array(64)] }),
  'createPlainAdder().store': () => ({ on: adder(), args: [64, new Uint8Array(64)] }),
  'createPlainAdder().add': () => ({
    on: adder(),
    args: [new Uint8Array(1024), 1, [{ from: 0, to: 64, width: 4 }]],
  }),
  'createPlainAdder().wipe': () => ({ on: adder(), args: [] }),
  createVector: () => ({ args: [segments] }),
  elementCount: () => ({ args: [segments] }),
  executeMaskPlan: () => ({ args: [lanes(), segments, plan, whole(suite), optional(options())] }),
  expandMask: () => ({ args: [whole(suite), seed, segments, optional(range)] }),
  fingerprint: () => ({ args: [packed] }),
  firstOutOfRange: () => ({ args: [new Uint8Array(3), 1n] }),
  installKernels: () => ({ args: [whole(new WebAssembly.Module(kernels))] }),
  laneBytes: () => ({ args: [7] }),
  packVector: () => ({
    args: [lanes(), segments, optional({ into: optional(new Uint8Array(packed.length)) })],
  }),
  packedLength: () => ({ args: [segments] }),
  packedRange: () => ({ args: [segments, { from: 8, to: 12 }] }),
  reduceInto: () => ({ args: [lanes(), segments] }),
  segmentsInRange: () => ({ args: [segments, range] }),
  subtractInto: () => ({ args: [lanes(), lanes(), segments] }),
  unpackVector: () => ({
    args: [said(packed), segments, optional({ into: optional(vector.createVector(segments)) })],
  }),
  vectorInRange: () => ({ args: [lanes(), segments, range] }),
}

testArguments(vector, examples)
