import { hexToBytes } from '@noble/hashes/utils.js'
import { builtinModule } from '../crypto/builtin.js'
import { concatBytes, equalBytes, plainBytes, wipe } from '../crypto/bytes.js'
import {
  isEncapsulationKey,
  KEM_KEY_LENGTH,
  type KeyEncapsulation,
  requireKemCiphertexts,
  requireKemKeys,
  requireKemSeed,
} from '../crypto/encapsulation.js'
import { importedOnce, type Native, type PrivateKey, type PublicKey } from '../crypto/node-primitives.js'

/**
 * What stands before a 64-byte seed in PKCS #8: SEQUENCE { INTEGER 0, SEQUENCE { OID id-alg-ml-kem-768 },
 * OCTET STRING { [0] seed } } (RFC 9935, section 6).
 */
const PRIVATE_KEY_HEADER = hexToBytes('3054020100300b060960864801650304040204428040')

/** What stands before a public key of 1184 bytes in SPKI (RFC 9935, section 4). */
const PUBLIC_KEY_HEADER = hexToBytes('308204b2300b0609608648016503040402038204a100')

/** A public key in the form that newer releases read, instead of a key object. */
interface RawKey {
  readonly key: Uint8Array
  readonly format: 'raw-public'
  readonly asymmetricKeyType: 'ml-kem-768'
}

/** The functions that Node has from 24.7 on. */
interface Encapsulating {
  encapsulate(key: PublicKey | RawKey): { readonly ciphertext: Uint8Array; readonly sharedKey: Uint8Array }
  decapsulate(key: PrivateKey, ciphertext: Uint8Array): Uint8Array
}

/**
 * ML-KEM-768 by Node's `crypto` module; `undefined` if this is not Node, or its OpenSSL has no ML-KEM.
 *
 * Private keys are passed as PKCS #8 with the seed alone, which every release with ML-KEM reads. They are never exported,
 * because releases differ in what they write. Public keys are passed raw if Node reads that, and otherwise as SPKI.
 */
export function nodeEncapsulation(): KeyEncapsulation | undefined {
  const native = builtinModule('node:crypto') as (Native & Encapsulating) | undefined
  if (typeof native?.encapsulate !== 'function' || typeof native.decapsulate !== 'function') return undefined
  const imported = importedOnce(native, (seed) => {
    const encoded = concatBytes(PRIVATE_KEY_HEADER, seed)
    // Node's types require a Buffer, but Node itself accepts any Uint8Array.
    const key = native.createPrivateKey({ key: encoded as Buffer, format: 'der', type: 'pkcs8' })
    wipe(encoded)
    return key
  })
  const privateKeyOf = (seed: Uint8Array): PrivateKey => {
    requireKemSeed(seed)
    return imported(seed)
  }
  const fromSpki = (key: Uint8Array): PublicKey => {
    const encoded = concatBytes(PUBLIC_KEY_HEADER, key) as Buffer
    return native.createPublicKey({ key: encoded, ...SPKI })
  }
  // Not all releases read and write raw keys. Where they do, it takes less time. A key of zeros is valid.
  const isRaw = readsRaw(native)
  const toEncapsulate = isRaw ? rawKey : fromSpki
  return {
    async publicKey(seed) {
      const key = native.createPublicKey(privateKeyOf(seed))
      return new Uint8Array(isRaw ? exportRaw(key) : key.export(SPKI).subarray(PUBLIC_KEY_HEADER.length))
    },
    async encapsulate(publicKeys) {
      requireKemKeys(publicKeys)
      return publicKeys.map((key) => {
        if (!isEncapsulationKey(key)) return undefined
        const { ciphertext, sharedKey } = native.encapsulate(toEncapsulate(key))
        return { ciphertext: plain(ciphertext), secret: plain(sharedKey) }
      })
    },
    async decapsulate(seed, ciphertexts) {
      const key = privateKeyOf(seed)
      requireKemCiphertexts(ciphertexts)
      return ciphertexts.map((ciphertext) => plain(native.decapsulate(key, plainBytes(ciphertext))))
    },
  }
}

const SPKI = { format: 'der', type: 'spki' } as const

/** The types of Node do not have this format yet. */
function rawKey(key: Uint8Array): RawKey {
  return { key, format: 'raw-public', asymmetricKeyType: 'ml-kem-768' }
}

function exportRaw(key: PublicKey): Buffer {
  return key.export({ format: 'raw-public' } as unknown as typeof SPKI)
}

function readsRaw(native: Native & Encapsulating): boolean {
  const key = new Uint8Array(KEM_KEY_LENGTH)
  try {
    const imported = native.createPublicKey(
      rawKey(key) as unknown as Parameters<Native['createPublicKey']>[0],
    )
    return native.encapsulate(rawKey(key)).sharedKey.length > 0 && equalBytes(exportRaw(imported), key)
  } catch {
    return false
  }
}

/** A Buffer's bytes as a Uint8Array, because a slice of a Buffer shares its memory. */
function plain({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length)
}
