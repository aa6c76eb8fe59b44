import { partsOf, requireInteger, wrongKind } from '../arguments.js'
import { builtinModule } from './builtin.js'
import {
  concatBytes,
  createBytes,
  requireBytes,
  requireDerivation,
  requireKeys,
  requireLength,
  requireSealing,
  requireShort,
  requireSignature,
  wipe,
} from './bytes.js'
import { isLowOrder, isStrictSignature } from './encodings.js'
import type { ShortHkdf } from './hkdf-kernel.js'
import {
  AES_CTR,
  CHACHA20,
  type CounterMode,
  memoryReleaser,
  PIECE_LENGTH,
  readForward,
} from './keystream.js'
import {
  authenticate,
  type Native,
  plain,
  privateKeys,
  publicKeyOf,
  publicKeys,
  readsPrivateText,
} from './node-primitives.js'
import type {
  HashSuite,
  OwnKeyAgreement,
  OwnProvider,
  OwnSignatureScheme,
  SymmetricSuite,
} from './provider.js'

/**
 * Options of {@link nodeCrypto}.
 * @public
 */
export interface NodeCryptoOptions {
  /**
   * Whether Node 20 may import the X25519 private keys of a round as text (JWK), which takes 0.04 ms instead of 0.37 ms. A
   * client imports two of them in a round, a server one for each client that drops out. JavaScript cannot overwrite text: a
   * copy of each key then stays in memory until the engine reuses that memory. Default: `false`. Later versions of Node
   * import every form equally fast, and ignore the option. Long-term Ed25519 keys are never imported as text.
   */
  readonly privateKeysAsText?: boolean | undefined
}

/**
 * The provider built on Node's `crypto` module, the fastest of the three. It has the suites whose ciphers Node's OpenSSL
 * has: usually both, but some builds and configurations lack ChaCha20.
 *
 * Its operations run on the calling thread. They are complete when they return their promise.
 *
 * @param options - What the caller decides. Default: `{}`.
 * @returns The provider; `undefined` if this is not Node, or its module lacks what the provider needs.
 * @throws {SecAggError} `invalid-argument` if an option is of the wrong kind.
 * @example
 * ```ts
 * import { nodeCrypto, webCrypto } from 'secagg/crypto'
 *
 * const crypto = nodeCrypto() ?? (await webCrypto())
 * console.log(crypto?.name) // 'node'
 * ```
 * @public
 */
export function nodeCrypto(options: NodeCryptoOptions = {}): OwnProvider | undefined {
  const { privateKeysAsText = false } = partsOf('the options of nodeCrypto', options)
  if (typeof privateKeysAsText !== 'boolean') {
    throw wrongKind('privateKeysAsText', 'a boolean', privateKeysAsText)
  }
  const native = builtinModule('node:crypto')
  // Some runtimes have parts of the module only.
  if (typeof native?.diffieHellman !== 'function') return undefined
  const ciphers = ciphersOf(native)
  const zeros = new Uint8Array(PIECE_LENGTH)
  return {
    name: 'node',
    randomBytes(length) {
      requireInteger('the number of random bytes', length, 0, 2 ** 31 - 1)
      return native.randomFillSync(createBytes(length))
    },
    x25519: keyAgreement(native, privateKeysAsText),
    ed25519: signatureScheme(native),
    sha256: hashSuite(native),
    suites: {
      ...(ciphers.includes(AES.stream) && { aes: symmetricSuite(native, AES, zeros) }),
      ...(ciphers.includes(CHACHA.stream) && { chacha: symmetricSuite(native, CHACHA, zeros) }),
    },
  }
}

/** The names of the ciphers. Runtimes that imitate Node may not have the list. */
function ciphersOf(native: Native): readonly string[] {
  try {
    return native.getCiphers()
  } catch {
    return []
  }
}

function keyAgreement(native: Native, asText: boolean): OwnKeyAgreement {
  const imported = privateKeys(native, 'X25519', asText && readsPrivateText(native))
  // A server agrees with the same clients once for every client that dropped out.
  const importedPublic = publicKeys(native, 'X25519')
  return {
    async publicKey(privateKey) {
      return publicKeyOf(native, imported(privateKey))
    },
    async sharedSecrets(privateKey, publicKeys) {
      const own = imported(privateKey)
      requireKeys(publicKeys)
      return publicKeys.map((key) => {
        if (isLowOrder(key)) return undefined
        return plain(native.diffieHellman({ privateKey: own, publicKey: importedPublic(key) }))
      })
    },
  }
}

function signatureScheme(native: Native): OwnSignatureScheme {
  const imported = privateKeys(native, 'Ed25519', false)
  const importedPublic = publicKeys(native, 'Ed25519')
  return {
    async publicKey(privateKey) {
      return publicKeyOf(native, imported(privateKey))
    },
    async sign(privateKey, message) {
      requireShort('a message to sign', message)
      return plain(native.sign(null, message, imported(privateKey)))
    },
    async verify(publicKey, message, signature) {
      requireSignature(publicKey, message, signature)
      if (!isStrictSignature(publicKey, signature)) return false
      try {
        return native.verify(null, message, importedPublic(publicKey), signature)
      } catch {
        return false // Deno throws for a key that is not on the curve
      }
    },
  }
}

