import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import { SecAggError } from 'secagg'
import { nobleCrypto } from 'secagg/crypto'
import { executeMaskPlan, fingerprint, installKernels, packVector, unpackVector } from 'secagg/vector'
import { afterEach, expect, test, vi } from 'vitest'
import { createKernelFingerprint } from '../../src/vector/fingerprint.js'
import { createKernelAdder } from '../../src/vector/kernels/kernel-adder.js'
import { createFloatKernel, withFloatKernel } from '../../src/vector/kernels/kernel-floats.js'
import { createRotationKernel, rotationKernelFor } from '../../src/vector/kernels/kernel-rotation.js'
import { createKernelSum } from '../../src/vector/kernels/kernel-sum.js'
import { createKernelPacker, packerFor, plainPacker } from '../../src/vector/kernels/packers.js'
import { compileWat, mergedModules } from './merged.js'

const folder = new URL('../../src/vector/kernels/', import.meta.url)
const bytes = new Uint8Array(readFileSync(new URL('kernels.wasm', folder)))
const module = new WebAssembly.Module(bytes)
const NAMES = ['kernel', 'chacha', 'packing', 'floats', 'rotation']
const sources = NAMES.map((name) => readFileSync(new URL(`${name}.wat`, folder), 'utf8'))
const segments = [
  { length: 5000, bits: 20 },
  { length: 3000, bits: 13 },
]

/** Like workerd: bytes are not compiled, but modules that are given become instances. */
function refuseBytes(): void {
  const { Instance, Memory, Table, CompileError } = WebAssembly
  const refuse = (): never => {
    throw new CompileError('Wasm code generation disallowed by embedder')
  }
  const Module = Object.assign(refuse, {
    imports: WebAssembly.Module.imports,
    exports: WebAssembly.Module.exports,
  })
  vi.stubGlobal('WebAssembly', { Module, Instance, Memory, Table, CompileError })
}

afterEach(() => void vi.unstubAllGlobals())

async function results(): Promise<unknown> {
  const vector = [new Uint32Array(5000), new Uint16Array(3000)]
  const { aes, chacha } = nobleCrypto().suites
  await executeMaskPlan(vector, segments, [{ seed: new Uint8Array(32).fill(3), sign: 1 }], chacha!)
  await executeMaskPlan(vector, segments, [{ seed: new Uint8Array(16).fill(4), sign: -1 }], aes!)
  const packed = packVector(vector, segments)
  return { vector, packed, print: fingerprint(packed), unpacked: unpackVector(packed, segments) }
}

const kernels = (): unknown[] => [
  createKernelAdder(64),
  createFloatKernel(),
  createRotationKernel(),
  createKernelSum(segments),
  createKernelPacker(),
  createKernelFingerprint(),
]

function refused(given: object): SecAggError {
  try {
    installKernels(given)
  } catch (error) {
    if (error instanceof SecAggError) return error
    throw error
  }
  throw new Error('the module was accepted')
}

test('what is not the kernels of this version is refused, and nothing changes', async () => {
  const merged = mergedModules(sources)
  const compiled = async (text: string): Promise<WebAssembly.Module> =>
    new WebAssembly.Module(new Uint8Array(await compileWat('other', text)))
  const modules = {
    'an empty module': await compiled('(module)'),
    'a module with other imports': await compiled('(module (import "env" "memory" (memory 1)))'),
    'another build': await compiled(mergedModules([...sources, '(module (func))'])),
    'wrong sums': await compiled(merged.replace('i32x4.sub', 'i32x4.add')),
    ...Object.fromEntries(
      await Promise.all(
        ['i8x16', 'i16x8', 'i32x4', 'i64x2'].map(async (shape): Promise<[string, WebAssembly.Module]> => {
          const add = `(${shape}.add (v128.load (local.get $lanes)`
          const wrong = merged.replace(add, () => add.replace('add', 'sub'))
          return [`wrong sums of ${shape} with a fingerprint`, await compiled(wrong)]
        }),
      ),
    ),
    'wrong packing of 31 bits': await compiled(
      merged.replace(
        '(i64x2.shr_u (local.get $a) (i32.const 58))',
        '(i64x2.shr_u (local.get $a) (i32.const 59))',
      ),
    ),
    'wrong sums of 25 bits': await compiled(
      merged.replace(
        '(i32.gt_u (local.get $bits) (i32.const 24))',
        '(i32.gt_u (local.get $bits) (i32.const 25))',
      ),
    ),
    'a wrong keystream': await compiled(merged.replaceAll('(i32.const 7)', '(i32.const 8)')),
    'wrong packing': await compiled(merged.replace('(export "pack")', '(export "packs")')),
    'wrong floats': await compiled(merged.replace('f64x2.floor', 'f64x2.ceil')),
    'a function that traps': await compiled(
      merged.replace('(export "seek")', '(export "seek") (unreachable)'),
    ),
  }
  refuseBytes()
  for (const [name, given] of Object.entries(modules)) {
    expect([name, refused(given).code]).toEqual([name, 'invalid-argument'])
  }
  const revoked = Proxy.revocable(module, {})
  revoked.revoke()
  for (const given of [
    revoked.proxy,
    new Proxy(module, {}),
    {},
    null,
    bytes,
    { [Symbol.toStringTag]: 'WebAssembly.Module' },
  ]) {
    expect(refused(given as object).code).toBe('invalid-argument')
  }
  expect(kernels()).toEqual(kernels().map(() => undefined))
})

test('a host that does not compile bytes has kernels as soon as they are installed, with the same results', async () => {
  refuseBytes()
  const expected = await results()
  expect(packerFor(5000)).toBe(plainPacker)
  expect(rotationKernelFor(5000)).toBe(undefined)
  expect(withFloatKernel((kernel) => kernel)).toBe(undefined)

  installKernels(module)
  expect(kernels()).not.toContain(undefined)
  expect(packerFor(5000)).not.toBe(plainPacker)
  expect(rotationKernelFor(5000)).toBeDefined()
  expect(withFloatKernel((kernel) => kernel)).toBeDefined()
  expect(await results()).toEqual(expected)
})

test('a module of another realm is accepted, and a second time too', () => {
  const foreign = runInNewContext('new WebAssembly.Module(bytes)', { bytes })
  expect(foreign).not.toBeInstanceOf(WebAssembly.Module)
  installKernels(foreign)
  installKernels(foreign)
  expect(kernels()).not.toContain(undefined)
})

test('a host without WebAssembly says so', () => {
  vi.stubGlobal('WebAssembly', undefined)
  expect(refused(module).code).toBe('unsupported')
})
