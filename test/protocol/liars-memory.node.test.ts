import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { concatBytes } from '../../src/crypto/bytes.js'
import { HeldShares } from '../../src/protocol/server/held-shares.js'
import { findMisfits } from '../../src/protocol/server/reconstruct-secrets.js'
import { SecretRecovery } from '../../src/protocol/server/recover-secrets.js'
import { Budget } from '../../src/protocol/server/work.js'
import { fieldFor } from '../../src/shamir/field.js'
import { seatsBelow } from '../attacks/support.js'
import { toyCrypto } from '../support/toy-crypto.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** The bytes of live arrays. Another thread frees their memory, a little later. */
async function held(): Promise<number> {
  for (let turn = 0; turn < 3; turn++) {
    collectGarbage()
    await setTimeout(20)
  }
  return process.memoryUsage().arrayBuffers
}

test('if each holder reveals a wrong share of a different owner, the weights of only one choice of shares are kept', async () => {
  const [clients, threshold, liars] = [256, 129, 40]
  const holders = seatsBelow(clients)
  const layout = { field: fieldFor(clients), holders, coordinates: holders.map((holder) => holder + 1) }
  // All polynomials are constant.
  const secretOf = (owner: number): Uint8Array => new Uint8Array(32).fill(owner + 1)
  const owners = seatsBelow(liars).map((owner) => {
    const shares = holders.map((holder) => (holder === owner ? new Uint8Array(32).fill(99) : secretOf(owner)))
    return new HeldShares(owner, layout, concatBytes(...shares))
  })
  const before = await held()
  const means = {
    threshold,
    budget: new Budget(Number.POSITIVE_INFINITY, 0, undefined),
    checkCost: () => 1,
    isRight: async (owner: number, value: Uint8Array) => value.every((byte) => byte === owner + 1),
    randomBytes: toyCrypto(1).randomBytes,
  }
  const recovery = new SecretRecovery(owners, means)
  expect(await recovery.recover()).toBeUndefined()
  const misfits = await findMisfits(recovery, means)
  expect(misfits).toEqual(owners.map(({ owner }) => ({ owner, holders: [owner], fitting: clients - 1 })))
  const weights = (clients - threshold) * threshold * 128
  expect((await held()) - before).toBeLessThan(2 * weights)
  // Keeps it alive until here.
  expect(recovery).toBeInstanceOf(SecretRecovery)
})
