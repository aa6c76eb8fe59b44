import { localPlane, ServerSession, type SliceStore } from 'secagg'
import { describe, expect, it } from 'vitest'
import { MaskedSum } from '../../src/plane/masked-sum.js'
import { sumOf } from '../support/inputs.js'
import { deliver, finish, maskedVectors, ROUND, unreliableStore } from './sliced-rounds.js'

const STORAGE_FAILURE = { code: 'storage-failure', fault: 'usage' }

/** A round of five at the masked input, with a store of slices that fails on demand. */
async function fragileRound() {
  const { store, trouble, kept } = unreliableStore()
  const saved: Uint8Array[] = []
  const serverOptions = {
    plane: localPlane({ sliceStore: store }),
    save: (bytes: Uint8Array) => void saved.push(bytes),
  }
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
    const outcome = await server.closePhase()
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
    await expect(server.closePhase()).rejects.toMatchObject(STORAGE_FAILURE)
    expect(server.waitingFor).toEqual([1])
    // Nothing of its vector is in the sum, so the host may go on without it.
    expect(await server.discardUpload(1)).toBe(true)
    const outcome = await server.closePhase()
    expect(await finish(round, outcome)).toEqual(sumOf(round.config, [0, 2, 3, 4], round.inputs))
  })
})

describe('a vector that is in the sum twice', () => {
  it('one that a checkpoint has finished cannot be sent again, nor discarded', async () => {
    const round = await fragileRound()
    const { server, vectors, trouble } = round
    for (const seat of [0, 2, 3, 4]) await deliver(round, seat, vectors[seat]!)
    await deliver(round, 1, vectors[1]!.slice(0, -1))
    trouble.get = 4
    await expect(server.receive(1, vectors[1]!.at(-1)!)).rejects.toMatchObject(STORAGE_FAILURE)
    trouble.get = -1
    await server.checkpoint()
    expect(server.waitingFor).toEqual([])
    for (const slice of vectors[1]!) expect(await server.receive(1, slice)).toEqual({ status: 'duplicate' })
    expect(await server.discardUpload(1)).toBe(false)
    for (const slice of vectors[1]!) expect(await server.receive(1, slice)).toEqual({ status: 'duplicate' })
    const outcome = await server.closePhase()
    expect(await finish(round, outcome)).toEqual(sumOf(round.config, [0, 1, 2, 3, 4], round.inputs))
  })

  it('nor after the checkpoint was resumed', async () => {
    const round = await fragileRound()
    const { vectors, trouble, saved, kept } = round
    for (const seat of [0, 2, 3, 4]) await deliver(round, seat, vectors[seat]!)
    await deliver(round, 1, vectors[1]!.slice(0, -1))
    trouble.get = 4
    await expect(round.server.receive(1, vectors[1]!.at(-1)!)).rejects.toMatchObject(STORAGE_FAILURE)
    trouble.get = -1
    await round.server.checkpoint()
    const { config, crypto } = round
    const server = await ServerSession.resume(saved.at(-1)!, { config, crypto })
    expect(server.waitingFor).toEqual([])
    for (const slice of vectors[1]!) expect(await server.receive(1, slice)).toEqual({ status: 'duplicate' })
    expect(await server.discardUpload(1)).toBe(false)
    const outcome = await server.closePhase()
    expect(await finish({ ...round, server }, outcome)).toEqual(sumOf(config, [0, 1, 2, 3, 4], round.inputs))
    expect(kept.size).toBe(0)
  })

  it('a second version of a slice whose vector is in is refused as that', async () => {
    const round = await fragileRound()
    await deliver(round, 1, round.vectors[1]!)
    const other = Uint8Array.from(round.vectors[1]![4]!)
    other[20]! ^= 1
    expect(await round.server.receive(1, other)).toMatchObject({
      status: 'refused',
      error: { code: 'conflicting-message', culprits: [1] },
    })
  })

  it('the sum itself takes no vector twice', () => {
    const segments = [{ length: 200, bits: 8 }]
    const sum = new MaskedSum({ segments, sliceLength: 96 })
    const slices = [new Uint8Array(96).fill(1), new Uint8Array(96).fill(1), new Uint8Array(8).fill(1)]
    sum.add(3, slices[0]!)
    sum.add(3, slices[1]!)
    expect(() => sum.whole).toThrow(/only partly/)
    expect([...sum.seats]).toEqual([])
    sum.add(3, slices[2]!)
    expect([...sum.seats]).toEqual([3])
    expect(() => sum.add(3, slices[0]!)).toThrow(/already in the sum/)
    expect(sum.whole.toVector()).toEqual([new Uint8Array(200).fill(1)])
  })
})

