import { createRequire } from 'node:module'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { bytesToHex } from '../../src/crypto/bytes.js'
import { counting } from './providers.js'

const { nodeCrypto } = await import('../../src/crypto/node.js')
const native = createRequire(import.meta.url)('node:crypto') as typeof import('node:crypto')

afterEach(() => {
  vi.restoreAllMocks()
  vi.doUnmock('../../src/crypto/hkdf-kernel.js')
  vi.resetModules()
})

/** How often a derivation with secrets of this length calls Node's hashes. */
async function callsOf(provider: NonNullable<ReturnType<typeof nodeCrypto>>, length = 32): Promise<number> {
  const [hash, hmac] = [vi.spyOn(native, 'hash'), vi.spyOn(native, 'createHmac')]
  const derived = await provider.sha256.hkdf(counting(length), counting(32), counting(20), 48)
  const expected = native.hkdfSync('sha256', counting(length), counting(32), counting(20), 48)
  expect(bytesToHex(derived)).toBe(bytesToHex(new Uint8Array(expected)))
  const calls = hash.mock.calls.length + hmac.mock.calls.length
  vi.restoreAllMocks()
  return calls
}

describe("Node's provider derives the same keys", () => {
  test('with its own hashes until the kernel is loaded, and then without', async () => {
    const provider = nodeCrypto()!
    expect(await callsOf(provider)).toBeGreaterThan(0)
    await vi.dynamicImportSettled()
    expect(await callsOf(provider)).toBe(0)
    expect(await callsOf(provider, 129)).toBeGreaterThan(0)
  })

  test('with its own hashes if the kernel cannot be loaded', async () => {
    vi.resetModules()
    vi.doMock('../../src/crypto/hkdf-kernel.js', () => {
      throw new TypeError('the module cannot be loaded')
    })
    const provider = (await import('../../src/crypto/node.js')).nodeCrypto()!
    await vi.dynamicImportSettled()
    expect(await callsOf(provider)).toBeGreaterThan(0)
  })

  test('with its own hashes if the kernel cannot be made', async () => {
    vi.resetModules()
    vi.doMock('../../src/crypto/hkdf-kernel.js', () => ({ shortHkdf: undefined }))
    const provider = (await import('../../src/crypto/node.js')).nodeCrypto()!
    await vi.dynamicImportSettled()
    expect(await callsOf(provider)).toBeGreaterThan(0)
  })
})
