import type { Signer, VerifyIdentity } from 'secagg'
import { describe, expect, it } from 'vitest'
import { runCohort } from '../support/cohort.js'

const CLIENTS = 4

/** Keys that never leave WebCrypto: ECDSA on P-256, which is not the library's own Ed25519. */
async function nonExtractable(): Promise<{ signers: readonly Signer[]; verifyIdentity: VerifyIdentity }> {
  const { subtle } = globalThis.crypto
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const pairs = await Promise.all(
    Array.from({ length: CLIENTS }, () => subtle.generateKey(algorithm, false, ['sign', 'verify'])),
  )
  expect(pairs.map(({ privateKey }) => privateKey.extractable)).toEqual(new Array(CLIENTS).fill(false))
  return {
    signers: pairs.map(({ privateKey }) => ({
      sign: async (message) => new Uint8Array(await subtle.sign(algorithm, privateKey, message)),
    })),
    verifyIdentity: async ({ seat, message, signature }) => {
      const valid = await subtle.verify(algorithm, pairs[seat]!.publicKey, signature, message)
      return valid ? `employee ${seat}` : undefined
    },
  }
}

describe('the active model with signatures of the caller', () => {
  it('takes keys that cannot be extracted', async () => {
    const { signers, verifyIdentity } = await nonExtractable()
    const { outcome, expected } = await runCohort({
      clients: CLIENTS,
      adversary: 'active',
      stages: [5, 5, 5, 3],
      clientOptions: (seat) => ({ signer: signers[seat], verifyIdentity }),
      serverOptions: { verifyIdentity },
    })
    expect(outcome?.sum).toEqual(expected)
    expect(outcome?.report.survivors).toEqual([0, 1, 2, 3])
  })

  it('refuses the one that signs with the key of another seat', async () => {
    const { signers, verifyIdentity } = await nonExtractable()
    const { outcome, server } = await runCohort({
      clients: CLIENTS,
      adversary: 'active',
      clientOptions: (seat) => ({ signer: signers[seat === 2 ? 1 : seat], verifyIdentity }),
      serverOptions: { verifyIdentity },
    })
    expect(outcome?.report.survivors).toEqual([0, 1, 3])
    expect(server.report.refused).toMatchObject([{ seat: 2, code: 'invalid-signature' }])
  })

  it('takes signatures of another length, where the configuration says so', async () => {
    const certificate = (seat: number, message: Uint8Array): Uint8Array =>
      Uint8Array.from({ length: 200 }, (_, i) => (message[i % message.length]! ^ seat) & 0xff)
    const verifyIdentity: VerifyIdentity = async ({ seat, message, signature }) =>
      String(signature) === String(certificate(seat, message)) ? `holder ${seat}` : undefined
    const { outcome, expected } = await runCohort({
      clients: CLIENTS,
      adversary: 'active',
      signatureLength: 200,
      clientOptions: (seat) => ({
        signer: { sign: async (message) => certificate(seat, message) },
        verifyIdentity,
      }),
      serverOptions: { verifyIdentity },
    })
    expect(outcome?.sum).toEqual(expected)
  })
})
