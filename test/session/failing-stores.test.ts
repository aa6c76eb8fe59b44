import { describe, expect, it } from 'vitest'
import { sumOf } from '../support/inputs.js'
import { deliver, finish, maskedVectors, ROUND, unreliableStore } from './sliced-rounds.js'

const STORAGE_FAILURE = { code: 'storage-failure', fault: 'usage' }

/** A round of five at the masked input, with a store of slices that fails on demand. */
async function fragileRound() {
  const { store, trouble, kept } = unreliableStore()
  const saved: Uint8Array[] = []
  const serverOptions = { sliceStore: store, save: (bytes: Uint8Array) => void saved.push(bytes) }
  const round = await maskedVectors({ ...ROUND, clients: 5, serverOptions })
  return { ...round, trouble, kept, saved }
}

describe('a vector that is in the sum while its owner is no survivor', () => {
  it('a checkpoint that folds one vector and fails at the next counts the first', async () => {
    const round = await fragileRound()
    const { server, vectors, trouble } = round
    for (const seat of [0, 3, 4]) await deliver(round, seat, vectors[seat]!)
    trouble.seats = [1, 2]
    for (const seat of [1, 2]) {
      await deliver(round, seat, vectors[seat]!.slice(0, -1))
      await expect(server.receive(seat, vectors[seat]!.at(-1)!)).rejects.toMatchObject(STORAGE_FAILURE)
    }
    trouble.seats = [2]
    await server.checkpoint().catch(() => undefined)
    expect(server.waitingFor).toEqual([2])
    trouble.seats = []
    const outcome = await server.closeRound()
    expect(server.report.survivors).toEqual([0, 1, 2, 3, 4])
    expect(await finish(round, outcome)).toEqual(sumOf(round.config, [0, 1, 2, 3, 4], round.inputs))
  })

  it('one that fails for the first seat goes on with the second', async () => {
    const round = await fragileRound()
    const { server, vectors, trouble } = round
    for (const seat of [0, 3, 4]) await deliver(round, seat, vectors[seat]!)
    trouble.seats = [1, 2]
    for (const seat of [1, 2]) {
      await deliver(round, seat, vectors[seat]!.slice(0, -1))
      await expect(server.receive(seat, vectors[seat]!.at(-1)!)).rejects.toMatchObject(STORAGE_FAILURE)
    }
    trouble.seats = [1]
    await expect(server.closeRound()).rejects.toMatchObject(STORAGE_FAILURE)
    expect(server.waitingFor).toEqual([1])
    // Nothing of its vector is in the sum, so the host may go on without it.
    expect(await server.discardUpload(1)).toBe(true)
    const outcome = await server.closeRound()
    expect(await finish(round, outcome)).toEqual(sumOf(round.config, [0, 2, 3, 4], round.inputs))
  })
})
