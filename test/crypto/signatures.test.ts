import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import { ascii, concatBytes } from '../../src/crypto/bytes.js'
import { counting, hex, providers, withTopBit } from './providers.js'

const { Point } = ed25519
const privateKey = counting(32)
const message = ascii('survivors: 0, 1, 4')
const publicKey = ed25519.getPublicKey(privateKey)
const signature = ed25519.sign(message, privateKey)
const smallOrder = ED25519_TORSION_SUBGROUP.map(hex)

function toBigInt(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n)
}

function toBytes(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 255n))
}

function challenge(commitment: Uint8Array, key: Uint8Array, signed: Uint8Array): bigint {
  return Point.Fn.create(toBigInt(sha512(concatBytes(commitment, key, signed))))
}

async function verdicts(key: Uint8Array, signed: Uint8Array, claimed: Uint8Array): Promise<boolean[]> {
  return Promise.all(providers.map((provider) => provider.ed25519.verify(key, signed, claimed)))
}

const all = (verdict: boolean): boolean[] => providers.map(() => verdict)

test('every provider accepts the honest signature', async () => {
  expect(await verdicts(publicKey, message, signature)).toEqual(all(true))
})

describe('every provider refuses', () => {
  test('a change of any single byte', async () => {
    for (let index = 0; index < 64; index++) {
      const touched = Uint8Array.from(signature, (byte, at) => (at === index ? byte ^ 1 : byte))
      expect(await verdicts(publicKey, message, touched)).toEqual(all(false))
    }
  })

  test.each([0, 31, 63, 65, 128])('a signature of %d bytes', async (length) => {
    const cut = new Uint8Array(length)
    cut.set(signature.subarray(0, length))
    expect(await verdicts(publicKey, message, cut)).toEqual(all(false))
  })

  test.each([0, 31, 33, 64])('a public key of %d bytes', async (length) => {
    const cut = new Uint8Array(length)
    cut.set(publicKey.subarray(0, length))
    expect(await verdicts(cut, message, signature)).toEqual(all(false))
  })

  test('S + L instead of S', async () => {
    for (const multiple of [1n, 2n, 14n]) {
      const response = toBigInt(signature.subarray(32)) + multiple * Point.Fn.ORDER
      if (response >> 256n !== 0n) continue
      const malleated = concatBytes(signature.subarray(0, 32), toBytes(response))
      expect(await verdicts(publicKey, message, malleated)).toEqual(all(false))
    }
  })

  test('a public key that is not on the curve', async () => {
    const offCurve = Array.from({ length: 256 }, (_, low) =>
      Uint8Array.of(low, ...publicKey.subarray(1)),
    ).filter((key) => !ed25519.utils.isValidPublicKey(key, false))
    expect(offCurve.length).toBeGreaterThan(50)
    for (const key of offCurve) expect(await verdicts(key, message, signature)).toEqual(all(false))
  })

  test('public keys of small order, with which anyone can sign anything', async () => {
    // If R is the point itself or its negative and S = 0, the equation holds for many messages.
    for (const key of [...smallOrder, ...smallOrder.map(withTopBit)]) {
      for (const commitment of [...smallOrder, publicKey]) {
        const forged = concatBytes(commitment, new Uint8Array(32))
        expect(await verdicts(key, message, forged)).toEqual(all(false))
      }
    }
  })

  test('a commitment R of small order', async () => {
    const secret = toBigInt(sha512(privateKey).subarray(0, 32).map(clamp))
    for (const commitment of smallOrder) {
      const response = Point.Fn.create(challenge(commitment, publicKey, message) * secret)
      expect(await verdicts(publicKey, message, concatBytes(commitment, toBytes(response)))).toEqual(
        all(false),
      )
    }
  })

  test('points in a non-canonical encoding', async () => {
    // y = p + k for the k that fit; 3, 4, 5, 6, 9, 10, 14, 15 and 16 are y coordinates of points of large order.
    for (let k = 0; k < 19; k++) {
      const key = toBytes(2n ** 255n - 19n + BigInt(k))
      for (const encoding of [key, withTopBit(key)]) {
        expect(await verdicts(encoding, message, signature)).toEqual(all(false))
        const withCommitment = concatBytes(encoding, signature.subarray(32))
        expect(await verdicts(publicKey, message, withCommitment)).toEqual(all(false))
      }
    }
  })
})

test('every provider checks the equation without the cofactor if the key has a small-order component', async () => {
  const [secret, nonce] = [123_456_789n, 987_654_321n]
  const commitment = Point.BASE.multiply(nonce).toBytes()
  const outcomes = new Set<boolean>()
  for (const torsion of smallOrder) {
    const mixed = Point.BASE.multiply(secret).add(Point.fromBytes(torsion))
    for (let count = 0; count < 12; count++) {
      const signed = Uint8Array.of(count)
      const factor = challenge(commitment, mixed.toBytes(), signed)
      const response = toBytes(Point.Fn.create(nonce + factor * secret))
      // Holds exactly if the challenge cancels the small-order component.
      const holds = Point.fromBytes(torsion).multiplyUnsafe(factor).is0()
      outcomes.add(holds)
      expect(await verdicts(mixed.toBytes(), signed, concatBytes(commitment, response))).toEqual(all(holds))
    }
  }
  expect(outcomes).toEqual(new Set([true, false]))
})

test('every provider refuses a commitment with a small-order component', async () => {
  const secret = toBigInt(sha512(privateKey).subarray(0, 32).map(clamp))
  const nonce = 987_654_321n
  for (const torsion of smallOrder) {
    const point = Point.fromBytes(torsion)
    const commitment = Point.BASE.multiply(nonce).add(point).toBytes()
    const response = Point.Fn.create(nonce + challenge(commitment, publicKey, message) * secret)
    const verdict = point.is0()
    expect(await verdicts(publicKey, message, concatBytes(commitment, toBytes(response)))).toEqual(
      all(verdict),
    )
  }
})

/** RFC 8032, section 5.1.5, step 2, byte by byte. */
function clamp(byte: number, index: number): number {
  if (index === 0) return byte & 0xf8
  return index === 31 ? (byte & 0x7f) | 0x40 : byte
}
