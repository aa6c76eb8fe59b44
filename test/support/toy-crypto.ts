import type { SecretSplitter } from 'secagg'
import type { CryptoProvider, KeyEncapsulation, Keystream, SymmetricSuite } from 'secagg/crypto'
import { equalBytes } from '../../src/crypto/bytes.js'
import { isLowOrder } from '../../src/crypto/encodings.js'
import { type Field, GF256, GF65536, multiply } from '../../src/shamir/field.js'
import { type Random, randomOf } from './seeded.js'

/**
 * A fast, reproducible provider WITHOUT ANY SECURITY: its shared secrets follow from the public keys alone, as do
 * its signatures. What tests need holds: both sides agree, a changed byte shows, streams seek.
 */
export function toyCrypto(seed: number): CryptoProvider {
  const random = randomOf(seed)
  return {
    name: `toy of seed ${seed}`,
    randomBytes: random.bytes,
    x25519: {
      publicKey: async (privateKey) => toyPublicKey(privateKey),
      sharedSecrets: async (privateKey, publicKeys) => {
        const own = toyPublicKey(privateKey)
        return publicKeys.map((other) => (isLowOrder(other) ? undefined : toyAgreement(own, other)))
      },
    },
    ed25519: {
      publicKey: async (privateKey) => toyHash(32, 'identity', privateKey),
      sign: async (privateKey, message) =>
        toyHash(64, 'signature', toyHash(32, 'identity', privateKey), message),
      verify: async (publicKey, message, signature) =>
        equalBytes(signature, toyHash(64, 'signature', publicKey, message)),
    },
    sha256: {
      hmac: async (key, message) => toyHash(32, 'hmac', key, message),
      hkdf: async (secret, salt, info, length) => toyHash(length, 'hkdf', secret, salt, info),
    },
    suites: { aes: toySuite(16), chacha: toySuite(32) },
  }
}

/** ML-KEM-768 without any security either: a secret follows from the public key and the ciphertext. */
export function toyEncapsulation(seed: number): KeyEncapsulation {
  const random = randomOf(seed)
  const publicKeyOf = (privateKey: Uint8Array): Uint8Array =>
    // A coefficient has three hexadecimal digits. With digits up to c it is below the modulus, 0xd01.
    toyHash(1184, 'kem key', privateKey).map((byte) => byte & 0xcc)
  const secretOf = (publicKey: Uint8Array, ciphertext: Uint8Array): Uint8Array =>
    toyHash(32, 'kem secret', publicKey, ciphertext)
  return {
    publicKey: async (privateKey) => publicKeyOf(privateKey),
    encapsulate: async (publicKeys) =>
      publicKeys.map((publicKey) => {
        const ciphertext = random.bytes(1088)
        return { ciphertext, secret: secretOf(publicKey, ciphertext) }
      }),
    decapsulate: async (privateKey, ciphertexts) => {
      const publicKey = publicKeyOf(privateKey)
      return ciphertexts.map((ciphertext) => secretOf(publicKey, ciphertext))
    },
  }
}

/** Shares over the real fields at coordinates i + 1, with coefficients from a seed. */
export function toySplitter(seed: number): SecretSplitter {
  const random = randomOf(seed)
  return async (secret, threshold, holders) => splitSlowly(secret, threshold, holders, random)
}

/** Shamir's scheme as the textbook has it: one polynomial per element, evaluated term by term. */
function splitSlowly(secret: Uint8Array, threshold: number, holders: number, random: Random): Uint8Array[] {
  const field: Field = holders <= 255 ? GF256 : GF65536
  const size = field.bits / 8
  const shares = Array.from({ length: holders }, () => new Uint8Array(secret.length))
  for (let at = 0; at < secret.length; at += size) {
    const constant = size === 1 ? secret[at]! : secret[at]! | (secret[at + 1]! << 8)
    const others = Array.from({ length: threshold - 1 }, () => random.below(2 ** field.bits))
    shares.forEach((share, index) => {
      let value = constant
      let power = 1
      for (const coefficient of others) {
        power = multiply(field, power, index + 1)
        value ^= multiply(field, coefficient, power)
      }
      share[at] = value
      if (size === 2) share[at + 1] = value >>> 8
    })
  }
  return shares
}