function hashSuite(native: Native): HashSuite {
  // Loaded on demand, because pages do not need it. Without it, Node's HMAC derives the same keys, in four times the time.
  let shortHkdf: ShortHkdf | undefined
  import('./hkdf-kernel.js').then(
    (kernel) => {
      shortHkdf = kernel.shortHkdf
    },
    () => undefined, // it cannot be loaded
  )
  return {
    async hmac(key, message) {
      requireShort('the key of an HMAC', key)
      requireBytes('the message of an HMAC', message)
      return authenticate(native, key, message)
    },
    async hkdf(secret, salt, info, length) {
      requireDerivation(secret, salt, info, length)
      return shortHkdf?.(secret, salt, info, length) ?? derive(native, secret, salt, info, length)
    },
  }
}

/** HKDF (RFC 5869, section 2). On Node 20, `hkdfSync` takes longer. */
function derive(
  native: Native,
  secret: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const extracted = authenticate(native, salt, secret)
  const first = authenticate(native, extracted, info, ONE)
  const second = length > 32 ? authenticate(native, extracted, first, info, TWO) : NONE
  const blocks = concatBytes(first, second)
  const derived = blocks.slice(0, length)
  wipe(extracted, first, second, blocks)
  return derived
}

const NONE = new Uint8Array(0)
const ONE = Uint8Array.of(1)
const TWO = Uint8Array.of(2)

/** The memory of shorter pieces of keystream can wait for the garbage collector: freeing it at once would take longer. */
const LONG = 2 ** 14

/** The two ciphers of a {@link SymmetricSuite}, with the names that OpenSSL gives them. */
interface NativeSuite {
  readonly keyLength: 16 | 32
  readonly sealing: 'aes-128-gcm' | 'chacha20-poly1305'
  readonly stream: 'aes-128-ctr' | 'chacha20'
  readonly mode: CounterMode
}

const AES: NativeSuite = { keyLength: 16, sealing: 'aes-128-gcm', stream: 'aes-128-ctr', mode: AES_CTR }
const CHACHA: NativeSuite = {
  keyLength: 32,
  sealing: 'chacha20-poly1305',
  stream: 'chacha20',
  mode: CHACHA20,
}

function symmetricSuite(native: Native, suite: NativeSuite, zeros: Uint8Array): SymmetricSuite {
  const { keyLength, stream, mode } = suite
  const free = memoryReleaser()
  const what = `a key of ${suite.sealing}`
  const nonce = new Uint8Array(12)
  // Both ciphers have the same interface, so one of the two types is enough.
  const sealing = suite.sealing as 'aes-128-gcm'
  const options = { authTagLength: 16 }
  return {
    keyLength,
    async seal(key, associatedData, plaintext) {
      requireLength(what, key, keyLength)
      requireSealing(associatedData, plaintext)
      const cipher = native.createCipheriv(sealing, key, nonce, options).setAAD(associatedData)
      const sealed = new Uint8Array(plaintext.length + 16)
      sealed.set(cipher.update(plaintext))
      cipher.final()
      sealed.set(cipher.getAuthTag(), plaintext.length)
      return sealed
    },
    async open(key, associatedData, sealed) {
      requireLength(what, key, keyLength)
      requireSealing(associatedData, sealed)
      if (sealed.length < 16) return undefined
      const decipher = native.createDecipheriv(sealing, key, nonce, options).setAAD(associatedData)
      const plaintext = plain(decipher.update(sealed.subarray(0, -16)))
      try {
        decipher.setAuthTag(sealed.subarray(-16)).final()
        return plaintext
      } catch {
        wipe(plaintext)
        return undefined
      }
    },
    keystream(seed, offset) {
      requireLength(what, seed, keyLength)
      const key = Uint8Array.from(seed)
      let cipher: ReturnType<Native['createCipheriv']> | undefined
      let last: Uint8Array | undefined
      const reader = readForward(mode, offset, (_, length) => {
        if (cipher === undefined) {
          cipher = native.createCipheriv(stream, key, mode.block(offset))
          wipe(key)
        }
        if (length <= zeros.length) {
          last = cipher.update(zeros.subarray(0, length))
          return last
        }
        const piece = new Uint8Array(length)
        for (let from = 0; from < length; from += zeros.length) {
          piece.set(cipher.update(zeros.subarray(0, length - from)), from)
        }
        return piece
      })
      return {
        next: reader.next,
        // If the garbage collector had to free the pieces, masking a vector would spend a fifth of its time on that.
        release: () => {
          if (last !== undefined && last.length >= LONG) free(last)
          last = undefined
        },
      }
    },
  }
}
