import { expect, it } from 'vitest'
import { isEncapsulationKey } from '../../src/crypto/encapsulation.js'
import { isAcceptablePublicKey } from '../../src/crypto/encodings.js'
import { seeded } from './seeded.js'
import { toyCrypto, toyEncapsulation } from './toy-crypto.js'

const crypto = toyCrypto(5)

it('both sides of a toy agreement get the same secret, others another one', async () => {
  await seeded(50, async (random) => {
    const keys = Array.from({ length: 3 }, () => random.bytes(32))
    const publicKeys = await Promise.all(keys.map((key) => crypto.x25519.publicKey(key)))
    expect(publicKeys.every(isAcceptablePublicKey)).toBe(true)
    const secrets = await Promise.all(keys.map((key) => crypto.x25519.sharedSecrets(key, publicKeys)))
    expect(secrets[0]![1]).toEqual(secrets[1]![0])
    expect(new Set(secrets.flat().map(String)).size).toBe(6)
    expect(await crypto.x25519.sharedSecrets(keys[0]!, [new Uint8Array(32)])).toEqual([undefined])
  })
})

it('public keys of the toy encapsulation are valid, and both sides get the same secret', async () => {
  await seeded(53, async (random) => {
    const kem = toyEncapsulation(5)
    const seeds = Array.from({ length: 20 }, () => random.bytes(64))
    const publicKeys = await Promise.all(seeds.map((seed) => kem.publicKey(seed)))
    expect(publicKeys.every(isEncapsulationKey)).toBe(true)
    const sent = await kem.encapsulate(publicKeys)
    for (const [index, encapsulated] of sent.entries()) {
      expect(await kem.decapsulate(seeds[index]!, [encapsulated!.ciphertext])).toEqual([encapsulated!.secret])
    }
    expect(new Set(sent.map((encapsulated) => String(encapsulated!.secret))).size).toBe(20)
  })
})

it('toy seals open under one key and associated data, toy signatures verify for one message', async () => {
  await seeded(51, async (random) => {
    const { seal, open } = crypto.suites.aes!
    const [key, data, text] = [random.bytes(16), random.bytes(9), random.bytes(48)]
    const sealed = await seal(key, data, text)
    expect(sealed).toHaveLength(64)
    expect(await open(key, data, sealed)).toEqual(text)
    for (const part of [key, data, sealed]) {
      part[part.length - 1]! ^= 1
      expect(await open(key, data, sealed)).toBeUndefined()
      part[part.length - 1]! ^= 1
    }
    const { publicKey, sign, verify } = crypto.ed25519
    const identity = await publicKey(key)
    const signature = await sign(key, data)
    expect(await verify(identity, data, signature)).toBe(true)
    expect(await verify(identity, text, signature)).toBe(false)
    expect(await verify(text.slice(0, 32), data, signature)).toBe(false)
  })
})

it('a toy keystream seeks', async () => {
  await seeded(52, async (random) => {
    const seed = random.bytes(32)
    const { keystream } = crypto.suites.chacha!
    const whole = (await keystream(seed, 0).next(1000)).slice()
    const stream = keystream(seed, 0)
    const pieces = [(await stream.next(128)).slice(), (await stream.next(64)).slice(), await stream.next(808)]
    expect(Uint8Array.from(pieces.flatMap((piece) => [...piece]))).toEqual(whole)
    expect(await keystream(seed, 192).next(808)).toEqual(whole.slice(192))
    expect(new Set(whole).size).toBeGreaterThan(200)
  })
})
