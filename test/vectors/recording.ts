import type { CryptoProvider, SymmetricSuite } from 'secagg/crypto'
import { hex } from './bytes.js'

/** What a party asked of its primitives, in hexadecimal. */
export interface Asked {
  readonly derivations: { readonly secret: string; readonly info: string; readonly key: string }[]
  readonly sealed: {
    readonly key: string
    readonly associatedData: string
    readonly plaintext: string
    readonly ciphertext: string
  }[]
  readonly encapsulated: { readonly secret: string; readonly ciphertext: string }[]
  /** The private keys that were agreed with. */
  readonly agreedWith: Set<string>
}

/** A provider that keeps a record of what it is asked. */
export function recording(crypto: CryptoProvider): {
  readonly crypto: CryptoProvider
  readonly asked: Asked
} {
  const asked: Asked = { derivations: [], sealed: [], encapsulated: [], agreedWith: new Set() }
  const recorded = (suite: SymmetricSuite): SymmetricSuite => ({
    ...suite,
    seal: async (key, associatedData, plaintext) => {
      const ciphertext = await suite.seal(key, associatedData, plaintext)
      asked.sealed.push({
        key: hex(key),
        associatedData: hex(associatedData),
        plaintext: hex(plaintext),
        ciphertext: hex(ciphertext),
      })
      return ciphertext
    },
  })
  return {
    asked,
    crypto: {
      ...crypto,
      ...(crypto.mlKem768 && {
        mlKem768: {
          ...crypto.mlKem768,
          encapsulate: async (publicKeys) => {
            const made = await crypto.mlKem768!.encapsulate(publicKeys)
            for (const each of made) {
              asked.encapsulated.push({ secret: hex(each!.secret), ciphertext: hex(each!.ciphertext) })
            }
            return made
          },
        },
      }),
      x25519: {
        ...crypto.x25519,
        sharedSecrets: (privateKey, publicKeys) => {
          asked.agreedWith.add(hex(privateKey))
          return crypto.x25519.sharedSecrets(privateKey, publicKeys)
        },
      },
      sha256: {
        ...crypto.sha256,
        hkdf: async (secret, salt, info, length) => {
          const key = await crypto.sha256.hkdf(secret, salt, info, length)
          asked.derivations.push({ secret: hex(secret), info: hex(info), key: hex(key) })
          return key
        },
      },
      suites: Object.fromEntries(
        Object.entries(crypto.suites).map(([name, suite]) => [name, recorded(suite)]),
      ),
    },
  }
}
