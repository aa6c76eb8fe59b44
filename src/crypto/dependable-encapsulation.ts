import { requireMethods } from '../arguments.js'
import { plainBytes } from './bytes.js'
import { guarded, hasLength, remembered } from './dependable.js'
import {
  type Encapsulated,
  KEM_CIPHERTEXT_LENGTH,
  KEM_KEY_LENGTH,
  KEM_SECRET_LENGTH,
  type KeyEncapsulation,
} from './encapsulation.js'

/**
 * Wraps ML-KEM-768 of a provider in checks of its results, as `dependableProvider` does with all that every round needs.
 * @throws {SecAggError} `invalid-argument` if it lacks a method.
 */
export function dependableEncapsulation(kem: KeyEncapsulation): KeyEncapsulation {
  return remembered(kem, 'mlKem768 of a crypto provider', (what) => {
    requireMethods(what, kem, 'publicKey', 'encapsulate', 'decapsulate')
    const encapsulate = guarded(
      'mlKem768.encapsulate',
      (keys: readonly Uint8Array[]) => kem.encapsulate(keys),
      (made, [keys]) => areEncapsulated(made, keys.length),
    )
    return {
      publicKey: guarded('mlKem768.publicKey', (seed) => kem.publicKey(seed), hasLength(KEM_KEY_LENGTH)),
      encapsulate: async (keys) => (await encapsulate(keys)).map((made) => made && plain(made)),
      decapsulate: guarded(
        'mlKem768.decapsulate',
        (seed, ciphertexts) => kem.decapsulate(seed, ciphertexts),
        (secrets, [, ciphertexts]) => areSecrets(secrets, ciphertexts.length),
      ),
    }
  })
}

/** Whether a provider has returned `count` encapsulated secrets, some of which may be `undefined`. */
function areEncapsulated(results: unknown, count: number): boolean {
  return (
    Array.isArray(results) &&
    results.length === count &&
    results.every((result) => result === undefined || isEncapsulated(result))
  )
}

function isEncapsulated(result: unknown): result is Encapsulated {
  const { ciphertext, secret } = (result ?? {}) as Partial<Encapsulated>
  return hasLength(KEM_CIPHERTEXT_LENGTH)(ciphertext) && hasLength(KEM_SECRET_LENGTH)(secret)
}

/** Whether a provider has returned `count` secrets. */
function areSecrets(results: unknown, count: number): boolean {
  return Array.isArray(results) && results.length === count && results.every(hasLength(KEM_SECRET_LENGTH))
}

function plain({ ciphertext, secret }: Encapsulated): Encapsulated {
  return { ciphertext: plainBytes(ciphertext), secret: plainBytes(secret) }
}