describe('a slice that was taken in', () => {
  it('stays so when the vector cannot be folded: any slice that comes again goes on with it', async () => {
    for (const again of [0, 2, 4]) {
      const round = await fragileRound()
      const { server, vectors, trouble } = round
      for (const seat of [0, 2, 3, 4]) await deliver(round, seat, vectors[seat]!)
      await deliver(round, 1, vectors[1]!.slice(0, -1))
      trouble.get = 3
      await expect(server.receive(1, vectors[1]![4]!)).rejects.toMatchObject(STORAGE_FAILURE)
      expect(await server.discardUpload(1)).toBe(false)
      await expect(server.receive(1, vectors[1]![again]!)).rejects.toMatchObject(STORAGE_FAILURE)
      await expect(server.checkpoint()).rejects.toMatchObject(STORAGE_FAILURE)
      trouble.get = -1
      expect(await server.receive(1, vectors[1]![again]!)).toEqual({ status: 'accepted' })
      expect(server.waitingFor).toEqual([])
      const outcome = await server.closePhase()
      expect(await finish(round, outcome)).toEqual(sumOf(round.config, [0, 1, 2, 3, 4], round.inputs))
    }
  })

  it('and that the store has lost since is stored again when its sender comes back', async () => {
    const round = await fragileRound()
    const { server, vectors, kept } = round
    for (const seat of [0, 2, 3, 4]) await deliver(round, seat, vectors[seat]!)
    await deliver(round, 1, vectors[1]!.slice(0, -1))
    kept.delete('1 2')
    await expect(server.receive(1, vectors[1]![4]!)).rejects.toMatchObject(STORAGE_FAILURE)
    await expect(server.closePhase()).rejects.toMatchObject(STORAGE_FAILURE)
    const statuses: string[] = []
    for (const slice of vectors[1]!) {
      statuses.push(
        await server.receive(1, slice).then(
          ({ status }) => status,
          ({ code }) => code,
        ),
      )
    }
    expect(statuses).toEqual(['storage-failure', 'storage-failure', 'accepted', 'duplicate', 'duplicate'])
    const outcome = await server.closePhase()
    expect(await finish(round, outcome)).toEqual(sumOf(round.config, [0, 1, 2, 3, 4], round.inputs))
  })

  it('is taken in anew where it comes while the host discards the vector', async () => {
    const round = await fragileRound()
    const { server, vectors } = round
    for (const seat of [0, 2, 3, 4]) await deliver(round, seat, vectors[seat]!)
    await deliver(round, 1, vectors[1]!.slice(0, 2))
    const discarded = server.discardUpload(1)
    await deliver(round, 1, vectors[1]!)
    expect(await discarded).toBe(true)
    const outcome = await server.closePhase()
    expect(await finish(round, outcome)).toEqual(sumOf(round.config, [0, 1, 2, 3, 4], round.inputs))
  })
})

describe('a store that fails', () => {
  it('at the first slice of a vector takes no place from others', async () => {
    const { store, trouble, kept } = unreliableStore()
    const round = await maskedVectors({
      ...ROUND,
      serverOptions: { plane: localPlane({ sliceStore: store }), maximumUploads: 1 },
    })
    trouble.put = true
    await expect(round.server.receive(0, round.vectors[0]![0]!)).rejects.toMatchObject(STORAGE_FAILURE)
    trouble.put = false
    expect(await round.server.discardUpload(0)).toBe(false)
    await deliver(round, 1, round.vectors[1]!)
    expect(kept.size).toBe(0)
  })

  it('or gives back something else than bytes is said to have failed', async () => {
    for (const nothing of [undefined, null, 'bytes', [1, 2]]) {
      const sliceStore = {
        ...unreliableStore().store,
        get: () => nothing as unknown as Uint8Array,
      }
      const round = await maskedVectors({ ...ROUND, serverOptions: { plane: localPlane({ sliceStore }) } })
      await deliver(round, 1, round.vectors[1]!.slice(0, -1))
      await expect(round.server.receive(1, round.vectors[1]!.at(-1)!)).rejects.toMatchObject(STORAGE_FAILURE)
    }
  })

  it('to forget one seat is still told to forget the others when a session is resumed', async () => {
    const round = await fragileRound()
    const { server, vectors, saved, config, crypto } = round
    await server.checkpoint()
    const told: number[] = []
    const sliceStore: SliceStore = {
      ...unreliableStore().store,
      discard: (seat) => {
        told.push(seat)
        if (seat === 1) throw new Error('the disk is read-only')
      },
    }
    expect(vectors).toHaveLength(5)
    await ServerSession.resume(saved.at(-1)!, { config, crypto, plane: localPlane({ sliceStore }) })
    expect(told).toEqual([0, 1, 2, 3, 4])
  })
})
