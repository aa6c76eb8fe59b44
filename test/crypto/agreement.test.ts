import * as fc from 'fast-check'
import { type CryptoProvider, nobleCrypto } from 'secagg/crypto'
import { describe, expect, test } from 'vitest'
import { ascii, bytesToHex } from '../../src/crypto/bytes.js'
import { bytesOf, counting, providers, suites } from './providers.js'

/** fast-check prints the seed and the smallest counterexample of a failure. */
const RUNS = { numRuns: 25 }

/** Checks that `operation` gives the same plain arrays with every provider, and leaves its arguments unchanged. */
async function allAgree<Backend>(
  backends: readonly Backend[],
  inputs: readonly Uint8Array[],
  operation: (backend: Backend) => Promise<readonly (Uint8Array | undefined)[]>,
): Promise<void> {
  const before = inputs.map(bytesToHex)
  const results = []
  for (const backend of backends) {
    const outputs = await operation(backend)
    for (const output of outputs) expect(output?.constructor ?? Uint8Array).toBe(Uint8Array)
    results.push(outputs.map((output) => output && bytesToHex(output)))
    expect(inputs.map(bytesToHex)).toEqual(before)
  }
  for (const result of results) expect(result).toEqual(results[0])
}

test('all providers agree on X25519, non-canonical public keys included', async () => {
  const batch = fc.array(fc.oneof(bytesOf(32), fc.constant(new Uint8Array(32).fill(0xff))), { maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(bytesOf(32), batch, (privateKey, publicKeys) =>
      allAgree(providers, [privateKey, ...publicKeys], async ({ x25519 }: CryptoProvider) => [
        await x25519.publicKey(privateKey),
        ...(await x25519.sharedSecrets(privateKey, publicKeys)),
      ]),
    ),
    RUNS,
  )
})

test('all providers agree on Ed25519 and accept one another’s signatures', async () => {
  await fc.assert(
    fc.asyncProperty(bytesOf(32), bytesOf(0, 300), async (privateKey, message) => {
      await allAgree(providers, [privateKey, message], async ({ ed25519 }) => {
        const publicKey = await ed25519.publicKey(privateKey)
        const signature = await ed25519.sign(privateKey, message)
        for (const other of providers) {
          expect(await other.ed25519.verify(publicKey, message, signature)).toBe(true)
        }
        return [publicKey, signature]
      })
    }),
    RUNS,
  )
})

test('all providers agree on HMAC and HKDF', async () => {
  const part = bytesOf(0, 150)
  await fc.assert(
    fc.asyncProperty(part, part, part, fc.integer({ min: 1, max: 64 }), (secret, salt, info, length) =>
      allAgree(providers, [secret, salt, info], async ({ sha256 }) => [
        await sha256.hmac(secret, info),
        await sha256.hkdf(secret, salt, info, length),
      ]),
    ),
    RUNS,
  )
})

test.each(['aes', 'chacha'] as const)('all providers agree on sealing and opening with %s', async (name) => {
  const backends = suites.filter((entry) => entry.name === name).map(({ suite }) => suite)
  const keyLength = backends[0]!.keyLength
  await fc.assert(
    fc.asyncProperty(bytesOf(keyLength), bytesOf(0, 60), bytesOf(0, 200), (key, associatedData, plaintext) =>
      allAgree(backends, [key, associatedData, plaintext], async (suite) => {
        const sealed = await suite.seal(key, associatedData, plaintext)
        const shifted = new Uint8Array(sealed.length + 1).subarray(1)
        shifted.set(sealed)
        return [sealed, await suite.open(key, associatedData, shifted)]
      }),
    ),
    RUNS,
  )
})

test('arguments may lie in shared memory', async () => {
  if (typeof SharedArrayBuffer === 'undefined') return // a page that is not cross-origin isolated
  const shared = (length: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(length)).fill(length)
  const inputs = [shared(32), shared(10), shared(16)] as const
  await allAgree(providers, inputs, async ({ x25519, ed25519, sha256, suites: { aes } }) => [
    await x25519.publicKey(inputs[0]),
    ...(await x25519.sharedSecrets(inputs[0], [inputs[0]])),
    await ed25519.sign(inputs[0], inputs[1]),
    await sha256.hkdf(inputs[0], inputs[1], inputs[2], 16),
    await aes!.seal(inputs[2], inputs[1], inputs[0]),
    Uint8Array.from(await aes!.keystream(inputs[2], 0).next(64)),
  ])
})

test.each(providers)('an argument may be wiped while a call to $name is pending', async (provider) => {
  const key = ascii('0123456789abcdef')
  const aes = provider.suites.aes!
  const expected = await aes.seal(ascii('0123456789abcdef'), new Uint8Array(0), ascii('text'))
  const pending = aes.seal(key, new Uint8Array(0), ascii('text'))
  const keystream = aes.keystream(key, 0)
  key.fill(0)
  expect(await pending).toEqual(expected)
  const fresh = aes.keystream(ascii('0123456789abcdef'), 0)
  expect(bytesToHex(await keystream.next(64))).toBe(bytesToHex(await fresh.next(64)))
})

describe.each(providers)('$name', ({ x25519, ed25519 }) => {
  test('reads a private key again if its array has changed', async () => {
    const noble = nobleCrypto()
    const [key, peer] = [counting(32), await noble.x25519.publicKey(counting(32).fill(9))]
    for (const first of [1, 2, 1]) {
      key.fill(first, 0, 1)
      expect(await x25519.publicKey(key)).toEqual(await noble.x25519.publicKey(key))
      expect(await x25519.sharedSecrets(key, [peer])).toEqual(await noble.x25519.sharedSecrets(key, [peer]))
      expect(await ed25519.sign(key, peer)).toEqual(await noble.ed25519.sign(key, peer))
    }
  })
})
