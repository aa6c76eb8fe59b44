import { ml_dsa65 } from '@noble/post-quantum/ml-dsa.js'
import type { SignedClaim, Signer } from 'secagg'
import { withPostQuantum } from 'secagg/post-quantum'
import { expect, test } from 'vitest'
import { runCohort } from '../support/cohort.js'
import { toyCrypto } from '../support/toy-crypto.js'

const CLIENTS = 4
const SIGNATURE = 3309

test('with identities by ML-DSA-65, the round ends with the right sum', async () => {
  const keys = Array.from({ length: CLIENTS }, (_, seat) =>
    ml_dsa65.keygen(new Uint8Array(32).fill(seat + 1)),
  )
  const signerOf = (seat: number): Signer => ({
    sign: async (message) => ml_dsa65.sign(message, keys[seat]!.secretKey),
  })
  const verifyIdentity = async ({ seat, message, signature }: SignedClaim): Promise<string | undefined> =>
    ml_dsa65.verify(signature, message, keys[seat]!.publicKey) ? `client ${seat}` : undefined
  const result = await runCohort({
    clients: CLIENTS,
    adversary: 'active',
    suite: 'chacha',
    keyAgreement: 'x25519-ml-kem-768',
    signatureLength: SIGNATURE,
    crypto: await withPostQuantum(toyCrypto(1)),
    clientOptions: (seat) => ({ signer: signerOf(seat), verifyIdentity }),
    serverOptions: { verifyIdentity },
    stages: [9, 2, 9, 9],
  })
  expect([result.error, ...result.clientErrors.values()]).toEqual([undefined])
  expect(result.survivors).toEqual([0, 2, 3])
  expect(result.outcome?.sum).toEqual(result.expected)
})
