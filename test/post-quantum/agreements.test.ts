import { bytesToHex } from '@noble/hashes/utils.js'
import { withPostQuantum } from 'secagg/post-quantum'
import { expect, test } from 'vitest'
import { runCohort } from '../support/cohort.js'
import { toyCrypto } from '../support/toy-crypto.js'

test('the server makes each agreement of mask keys once, and all of them are wiped', async () => {
  const crypto = await withPostQuantum(toyCrypto(1))
  const counts = new Map<string, number>()
  const made: Uint8Array[] = []
  const x25519 = {
    ...crypto.x25519,
    sharedSecrets: async (privateKey: Uint8Array, publicKeys: readonly Uint8Array[]) => {
      for (const key of publicKeys) {
        const pair = bytesToHex(privateKey) + bytesToHex(key)
        counts.set(pair, (counts.get(pair) ?? 0) + 1)
      }
      const agreements = await crypto.x25519.sharedSecrets(privateKey, publicKeys)
      made.push(...agreements.filter((agreement) => agreement !== undefined))
      return agreements
    },
  }
  const dropped = [2, 5]
  const clients = 9
  const run = await runCohort({
    clients,
    adversary: 'honest-but-curious',
    keyAgreement: 'x25519-ml-kem-768',
    crypto,
    stages: Array.from({ length: clients }, (_, seat) => (dropped.includes(seat) ? 2 : 9)),
    serverOptions: { crypto: { ...crypto, x25519 } },
  })
  expect([run.error, ...run.clientErrors.values()]).toEqual([undefined])
  expect(run.outcome?.sum).toEqual(run.expected)
  // Each client that dropped out with each survivor, whichever of the two has sent.
  expect([...counts.values()]).toEqual(Array.from({ length: 2 * 7 }, () => 1))
  for (const agreement of made) expect(agreement).toEqual(new Uint8Array(32))
})
