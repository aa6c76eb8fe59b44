import { ctr, gcm } from '@noble/ciphers/aes.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import {
  plainBytes,
  requireBytes,
  requireDerivation,
  requireLength,
  requireSealing,
  requireShort,
} from './bytes.js'
import { chachaSuite } from './chacha.js'
import { AES_CTR, readForward } from './keystream.js'
import { nobleCurves } from './noble-curves.js'
import type { HashSuite, OwnProvider, SymmetricSuite } from './provider.js'
import { platformRandomBytes } from './random.js'

/**
 * The provider in plain JavaScript: the noble packages, and the library's own ChaCha20. It has both suites and runs on every
 * platform that has `BigInt` and `crypto.getRandomValues`.
 *
 * It is at least ten times slower than a native provider. Its AES uses lookup tables and its curve arithmetic uses `BigInt`,
 * so its timing can depend on secrets. On a machine that you share with an attacker, use a native provider, or at least the
 * suite `chacha`.
 *
 * @returns A provider with the suites `aes` and `chacha`.
 * @example
 * ```ts
 * import { nobleCrypto } from 'secagg/crypto'
 *
 * const crypto = nobleCrypto()
 * const privateKey = crypto.randomBytes(32)
 * const publicKey = await crypto.ed25519.publicKey(privateKey)
 * const message = Uint8Array.of(1, 2, 3)
 * const signature = await crypto.ed25519.sign(privateKey, message)
 * console.log(await crypto.ed25519.verify(publicKey, message, signature)) // true
 * ```
 * @public
 */
export function nobleCrypto(): OwnProvider {
  return {
    name: 'noble',
    randomBytes: platformRandomBytes,
    ...nobleCurves,
    sha256: hashSuite,
    suites: { aes, chacha: chachaSuite },
  }
}

const hashSuite: HashSuite = {
  async hmac(key, message) {
    requireShort('the key of an HMAC', key)
    requireBytes('the message of an HMAC', message)
    return hmac(sha256, plainBytes(key), plainBytes(message))
  },
  async hkdf(secret, salt, info, length) {
    requireDerivation(secret, salt, info, length)
    return hkdf(sha256, plainBytes(secret), plainBytes(salt), plainBytes(info), length)
  },
}

const aesGcm = (key: Uint8Array, associatedData: Uint8Array) =>
  gcm(plainBytes(key), new Uint8Array(12), plainBytes(associatedData))

/** AES-128-GCM (NIST SP 800-38D) and AES-128-CTR (SP 800-38A). */
const aes: SymmetricSuite = {
  keyLength: 16,
  async seal(key, associatedData, plaintext) {
    requireLength('an AES-128 key', key, 16)
    requireSealing(associatedData, plaintext)
    return aesGcm(key, associatedData).encrypt(plainBytes(plaintext))
  },
  async open(key, associatedData, sealed) {
    requireLength('an AES-128 key', key, 16)
    requireSealing(associatedData, sealed)
    return decrypted(() => aesGcm(key, associatedData).decrypt(plainBytes(sealed)))
  },
  keystream(seed, offset) {
    requireLength('an AES-128 key', seed, 16)
    const key = Uint8Array.from(seed)
    return readForward(AES_CTR, offset, (position, length) =>
      ctr(key, AES_CTR.block(position)).encrypt(new Uint8Array(length)),
    )
  },
}

/** The plaintext; `undefined` if noble throws because the tag is wrong or the text is too short to have a tag. */
function decrypted(decrypt: () => Uint8Array): Uint8Array | undefined {
  try {
    return decrypt()
  } catch {
    return undefined
  }
}
