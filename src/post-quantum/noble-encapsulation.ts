import type { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { plainBytes, wipe } from '../crypto/bytes.js'
import {
  isEncapsulationKey,
  type KeyEncapsulation,
  requireKemCiphertexts,
  requireKemKeys,
  requireKemSeed,
} from '../crypto/encapsulation.js'

/**
 * ML-KEM-768 by `@noble/post-quantum`, in plain JavaScript. The caller imports the package, which may be missing: bundlers accept
 * that of an import that the program calls and whose error it catches.
 */
export const nobleEncapsulation = (kem: typeof ml_kem768): KeyEncapsulation => ({
  async publicKey(seed) {
    requireKemSeed(seed)
    const { publicKey, secretKey } = kem.keygen(plainBytes(seed))
    wipe(secretKey)
    return publicKey
  },
  async encapsulate(publicKeys) {
    requireKemKeys(publicKeys)
    return publicKeys.map((key) => {
      if (!isEncapsulationKey(key)) return undefined
      const { cipherText, sharedSecret } = kem.encapsulate(plainBytes(key))
      return { ciphertext: cipherText, secret: sharedSecret }
    })
  },
  async decapsulate(seed, ciphertexts) {
    requireKemSeed(seed)
    requireKemCiphertexts(ciphertexts)
    if (ciphertexts.length === 0) return []
    const { publicKey, secretKey } = kem.keygen(plainBytes(seed))
    // The matrix of the public key is expanded once for all ciphertexts.
    const prepared = kem.prepare(publicKey)
    try {
      return ciphertexts.map((ciphertext) => prepared.decapsulate(plainBytes(ciphertext), secretKey))
    } finally {
      wipe(secretKey)
      prepared.clean()
    }
  },
})
