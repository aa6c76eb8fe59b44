import { nobleCrypto } from 'secagg/crypto'
import { executeMaskPlan, fingerprint, packVector } from 'secagg/vector'
import { afterEach, expect, test, vi } from 'vitest'
import { createKernelFingerprint } from '../../src/vector/fingerprint.js'
import { createKernelAdder } from '../../src/vector/kernels/kernel-adder.js'
import { createFloatKernel } from '../../src/vector/kernels/kernel-floats.js'
import { createRotationKernel } from '../../src/vector/kernels/kernel-rotation.js'
import { createKernelSum } from '../../src/vector/kernels/kernel-sum.js'
import { createKernelPacker } from '../../src/vector/kernels/packers.js'

afterEach(() => void vi.unstubAllGlobals())

/** WebKit, under a content security policy without `wasm-unsafe-eval`: it compiles modules and refuses their instances. */
function refuseInstances(): void {
  class Instance {
    constructor() {
      throw new WebAssembly.CompileError('Refused to create a WebAssembly object')
    }
  }
  const { Module, Memory, Table, CompileError } = WebAssembly
  vi.stubGlobal('WebAssembly', { Module, Memory, Table, CompileError, Instance })
}

const segments = [{ length: 5000, bits: 20 }]

async function maskedAndPacked(): Promise<{ vector: Uint32Array; packed: Uint8Array; print: Uint8Array }> {
  const vector = new Uint32Array(5000)
  const plan = [{ seed: new Uint8Array(32), sign: 1 }] as const
  await executeMaskPlan([vector], segments, plan, nobleCrypto().suites.chacha!)
  const packed = packVector([vector], segments)
  return { vector, packed, print: fingerprint(packed) }
}

test('a host that compiles kernels and refuses to run them has none', async () => {
  refuseInstances()
  const kernels = [
    createKernelAdder(64),
    createFloatKernel(),
    createRotationKernel(),
    createKernelSum(segments),
    createKernelPacker(),
    createKernelFingerprint(),
  ]
  expect(kernels).toEqual(kernels.map(() => undefined))
})

test('masks, packed vectors and fingerprints are the same there', async () => {
  const expected = await maskedAndPacked()
  refuseInstances()
  expect(await maskedAndPacked()).toEqual(expected)
})