function toyPublicKey(privateKey: Uint8Array): Uint8Array {
  const key = toyHash(32, 'public key', privateKey)
  // Canonical, and far from the points of low order.
  key[31] = (key[31]! & 0x3f) | 1
  return key
}

function toyAgreement(one: Uint8Array, other: Uint8Array): Uint8Array {
  const difference = one.findIndex((byte, index) => byte !== other[index])
  const inOrder = difference < 0 || one[difference]! < other[difference]!
  return toyHash(32, 'agreement', inOrder ? one : other, inOrder ? other : one)
}

function toySuite(keyLength: 16 | 32): SymmetricSuite {
  const encrypt = (key: Uint8Array, text: Uint8Array): Uint8Array => {
    const pad = toyHash(text.length, 'pad', key)
    return text.map((byte, index) => byte ^ pad[index]!)
  }
  const tagOf = (key: Uint8Array, associatedData: Uint8Array, ciphertext: Uint8Array): Uint8Array =>
    toyHash(16, 'tag', key, associatedData, ciphertext)
  return {
    keyLength,
    seal: async (key, associatedData, plaintext) => {
      const ciphertext = encrypt(key, plaintext)
      return Uint8Array.of(...ciphertext, ...tagOf(key, associatedData, ciphertext))
    },
    open: async (key, associatedData, sealed) => {
      const end = Math.max(sealed.length - 16, 0)
      const ciphertext = sealed.slice(0, end)
      const genuine = equalBytes(sealed.slice(end), tagOf(key, associatedData, ciphertext))
      return genuine ? encrypt(key, ciphertext) : undefined
    },
    keystream: toyKeystream,
  }
}

function toyKeystream(seed: Uint8Array, offset: number): Keystream {
  const [a, b, c, d] = new Uint32Array(toyHash(16, 'keystream', seed).buffer) as unknown as Words
  let position = offset
  return {
    next: (length) => {
      const blocks = Math.ceil(length / 64)
      const stream = new Uint32Array(blocks * 16)
      for (let block = 0; block < blocks; block++) {
        squeeze([a ^ (position / 64 + block), b, c, d], stream.subarray(block * 16, block * 16 + 16))
      }
      position += length
      return new Uint8Array(stream.buffer, 0, length)
    },
  }
}

type Words = [number, number, number, number]

/** `length` bytes that depend on the label and on every byte and every boundary of `parts`. */
function toyHash(length: number, label: string, ...parts: Uint8Array[]): Uint8Array {
  const words: Words = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344]
  const absorb = (value: number): void => {
    words[0] = Math.imul(words[0] ^ value, 0x01000193)
    words[1] = Math.imul(words[1] + value + (words[0] >>> 15), 0x85ebca6b)
    words[2] = Math.imul((words[2] ^ words[1]) + value, 0xc2b2ae35)
    words[3] = (Math.imul(words[3], 0x27d4eb2f) ^ words[2]) + (words[3] >>> 13)
  }
  for (let i = 0; i < label.length; i++) absorb(label.charCodeAt(i))
  absorb(0x10000 + length)
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) absorb(part[i]!)
    absorb(0x20000 + part.length)
  }
  const output = new Uint32Array(Math.ceil(length / 4))
  squeeze(words, output)
  return new Uint8Array(output.buffer).slice(0, length)
}

function squeeze([a, b, c, d]: Words, output: Uint32Array): void {
  for (let i = -8; i < output.length; i++) {
    // sfc32, whose last word is a counter.
    const sum = (a + b + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    if (i >= 0) output[i] = sum
  }
}
