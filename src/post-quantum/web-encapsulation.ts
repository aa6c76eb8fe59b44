import { wipe } from '../crypto/bytes.js'
import {
  isEncapsulationKey,
  type KeyEncapsulation,
  requireKemCiphertexts,
  requireKemKeys,
  requireKemSeed,
} from '../crypto/encapsulation.js'

const ALGORITHM = 'ML-KEM-768'

/** The methods of WebCrypto that the types of TypeScript do not have yet. */
interface Encapsulating {
  importKey(
    format: 'raw-seed' | 'raw-public',
    bytes: Uint8Array<ArrayBuffer>,
    algorithm: typeof ALGORITHM,
    extractable: boolean,
    usages: readonly ('encapsulateBits' | 'decapsulateBits')[],
  ): Promise<CryptoKey>
  exportKey(format: 'raw-public', key: CryptoKey): Promise<ArrayBuffer>
  getPublicKey(key: CryptoKey, usages: readonly 'encapsulateBits'[]): Promise<CryptoKey>
  encapsulateBits(
    algorithm: typeof ALGORITHM,
    key: CryptoKey,
  ): Promise<{ readonly ciphertext: ArrayBuffer; readonly sharedKey: ArrayBuffer }>
  decapsulateBits(
    algorithm: typeof ALGORITHM,
    key: CryptoKey,
    ciphertext: Uint8Array<ArrayBuffer>,
  ): Promise<ArrayBuffer>
}

/** ML-KEM-768 by WebCrypto; `undefined` if the platform has no such methods. */
export function webEncapsulation(): KeyEncapsulation | undefined {
  const subtle = globalThis.crypto?.subtle as unknown as Encapsulating | undefined
  if (typeof subtle?.encapsulateBits !== 'function' || typeof subtle.getPublicKey !== 'function')
    return undefined
  const privateKeyOf = async (seed: Uint8Array): Promise<CryptoKey> => {
    requireKemSeed(seed)
    // A copy, because the caller may wipe the seed while the promise is pending.
    const copy = new Uint8Array(seed)
    try {
      return await subtle.importKey('raw-seed', copy, ALGORITHM, false, ['decapsulateBits'])
    } finally {
      wipe(copy)
    }
  }
  return {
    async publicKey(seed) {
      const publicKey = await subtle.getPublicKey(await privateKeyOf(seed), ['encapsulateBits'])
      return new Uint8Array(await subtle.exportKey('raw-public', publicKey))
    },
    async encapsulate(publicKeys) {
      requireKemKeys(publicKeys)
      return Promise.all(
        publicKeys.map(async (key) => {
          if (!isEncapsulationKey(key)) return undefined
          const imported = await subtle.importKey('raw-public', new Uint8Array(key), ALGORITHM, true, [
            'encapsulateBits',
          ])
          const { ciphertext, sharedKey } = await subtle.encapsulateBits(ALGORITHM, imported)
          return { ciphertext: new Uint8Array(ciphertext), secret: new Uint8Array(sharedKey) }
        }),
      )
    },
    async decapsulate(seed, ciphertexts) {
      requireKemCiphertexts(ciphertexts)
      const copies = ciphertexts.map((ciphertext) => new Uint8Array(ciphertext))
      const key = await privateKeyOf(seed)
      return Promise.all(
        copies.map(async (copy) => new Uint8Array(await subtle.decapsulateBits(ALGORITHM, key, copy))),
      )
    },
  }
}
