import { isPromise } from '../arguments.js'
import { wipe } from '../crypto/bytes.js'
import {
  isEncapsulationKey,
  type KeyEncapsulation,
  requireKemCiphertexts,
  requireKemKeys,
  requireKemSeed,
} from '../crypto/encapsulation.js'

/**
 * What `keygen` of {@link MlKemFunctions} returns.
 * @public
 */
export interface MlKemKeys {
  /** 1184 bytes. */
  readonly publicKey: Uint8Array
  /** The expanded private key, 2400 bytes. */
  readonly secretKey: Uint8Array
}

/**
 * What `encapsulate` of {@link MlKemFunctions} returns.
 * @public
 */
export interface MlKemEncapsulated {
  /** 1088 bytes. */
  readonly ciphertext: Uint8Array
  /** 32 bytes. */
  readonly sharedSecret: Uint8Array
}

/**
 * The functions of ML-KEM-768 as packages have them. Each may also return a promise.
 * @public
 */
export interface MlKemFunctions {
  /** The key pair of a 64-byte seed, d ‖ z. */
  keygen(seed: Uint8Array): MlKemKeys | Promise<MlKemKeys>
  /** A fresh secret, from a cryptographically secure generator, and the ciphertext that takes it to the owner of the key. */
  encapsulate(publicKey: Uint8Array): MlKemEncapsulated | Promise<MlKemEncapsulated>
  /** The secret in a ciphertext. One that was changed gives another secret and no error (implicit rejection). */
  decapsulate(ciphertext: Uint8Array, secretKey: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/**
 * ML-KEM-768 by these functions. They get only public keys that pass the checks of FIPS 203, section 7.2. Arguments and results
 * are copied, because they may be parts of a package's memory. Expanded private keys exist only during a call.
 */
export const packageEncapsulation = (functions: MlKemFunctions): KeyEncapsulation => ({
  async publicKey(seed) {
    requireKemSeed(seed)
    return using(functions.keygen(Uint8Array.from(seed)), ({ publicKey, secretKey }) => {
      wipe(secretKey)
      return new Uint8Array(publicKey)
    })
  },
  async encapsulate(publicKeys) {
    requireKemKeys(publicKeys)
    return Promise.all(
      publicKeys.map(async (key) => {
        if (!isEncapsulationKey(key)) return undefined
        const made = functions.encapsulate(Uint8Array.from(key))
        return using(made, ({ ciphertext, sharedSecret }) => ({
          ciphertext: new Uint8Array(ciphertext),
          secret: new Uint8Array(sharedSecret),
        }))
      }),
    )
  },
  async decapsulate(seed, ciphertexts) {
    requireKemSeed(seed)
    requireKemCiphertexts(ciphertexts)
    if (ciphertexts.length === 0) return []
    const secretKey = await using(functions.keygen(Uint8Array.from(seed)), (keys) => {
      const copy = new Uint8Array(keys.secretKey)
      wipe(keys.secretKey)
      return copy
    })
    const secretIn = (ciphertext: Uint8Array): Promise<Uint8Array> =>
      using(functions.decapsulate(Uint8Array.from(ciphertext), secretKey), (secret) => new Uint8Array(secret))
    try {
      return await Promise.all(ciphertexts.map(secretIn))
    } finally {
      wipe(secretKey)
    }
  },
})

/** Copies a result at once, not a turn later: a package may return its memory, which the next call uses again. */
async function using<T, R>(result: T | Promise<T>, copy: (value: T) => R): Promise<R> {
  return copy(isPromise(result) ? await result : result)
}
