import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { SecAggError } from '../errors.js'
import {
  type Bytes,
  isBytes,
  LONGEST_AT_ONCE,
  plainBytes,
  requireBytes,
  requireDerivation,
  requireKeys,
  requireLength,
  requireSealing,
  requireShort,
  requireSignature,
  wipe,
} from './bytes.js'
import { fromJwk, isLowOrder, isStrictSignature, toPkcs8, withoutTopBit } from './encodings.js'
import { AES_CTR, memoryReleaser, PIECE_LENGTH, pieceOf, readForward } from './keystream.js'
import { agreesOnAes, agreesOnHashes, agreesOnSecrets, agreesOnSignatures } from './known-answers.js'
import type {
  Fallbacks,
  HashSuite,
  OwnKeyAgreement,
  OwnProvider,
  OwnSignatureScheme,
  SymmetricSuite,
} from './provider.js'
import { platformRandomBytes } from './random.js'

/** The provider of `webCrypto`, which states what it does and throws. */
export async function webCryptoWith(fallbacks: Fallbacks): Promise<OwnProvider | undefined> {
  const subtle = reportingSubtle()
  if (subtle === undefined) return undefined
  const x25519 = keyAgreement(subtle)
  const ed25519 = signatureScheme(subtle)
  const sha256 = hashSuite(subtle)
  const aes = aesSuite(subtle)
  const [hasX25519, hasEd25519, hasHashes, hasAes] = await Promise.all([
    agreesOnSecrets(x25519),
    agreesOnSignatures(ed25519),
    agreesOnHashes(sha256),
    agreesOnAes(aes),
  ])
  if (!hasHashes) return undefined
  const suites = hasAes ? { aes } : {}
  const native = { name: 'webcrypto', randomBytes: platformRandomBytes, x25519, ed25519, sha256, suites }
  if (hasX25519 && hasEd25519) return native
  try {
    const curves = await fallbacks.curves()
    return {
      ...native,
      name: 'webcrypto+noble',
      x25519: hasX25519 ? x25519 : curves.x25519,
      ed25519: hasEd25519 ? ed25519 : curves.ed25519,
    }
  } catch (error) {
    if (!hasX25519) throw error
    return { ...native, ed25519: signaturesFrom(fallbacks) }
  }
}

/**
 * Signatures for a platform that can run the rounds that need none. Each call tries to load them again: a provider is kept for
 * long, and a network is not down for ever.
 */
function signaturesFrom(fallbacks: Fallbacks): OwnSignatureScheme {
  const load = async (): Promise<OwnSignatureScheme> => (await fallbacks.curves()).ed25519
  const copied = (bytes: Uint8Array): Uint8Array => (isBytes(bytes) ? snapshot(bytes) : bytes)
  return {
    publicKey: async (...given) => {
      const [key] = given.map(copied)
      return (await load()).publicKey(key!)
    },
    sign: async (...given) => {
      const [key, message] = given.map(copied)
      return (await load()).sign(key!, message!)
    },
    verify: async (...given) => {
      const [key, message, signature] = given.map(copied)
      return (await load()).verify(key!, message!, signature!)
    },
  }
}

/** The suite of `webCrypto` alone, without a look at the curves; `undefined` if the platform has no `crypto.subtle`. */
export function webAes(): SymmetricSuite | undefined {
  const subtle = reportingSubtle()
  return subtle && aesSuite(subtle)
}

const USED = ['importKey', 'exportKey', 'deriveBits', 'sign', 'verify', 'encrypt', 'decrypt'] as const

/** The methods of `crypto.subtle` that are used here. If one fails, its `DOMException` becomes the cause of a `SecAggError`. */
type Subtle = Pick<SubtleCrypto, (typeof USED)[number]>

