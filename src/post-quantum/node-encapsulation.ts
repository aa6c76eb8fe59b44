import { builtinModule } from '../crypto/builtin.js'
import { concatBytes, plainBytes, wipe } from '../crypto/bytes.js'
import {
  isEncapsulationKey,
  KEM_KEY_LENGTH,
  type KeyEncapsulation,
  requireKemCiphertexts,
  requireKemKeys,
  requireKemSeed,
} from '../crypto/encapsulation.js'
import { PRIVATE_KEY_HEADER, PUBLIC_KEY_HEADER } from './key-headers.js'

type Native = ReturnType<typeof process.getBuiltinModule<'node:crypto'>>
type PrivateKey = ReturnType<Native['createPrivateKey']>
type PublicKey = ReturnType<Native['createPublicKey']>

/** The functions that Node has from 24.7 on. */
interface Encapsulating {
  encapsulate(key: PublicKey): { readonly ciphertext: Uint8Array; readonly sharedKey: Uint8Array }
  decapsulate(key: PrivateKey, ciphertext: Uint8Array): Uint8Array
}

/**
 * ML-KEM-768 by Node's `crypto` module; `undefined` if this is not Node, or its OpenSSL has no ML-KEM.
 *
 * Keys are passed in the two encodings that every release with ML-KEM reads: PKCS #8 with the seed alone, and SPKI. Private
 * keys are never exported, because releases differ in what they write.
 */
export function nodeEncapsulation(): KeyEncapsulation | undefined {
  const native = builtinModule('node:crypto') as (Native & Encapsulating) | undefined
  if (typeof native?.encapsulate !== 'function' || typeof native.decapsulate !== 'function') return undefined
  const privateKeyOf = (seed: Uint8Array): PrivateKey => {
    requireKemSeed(seed)
    const encoded = concatBytes(PRIVATE_KEY_HEADER, seed)
    // Node's types require a Buffer, but Node itself accepts any Uint8Array.
    const key = native.createPrivateKey({ key: encoded as Buffer, format: 'der', type: 'pkcs8' })
    wipe(encoded)
    return key
  }
  const fromSpki = (key: Uint8Array): PublicKey => {
    const encoded = concatBytes(PUBLIC_KEY_HEADER, key) as Buffer
    return native.createPublicKey({ key: encoded, format: 'der', type: 'spki' })
  }
  // Not all releases read raw keys, which takes half the time. A key of zeros is a key.
  const publicKeyOf = readsRaw(native) ? (key: Uint8Array) => fromRaw(native, key) : fromSpki
  return {
    async publicKey(seed) {
      const encoded = native.createPublicKey(privateKeyOf(seed)).export({ format: 'der', type: 'spki' })
      return new Uint8Array(encoded.subarray(PUBLIC_KEY_HEADER.length))
    },
    async encapsulate(publicKeys) {
      requireKemKeys(publicKeys)
      return publicKeys.map((key) => {
        if (!isEncapsulationKey(key)) return undefined
        const { ciphertext, sharedKey } = native.encapsulate(publicKeyOf(key))
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

function fromRaw(native: Native, key: Uint8Array): PublicKey {
  // The types of Node do not have this format yet.
  const raw = { key, format: 'raw-public', asymmetricKeyType: 'ml-kem-768' }
  return native.createPublicKey(raw as unknown as Parameters<Native['createPublicKey']>[0])
}

function readsRaw(native: Native): boolean {
  try {
    return fromRaw(native, new Uint8Array(KEM_KEY_LENGTH)).type === 'public'
  } catch {
    return false
  }
}

/** A Buffer's bytes as a Uint8Array, because a slice of a Buffer shares its memory. */
function plain({ buffer, byteOffset, length }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length)
}
