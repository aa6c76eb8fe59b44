import { localPlane } from 'secagg'
import { describe, expect, it } from 'vitest'
import { sumOf } from '../support/inputs.js'
import { deliver, deliverAll, finish, maskedVectors, ROUND, unreliableStore } from './sliced-rounds.js'

describe('a store of slices', () => {
  it('is empty when the round goes on, also of what was never finished', async () => {
    const { store, kept } = unreliableStore()
    const round = await maskedVectors({
      ...ROUND,
      serverOptions: { plane: localPlane({ sliceStore: store }) },
    })
    for (const seat of [0, 1, 2]) await deliver(round, seat, round.vectors[seat]!)
    expect(kept.size).toBe(0)
    await deliver(round, 3, round.vectors[3]!.slice(0, 2))
    expect(kept.size).toBe(2)
    const outcome = await round.server.closePhase()
    expect(kept.size).toBe(0)
    expect(await finish(round, outcome)).toEqual(sumOf(round.config, [0, 1, 2], round.inputs))
  })

  it('that cannot keep a slice costs nothing: the slice is given again', async () => {
    const { store, trouble } = unreliableStore()
    const round = await maskedVectors({
      ...ROUND,
      serverOptions: { plane: localPlane({ sliceStore: store }) },
    })
    trouble.put = true
    await expect(round.server.receive(0, round.vectors[0]![0]!)).rejects.toMatchObject({
      code: 'storage-failure',
      fault: 'usage',
    })
    trouble.put = false
    await deliverAll(round)
    expect(await finish(round, await round.server.closePhase())).toEqual(
      sumOf(round.config, [0, 1, 2, 3], round.inputs),
    )
  })

  it.each(['get', 'damage'] as const)(
    'that fails in the middle of a vector (%s) never gives a wrong sum: the round waits for it',
    async (kind) => {
      const { store, trouble } = unreliableStore()
      const round = await maskedVectors({
        ...ROUND,
        serverOptions: { plane: localPlane({ sliceStore: store }) },
      })
      for (const seat of [0, 1, 2]) await deliver(round, seat, round.vectors[seat]!)
      await deliver(round, 3, round.vectors[3]!.slice(0, -1))
      if (kind === 'get') trouble.get = 2
      else trouble.damage = true
      const storageFailure = { code: 'storage-failure', fault: 'usage' }
      await expect(round.server.receive(3, round.vectors[3]!.at(-1)!)).rejects.toMatchObject(storageFailure)
      await expect(round.server.closePhase()).rejects.toMatchObject(storageFailure)
      if (kind === 'get') expect(await round.server.discardUpload(3)).toBe(false)
      trouble.get = -1
      trouble.damage = false
      const outcome = await round.server.closePhase()
      expect(round.server.report.survivors).toEqual([0, 1, 2, 3])
      expect(await finish(round, outcome)).toEqual(sumOf(round.config, [0, 1, 2, 3], round.inputs))
    },
  )

  it('that cannot forget does not hold up the round', async () => {
    const { store, trouble } = unreliableStore()
    const round = await maskedVectors({
      ...ROUND,
      serverOptions: { plane: localPlane({ sliceStore: store }) },
    })
    trouble.discard = true
    await deliverAll(round)
    expect(await finish(round, await round.server.closePhase())).toEqual(
      sumOf(round.config, [0, 1, 2, 3], round.inputs),
    )
  })
})