function reportingSubtle(): Subtle | undefined {
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle
  if (subtle === undefined) return undefined
  const methods = USED.map((name) => {
    const method = async (...parameters: unknown[]): Promise<unknown> => {
      try {
        return await Reflect.apply(subtle[name], subtle, parameters)
      } catch (cause) {
        throw new SecAggError('crypto-failure', 'crypto', `${name} of WebCrypto failed`, { cause })
      }
    }
    return [name, method]
  })
  return Object.fromEntries(methods) as Subtle
}

/**
 * Copies an argument. Every argument is copied before the first `await`, because WebCrypto refuses views of shared memory,
 * and because the caller may change or wipe the argument while the promise is pending.
 */
function snapshot(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

/** Imports a secret key from `copy`, then wipes `copy`. */
async function importSecret(
  subtle: Subtle,
  format: 'raw' | 'pkcs8',
  copy: Uint8Array<ArrayBuffer>,
  algorithm: string | HmacImportParams,
  usage: 'deriveBits' | 'sign' | 'encrypt' | 'decrypt',
  extractable = false,
): Promise<CryptoKey> {
  return thenWipe(copy, () => subtle.importKey(format, copy, algorithm, extractable, [usage]))
}

/** Runs `work`, which reads the secret `copy`, then wipes `copy`. */
async function thenWipe<T>(copy: Uint8Array, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } finally {
    wipe(copy)
  }
}

function keyAgreement(subtle: Subtle): OwnKeyAgreement {
  const importPrivateKey = async (privateKey: Uint8Array): Promise<CryptoKey> => {
    requireLength('an X25519 private key', privateKey, 32)
    return importSecret(subtle, 'pkcs8', toPkcs8('X25519', privateKey), 'X25519', 'deriveBits')
  }
  const sharedSecret = async (own: CryptoKey, publicKey: Uint8Array<ArrayBuffer>): Promise<Bytes> => {
    const other = await subtle.importKey('raw', publicKey, 'X25519', false, [])
    return new Uint8Array(await subtle.deriveBits({ name: 'X25519', public: other }, own, 256))
  }
  return {
    // WebCrypto cannot derive a public key. It is the secret shared with the base point (RFC 7748, section 6.1).
    async publicKey(privateKey) {
      const basePoint = new Uint8Array(32)
      basePoint[0] = 9
      return sharedSecret(await importPrivateKey(privateKey), basePoint)
    },
    async sharedSecrets(privateKey, publicKeys) {
      requireKeys(publicKeys)
      // The top bit says nothing (RFC 7748, section 5). Firefox refuses some keys that have it.
      const others = publicKeys.map(withoutTopBit)
      const own = await importPrivateKey(privateKey)
      return Promise.all(others.map((other) => (isLowOrder(other) ? undefined : sharedSecret(own, other))))
    },
  }
}

function signatureScheme(subtle: Subtle): OwnSignatureScheme {
  const importPrivateKey = async (privateKey: Uint8Array, extractable: boolean): Promise<CryptoKey> => {
    requireLength('an Ed25519 private key', privateKey, 32)
    return importSecret(subtle, 'pkcs8', toPkcs8('Ed25519', privateKey), 'Ed25519', 'sign', extractable)
  }
  return {
    async publicKey(privateKey) {
      return fromJwk(await subtle.exportKey('jwk', await importPrivateKey(privateKey, true)))
    },
    async sign(privateKey, message) {
      requireShort('a message to sign', message)
      const signed = snapshot(message)
      return new Uint8Array(await subtle.sign('Ed25519', await importPrivateKey(privateKey, false), signed))
    },
    async verify(publicKey, message, signature) {
      requireSignature(publicKey, message, signature)
      const [key, signed, claimed] = [snapshot(publicKey), snapshot(message), snapshot(signature)]
      if (!isStrictSignature(key, claimed)) return false
      try {
        const imported = await subtle.importKey('raw', key, 'Ed25519', false, ['verify'])
        return await subtle.verify('Ed25519', imported, claimed, signed)
      } catch {
        return false // some platforms refuse to import a key that is not on the curve
      }
    },
  }
}

