import type { CryptoProvider, SymmetricSuite } from 'secagg/crypto'
import { hexOf } from './support.js'

/** What one party asked of its provider, in hexadecimal. */
export interface Used {
  /** What masks were made of. */
  readonly seeds: string[]
  readonly sealing: string[]
  readonly opening: string[]
  /** What each sealed message was bound to. */
  readonly associated: string[]
  readonly drawn: string[]
  readonly agreements: string[]
  readonly derivations: Derivation[]
}

interface Derivation {
  readonly secret: string
  readonly salt: string
  readonly info: string
  readonly output: string
}

export function nothingUsed(): Used {
  return { seeds: [], sealing: [], opening: [], associated: [], drawn: [], agreements: [], derivations: [] }
}

/** `provider`, which also writes down in `used` what it is asked. */
export function recording(provider: CryptoProvider, used: Used): CryptoProvider {
  const recordingSuite = (suite: SymmetricSuite): SymmetricSuite => ({
    ...suite,
    seal: (key, associatedData, plaintext) => {
      used.sealing.push(hexOf(key))
      used.associated.push(hexOf(associatedData))
      return suite.seal(key, associatedData, plaintext)
    },
    open: (key, ...rest) => {
      used.opening.push(hexOf(key))
      return suite.open(key, ...rest)
    },
    keystream: (seed, offset) => {
      used.seeds.push(hexOf(seed))
      return suite.keystream(seed, offset)
    },
  })
  const { aes, chacha } = provider.suites
  return {
    ...provider,
    randomBytes: (length) => {
      const drawn = provider.randomBytes(length)
      used.drawn.push(hexOf(drawn))
      return drawn
    },
    x25519: {
      ...provider.x25519,
      sharedSecrets: async (...request) => {
        const agreements = await provider.x25519.sharedSecrets(...request)
        for (const agreement of agreements) if (agreement) used.agreements.push(hexOf(agreement))
        return agreements
      },
    },
    sha256: {
      ...provider.sha256,
      hkdf: async (secret, salt, info, length) => {
        const output = await provider.sha256.hkdf(secret, salt, info, length)
        used.derivations.push({
          secret: hexOf(secret),
          salt: hexOf(salt),
          info: hexOf(info),
          output: hexOf(output),
        })
        return output
      },
    },
    suites: { ...(aes && { aes: recordingSuite(aes) }), ...(chacha && { chacha: recordingSuite(chacha) }) },
  }
}
