import { type CryptoProvider, dangerouslyTrustAnyIdentity, ed25519Signer, ed25519Verifier } from 'secagg'
import { type Example, type Examples, optional, orBigint, said } from './examples.js'

// Examples of functions that two entries export.

export const createRoundConfig = (): Example => ({
  args: [
    {
      sessionId: new Uint8Array(32).fill(1),
      clients: 20,
      adversary: 'honest-but-curious',
      segments: [{ length: 100, bits: 32, bound: orBigint(1000) }],
      threshold: 10,
      graph: optional({
        neighbors: 18,
        assumptions: {
          dropoutFraction: 0.05,
          corruptFraction: 0,
          statisticalSecurity: optional(20),
        },
      }),
      suite: optional('chacha'),
      minimumCohort: 19,
      sliceLength: optional(64),
      signatureLength: optional(64),
      context: optional({ model: optional(new Uint8Array(3)) }),
    },
  ],
})

/** A provider for functions that only draw random bytes. */
export const generator = ({ randomBytes }: CryptoProvider): CryptoProvider =>
  ({ randomBytes }) as Partial<CryptoProvider> as CryptoProvider

/** A provider whose parts are replaced one by one. Only the suite of the round is required; its absence is not a usage error. */
export function provider({
  name,
  randomBytes,
  x25519,
  ed25519,
  sha256,
  suites,
}: CryptoProvider): CryptoProvider {
  const { aes, chacha } = suites
  const optionalSuites = { aes: optional({ ...aes }), chacha: optional({ ...chacha }) }
  return {
    name,
    randomBytes,
    x25519: { ...x25519 },
    ed25519: { ...ed25519 },
    sha256: { ...sha256 },
    suites: optionalSuites as CryptoProvider['suites'],
  }
}

/** A header is enough. */
export const inspectMessage = (): Example => ({ args: [said(Uint8Array.of(2, 1))] })

export const minimumThreshold = (): Example => ({
  args: [{ clients: 10, adversary: 'active', corruptClients: optional(2) }],
})

export function identities({ ed25519 }: CryptoProvider): Examples {
  const key = new Uint8Array(32).fill(4)
  const claim = { seat: 0, message: new Uint8Array(3), signature: new Uint8Array(64) }
  return {
    dangerouslyTrustAnyIdentity: () => ({ args: [] }),
    'dangerouslyTrustAnyIdentity().call': () => ({ on: dangerouslyTrustAnyIdentity(), args: [claim] }),
    ed25519Signer: () => ({ args: [key, { ...ed25519 }] }),
    'ed25519Signer().sign': () => ({ on: ed25519Signer(key, ed25519), args: [new Uint8Array(3)] }),
    ed25519Verifier: () => ({ args: [() => key, { ...ed25519 }] }),
    'ed25519Verifier().call': () => ({ on: ed25519Verifier(() => key, ed25519), args: [claim] }),
  }
}
