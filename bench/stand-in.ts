import { dangerouslyTrustAnyIdentity, type VerifyIdentity } from 'secagg'
import type { CryptoProvider, SymmetricSuite } from 'secagg/crypto'

export type ClientKind = 'real' | 'stand-in' | 'dropping'

/**
 * Stand-ins for the clients of a round that are not timed. They send messages of the right size that the server takes in
 * like any other, at a small part of the cost:
 *
 * - what two of them agree on is made up, unless the server is going to agree on it as well, because one drops out;
 * - what they seal to each other is not encrypted, and every share is the secret itself, a polynomial of degree 0;
 * - they sign, but believe every signature;
 * - the mask stream is zero after the first 64 bytes, so of the sum only the first elements can be checked.
 */
export interface StandIns {
  readonly crypto: CryptoProvider
  readonly splitSecret: (secret: Uint8Array, threshold: number, holders: number) => Promise<Uint8Array[]>
  readonly verifyIdentity: VerifyIdentity
  /** Tells whose keys are advertised, with the bytes of the message. */
  enrol(message: Uint8Array, kind: ClientKind): void
}

/** Elements of 32 bits at the beginning of the sum that come out right. */
export const CHECKED_ELEMENTS = 16

const CHECKED_BYTES = 4 * CHECKED_ELEMENTS
const PIECE_BYTES = 256 * 1024

export function standIns(real: CryptoProvider): StandIns {
  const madeUp = new WeakSet<Uint8Array>()
  const kindOfKey = new Map<string, { readonly kind: ClientKind; readonly use: 'c' | 's' }>()
  const publicKeyOf = new Map<string, Uint8Array>()

  const isMadeUp = (own: Uint8Array, other: Uint8Array): boolean => {
    const ownKey = kindOfKey.get(text(own))!
    const otherKey = kindOfKey.get(text(other))!
    if (otherKey.kind === 'real') return false
    return ownKey.use === 'c' || (ownKey.kind === 'stand-in' && otherKey.kind === 'stand-in')
  }
  const mark = (bytes: Uint8Array): Uint8Array => {
    madeUp.add(bytes)
    return bytes
  }

  const crypto: CryptoProvider = {
    ...real,
    name: 'stand-in',
    x25519: {
      publicKey: async (privateKey) => {
        const publicKey = await real.x25519.publicKey(privateKey)
        publicKeyOf.set(text(privateKey), publicKey)
        return publicKey
      },
      sharedSecrets: async (privateKey, publicKeys) => {
        const own = publicKeyOf.get(text(privateKey))!
        const needed = publicKeys.filter((other) => !isMadeUp(own, other))
        const agreed = await real.x25519.sharedSecrets(privateKey, needed)
        let next = 0
        // What is made up must be the same for both.
        return publicKeys.map((other) =>
          isMadeUp(own, other) ? mark(own.map((byte, i) => byte ^ other[i]!)) : agreed[next++],
        )
      },
    },
    sha256: {
      hmac: async () => new Uint8Array(32),
      hkdf: async (secret, salt, info, length) =>
        madeUp.has(secret) ? mark(secret.slice(0, length)) : real.sha256.hkdf(secret, salt, info, length),
    },
    suites: { aes: standInSuite(real.suites.aes!, madeUp) },
  }
  return {
    crypto,
    splitSecret: async (secret, _, holders) => Array.from({ length: holders }, () => secret.slice()),
    verifyIdentity: dangerouslyTrustAnyIdentity(),
    enrol: (message, kind) => {
      // Version, type, configuration hash; then c^PK and s^PK.
      kindOfKey.set(text(message.subarray(34, 66)), { kind, use: 'c' })
      kindOfKey.set(text(message.subarray(66, 98)), { kind, use: 's' })
    },
  }
}

function standInSuite(real: SymmetricSuite, madeUp: WeakSet<Uint8Array>): SymmetricSuite {
  const piece = new Uint8Array(PIECE_BYTES)
  const zeros = new Uint8Array(CHECKED_BYTES)
  return {
    keyLength: real.keyLength,
    seal: async (key, associatedData, plaintext) => {
      if (!madeUp.has(key)) return real.seal(key, associatedData, plaintext)
      const sealed = new Uint8Array(plaintext.length + 16)
      sealed.set(plaintext)
      return sealed
    },
    open: async (key, associatedData, sealed) =>
      madeUp.has(key) ? sealed.slice(0, -16) : real.open(key, associatedData, sealed),
    // What two of them made up cancels out, and may as well be zero.
    keystream: (seed, offset) => {
      let beginning = offset > 0 || madeUp.has(seed) ? zeros : firstBytes(real, seed)
      return {
        next: (length) => {
          piece.set(beginning)
          beginning = zeros
          return piece.subarray(0, length)
        },
      }
    },
  }
}

function firstBytes(suite: SymmetricSuite, seed: Uint8Array): Uint8Array {
  return (suite.keystream(seed, 0).next(CHECKED_BYTES) as Uint8Array).slice()
}

function text(key: Uint8Array): string {
  return String.fromCharCode(...key)
}