function hashSuite(subtle: Subtle): HashSuite {
  const HMAC = { name: 'HMAC', hash: 'SHA-256' }
  return {
    async hmac(key, message) {
      requireShort('the key of an HMAC', key)
      requireBytes('the message of an HMAC', message)
      // WebCrypto needs the whole message in one copy, which is not possible for every length.
      if (message.length > LONGEST_AT_ONCE) return hmac(sha256, plainBytes(key), plainBytes(message))
      // WebCrypto refuses an empty key. HMAC pads keys with zeros (RFC 2104, section 2), so one zero is the same key.
      const padded = key.length === 0 ? new Uint8Array(1) : snapshot(key)
      const authenticated = snapshot(message)
      // The message can be secret too, for example a client's input.
      return thenWipe(authenticated, async () => {
        const imported = await importSecret(subtle, 'raw', padded, HMAC, 'sign')
        return new Uint8Array(await subtle.sign('HMAC', imported, authenticated))
      })
    },
    async hkdf(secret, salt, info, length) {
      requireDerivation(secret, salt, info, length)
      const parameters = { name: 'HKDF', hash: 'SHA-256', salt: snapshot(salt), info: snapshot(info) }
      const imported = await importSecret(subtle, 'raw', snapshot(secret), 'HKDF', 'deriveBits')
      return new Uint8Array(await subtle.deriveBits(parameters, imported, length * 8))
    },
  }
}

/** The number of pieces that WebCrypto makes at a time: it works on threads. More do not make it faster. */
const AHEAD = 4

function aesSuite(subtle: Subtle): SymmetricSuite {
  const zeros = new Uint8Array(PIECE_LENGTH)
  const free = memoryReleaser()
  const discard = (piece: Uint8Array): void => {
    wipe(piece)
    free(piece)
  }
  const importKey = async (
    key: Uint8Array,
    name: string,
    usage: 'encrypt' | 'decrypt',
  ): Promise<CryptoKey> => {
    requireLength('an AES-128 key', key, 16)
    return importSecret(subtle, 'raw', snapshot(key), name, usage)
  }
  const gcm = (associatedData: Uint8Array): AesGcmParams => ({
    name: 'AES-GCM',
    iv: new Uint8Array(12),
    additionalData: snapshot(associatedData),
    tagLength: 128,
  })
  return {
    keyLength: 16,
    async seal(key, associatedData, plaintext) {
      requireSealing(associatedData, plaintext)
      const [parameters, input] = [gcm(associatedData), snapshot(plaintext)]
      return thenWipe(input, async () => {
        const imported = await importKey(key, 'AES-GCM', 'encrypt')
        return new Uint8Array(await subtle.encrypt(parameters, imported, input))
      })
    },
    async open(key, associatedData, sealed) {
      requireSealing(associatedData, sealed)
      const [parameters, input] = [gcm(associatedData), snapshot(sealed)]
      const imported = await importKey(key, 'AES-GCM', 'decrypt')
      try {
        return new Uint8Array(await subtle.decrypt(parameters, imported, input))
      } catch {
        return undefined // a wrong tag, or too short to have one
      }
    },
    keystream(seed, offset) {
      requireLength('an AES-128 key', seed, 16)
      const key = snapshot(seed)
      let imported: Promise<CryptoKey> | undefined
      const produce = async (position: number, length: number): Promise<Uint8Array> => {
        if (imported === undefined) {
          // `importKey` copies the key before its first `await`.
          imported = importKey(key, 'AES-CTR', 'encrypt')
          wipe(key)
        }
        const parameters = { name: 'AES-CTR', counter: AES_CTR.block(position), length: 128 }
        return new Uint8Array(await subtle.encrypt(parameters, await imported, zeros.subarray(0, length)))
      }
      const { next } = readForward(AES_CTR, offset, (position, length) =>
        pieceOf(produce, discard, position, length),
      )
      return { next, ahead: AHEAD, release: (piece) => piece !== undefined && discard(piece) }
    },
  }
}
