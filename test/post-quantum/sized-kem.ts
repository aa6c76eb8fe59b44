import type { KeyEncapsulation } from 'secagg/crypto'

/**
 * Stands in for ML-KEM-768 where only sizes matter: keys, ciphertexts and secrets are as long, and nothing is secret. A
 * ciphertext begins with its secret.
 */
export const sizedKem: KeyEncapsulation = {
  publicKey: async (seed) => {
    const key = new Uint8Array(1184)
    key.set(seed, 1184 - 32 - seed.length)
    // Every coefficient stays below the modulus.
    for (let at = 0; at < 1152; at++) key[at]! &= 0x0b
    key.set(seed.subarray(0, 32), 1152)
    return key
  },
  encapsulate: async (publicKeys) =>
    publicKeys.map(() => {
      const secret = crypto.getRandomValues(new Uint8Array(32))
      const ciphertext = new Uint8Array(1088)
      ciphertext.set(secret)
      return { ciphertext, secret }
    }),
  decapsulate: async (_seed, ciphertexts) => ciphertexts.map((ciphertext) => ciphertext.slice(0, 32)),
}
