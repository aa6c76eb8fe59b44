import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { SecretRecovery } from '../../src/protocol/server/recover-secret.js'
import { fieldFor } from '../../src/shamir/index.js'
import { seatsBelow } from '../attacks/support.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes of arrays that are alive. Their memory is given back on another thread, a little later. */
async function held(): Promise<number> {
  for (let turn = 0; turn < 3; turn++) {
    collectGarbage()
    await setTimeout(20)
  }
  return process.memoryUsage().arrayBuffers
}

test('one holder after the other lies about another owner: the weights of one choice of shares are kept', async () => {
  const [clients, threshold, liars] = [256, 129, 8]
  const field = fieldFor(clients)
  const recovery = new SecretRecovery(threshold)
  const holders = seatsBelow(clients)
  const coordinates = holders.map((holder) => holder + 1)
  const before = await held()
  for (let owner = 0; owner < liars; owner++) {
    // On a constant polynomial.
    const secret = new Uint8Array(32).fill(owner + 1)
    const shares = holders.map((holder) => (holder === owner ? new Uint8Array(32).fill(99) : secret))
    const isRight = async (value: Uint8Array): Promise<boolean> => value.every((byte) => byte === owner + 1)
    const recovered = await recovery.recover({ owner, field, holders, coordinates, shares }, isRight)
    expect(recovered?.misfits).toEqual({ owner, holders: [owner], fitting: clients - 1 })
  }
  const weights = (clients - threshold) * threshold * 128
  expect((await held()) - before).toBeLessThan(2 * weights)
  // Alive until here.
  expect(recovery).toBeInstanceOf(SecretRecovery)
})
