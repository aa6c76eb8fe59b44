import { hkdfSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { createHkdf, HKDF_HEX } from '../../src/crypto/hkdf-kernel.js'
import { compileWat } from '../vector/merged.js'
import { bytesOf, counting } from './providers.js'

const folder = new URL('../../src/crypto/', import.meta.url)

afterEach(() => {
  vi.unstubAllGlobals()
})

/** The memories of the kernels that are made from now on. */
function memories(): Uint8Array[] {
  const seen: Uint8Array[] = []
  class Watched extends WebAssembly.Instance {
    constructor(module: WebAssembly.Module) {
      super(module)
      seen.push(new Uint8Array((this.exports.memory as WebAssembly.Memory).buffer))
    }
  }
  vi.stubGlobal('WebAssembly', { Module: WebAssembly.Module, Instance: Watched })
  return seen
}

test('the binary in the source matches hkdf.wat', async () => {
  const source = readFileSync(new URL('hkdf.wat', folder), 'utf8')
  const hex = (await compileWat('hkdf', source)).toString('hex')
  if (process.env.UPDATE_KERNEL === undefined) {
    expect(hex).toBe(HKDF_HEX)
    return
  }
  const lines = hex.match(/.{1,104}/g)!.map((line) => `  '${line}'`)
  const file = new URL('hkdf-kernel.ts', folder)
  const constant = /(?<=export const HKDF_HEX: string =\n)( {2}'\w+'( \+)?\n)+/
  writeFileSync(file, readFileSync(file, 'utf8').replace(constant, `${lines.join(' +\n')}\n`))
})

test('the kernel derives what Node derives, from all lengths, with changing salts', () => {
  const hkdf = createHkdf()!
  const salts = fc.oneof(bytesOf(0, 64), fc.constantFrom(counting(32), counting(31), new Uint8Array(32)))
  const infos = fc.oneof(bytesOf(0, 200), bytesOf(0, 1024))
  fc.assert(
    fc.property(
      bytesOf(0, 128),
      salts,
      infos,
      fc.integer({ min: 1, max: 64 }),
      (secret, salt, info, length) => {
        expect(hkdf(secret, salt, info, length)).toEqual(
          new Uint8Array(hkdfSync('sha256', secret, salt, info, length)),
        )
      },
    ),
    { numRuns: 500 },
  )
  for (let length = 0; length <= 128; length++) {
    const [secret, info] = [counting(length), counting(8 * length)]
    expect(hkdf(secret, info.subarray(0, length / 2), info, 64)).toEqual(
      new Uint8Array(hkdfSync('sha256', secret, info.subarray(0, length / 2), info, 64)),
    )
  }
})

test('it leaves longer inputs to others, and derives as before afterwards', () => {
  const hkdf = createHkdf()!
  const [short, expected] = [counting(32), hkdf(counting(32), counting(32), counting(32), 32)]
  expect(hkdf(counting(129), short, short, 32)).toBeUndefined()
  expect(hkdf(short, counting(65), short, 32)).toBeUndefined()
  expect(hkdf(short, short, new Uint8Array(1025), 32)).toBeUndefined()
  expect(hkdf(short, short, short, 32)).toEqual(expected)
})

test('it derives the right keys after a call that failed while its salt was prepared', () => {
  const hkdf = createHkdf()!
  const short = counting(32)
  const expected = (salt: Uint8Array): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', short, salt, short, 64))
  const broken = new Uint8Array(8)
  structuredClone(broken, { transfer: [broken.buffer] })
  Object.defineProperty(broken, 'length', { value: 8 })
  hkdf(short, counting(32), short, 64)
  expect(() => hkdf(short, broken, short, 64)).toThrow(TypeError)
  expect(hkdf(short, new Uint8Array(32), short, 64)).toEqual(expected(new Uint8Array(32)))
  // The stack overflows somewhere in the call. From each depth on, there is a little more room.
  const salt = counting(40)
  let failures = 0
  const dive = (): void => {
    let isTooDeep = false
    try {
      dive()
    } catch {
      isTooDeep = true
    }
    if (!isTooDeep) return
    try {
      hkdf(short, salt, short, 64)
    } catch (error) {
      failures++
      throw error
    }
  }
  dive()
  expect(failures).toBeGreaterThan(0)
  expect(hkdf(short, salt, short, 64)).toEqual(expected(salt))
})

test('it derives the right keys if inputs derive another key when their length is read', () => {
  const hkdf = createHkdf()!
  const long = counting(50)
  class Nested extends Uint8Array {
    override get length(): number {
      hkdf(long.subarray(1), long, long, 64)
      return super.length
    }
  }
  const plain = counting(40)
  const nested = Nested.from(plain)
  const expected = new Uint8Array(hkdfSync('sha256', plain, plain, plain, 64))
  expect(hkdf(plain, plain, plain, 64)).toEqual(expected)
  for (const [secret, salt, info] of [
    [nested, plain, plain],
    [plain, nested, plain],
    [plain, plain, nested],
  ] as const) {
    expect(hkdf(secret, salt, info, 64)).toEqual(expected)
  }
})

test('nothing that depends on a secret stays in its memory', () => {
  const seen = memories()
  const hkdf = createHkdf()!
  const memory = seen[0]!
  const salt = counting(64)
  const after = (secret: Uint8Array, info: Uint8Array, length: number): Uint8Array => {
    hkdf(secret, salt, info, length)
    return memory.slice()
  }
  const first = after(new Uint8Array(0), new Uint8Array(0), 1)
  expect(first.subarray(384).every((byte) => byte === 0)).toBe(true)
  expect(first.subarray(256, 320)).toEqual(salt)
  expect(after(new Uint8Array(128).fill(7), new Uint8Array(1024).fill(9), 64)).toEqual(first)
  expect(after(new Uint8Array(32).fill(7), counting(100), 16)).toEqual(first)
  const broken = new Uint8Array(8)
  structuredClone(broken, { transfer: [broken.buffer] })
  Object.defineProperty(broken, 'length', { value: 8 })
  expect(() => after(new Uint8Array(128).fill(7), broken, 16)).toThrow(TypeError)
  expect(memory).toEqual(first)
})

test('there is no kernel if one constant is wrong, or the host refuses WebAssembly', () => {
  const binary = Uint8Array.from(Buffer.from(HKDF_HEX, 'hex'))
  const constants = HKDF_HEX.indexOf('982f8a42') / 2
  expect(createHkdf(binary)).toBeDefined()
  for (let word = 0; word < 64; word++) {
    const wrong = binary.slice()
    wrong[constants + 4 * word + (word % 4)]! ^= 1 << (word % 8)
    expect(createHkdf(wrong), `word ${word}`).toBeUndefined()
  }
  expect(createHkdf(binary.subarray(1))).toBeUndefined()
  vi.stubGlobal('WebAssembly', undefined)
  expect(createHkdf()).toBeUndefined()
})
