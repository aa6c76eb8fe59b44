import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { bytesOf, hex, integerOf, unhex } from './bytes.js'
import type { Parts } from './format.js'

const { Point } = ed25519

/** Ed25519 signatures on which implementations differ, and some on which they do not. */
export function signatureCases(): Omit<Parts['signatures'][number], 'valid'>[] {
  const seed = Uint8Array.from({ length: 32 }, (_, i) => i)
  const message: Uint8Array = Uint8Array.of(1, 2, 3)
  const publicKey = ed25519.getPublicKey(seed)
  const signature = ed25519.sign(message, seed)
  const [R, S] = [signature.subarray(0, 32), signature.subarray(32)]
  const of = (what: string, key: Uint8Array, r: Uint8Array, s: Uint8Array, signed = message) => ({
    what,
    publicKey: hex(key),
    message: hex(signed),
    signature: hex(r) + hex(s),
  })
  const zero = new Uint8Array(32)
  return [
    of('an honest signature', publicKey, R, S),
    of('another message', publicKey, R, S, Uint8Array.of(1, 2)),
    of('S + L', publicKey, R, bytesOf(integerOf(S) + Point.Fn.ORDER)),
    of('63 bytes', publicKey, R, S.subarray(0, 31)),
    of('a key of 31 bytes', publicKey.subarray(0, 31), R, S),
    of('a key that is not on the curve', unhex(`02${'00'.repeat(31)}`), R, S),
    of('a key whose y is p + 3', bytesOf(2n ** 255n - 19n + 3n), R, S),
    ...ED25519_TORSION_SUBGROUP.map((point) => of('a key of small order', unhex(point), unhex(point), zero)),
    of('R of small order', publicKey, unhex(ED25519_TORSION_SUBGROUP[1]!), S),
    ...mixedOrder(of),
  ]
}

/** The key has a part of order 8: the equation with the cofactor holds for all messages, without it for one in eight. */
function mixedOrder<T>(
  of: (what: string, key: Uint8Array, r: Uint8Array, s: Uint8Array, signed: Uint8Array) => T,
): T[] {
  const [secret, nonce] = [123_456_789n, 987_654_321n]
  const torsion = Point.fromHex(ED25519_TORSION_SUBGROUP[1]!)
  const key = Point.BASE.multiply(secret).add(torsion).toBytes()
  const R = Point.BASE.multiply(nonce).toBytes()
  const challengeOf = (signed: Uint8Array): bigint =>
    Point.Fn.create(integerOf(sha512(Uint8Array.of(...R, ...key, ...signed))))
  const messages = Array.from({ length: 64 }, (_, count): Uint8Array => Uint8Array.of(count))
  const canceling = messages.find((signed) => challengeOf(signed) % 8n === 0n)!
  return [messages[0]!, messages[1]!, canceling].map((signed) =>
    of(
      'a key with a part of order 8',
      key,
      R,
      bytesOf(Point.Fn.create(nonce + challengeOf(signed) * secret)),
      signed,
    ),
  )
}
