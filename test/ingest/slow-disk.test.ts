import { afterEach, describe, expect, test } from 'vitest'
import { nobleCrypto } from '../../src/crypto/index.js'
import { ingestHome } from '../../src/ingest/ingest-plane.js'
import type { PlaneRound, RoundPlane, SliceStore } from '../../src/plane/index.js'
import { packVector } from '../../src/vector/index.js'
import { nextTurn } from '../../src/vector/pace.js'
import { encodeMaskedInput } from '../support/masked-messages.js'
import { randomOf } from '../support/seeded.js'
import { diskOf, KEY, Machines } from './machines.js'

const SEGMENTS = [{ length: 4, bits: 16 }]
const round: PlaneRound = {
  configHash: new Uint8Array(32).fill(3),
  segments: SEGMENTS,
  sliceLength: undefined,
  clients: 4,
  seats: [0, 1, 2, 3],
  minimum: 2,
  prefix: 0,
  suite: nobleCrypto().suites.aes!,
  suiteName: 'aes',
  maximumUploads: 2,
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let turns = 0; !isTrue(); turns++) {
    if (turns > 2000) throw new Error('it does not happen')
    await nextTurn()
  }
}

/** A hundred milliseconds take one turn of the event loop. */
function after(milliseconds: number, callback: () => void): () => void {
  let turns = milliseconds / 100
  let isCancelled = false
  const tick = (): void => {
    if (isCancelled) return
    if (turns-- <= 0) callback()
    else void nextTurn().then(tick)
  }
  void nextTurn().then(tick)
  return () => {
    isCancelled = true
  }
}

const planes: RoundPlane[] = []
afterEach(() => {
  for (const plane of planes.splice(0)) plane.stop?.()
})

/** Two groups of two seats. `put` may delay what the disk does, or let it fail. */
async function start(put: (write: () => void, group: number) => void | Promise<void>) {
  const machines = new Machines(randomOf(1), 1)
  const kept = new Map<string, Uint8Array>()
  const disk = diskOf(kept)
  const store: SliceStore = { ...disk, put: (...args) => put(() => disk.put(...args), args[0]) }
  const home = ingestHome({
    channel: machines,
    key: KEY,
    unmasker: {
      unmask: async function* ({ read }) {
        yield { range: { from: 0, to: 4 }, elements: await read() }
      },
    },
    storeFor: () => store,
    pollTime: 100,
    reuploadTime: 5000,
    groupSize: 2,
    clock: { after },
  })
  const plane = await home.begin(round)
  planes.push(plane)
  return { machines, kept, plane }
}

/** The vector of a seat has the value 10^seat at each place. */
async function upload({ machines, plane }: Awaited<ReturnType<typeof start>>, seat: number): Promise<void> {
  let place = plane.uploadFor!(seat)
  await until(() => {
    place = plane.uploadFor!(seat)
    return place !== 'later'
  })
  if (place === undefined || place === 'later') throw new Error('no place')
  const connection = machines.connect(place.address)
  const word = connection.messages[Symbol.asyncIterator]().next()
  void connection.send(Uint8Array.from(place.ticket))
  void connection.send(encodeMaskedInput(packVector([new Uint16Array(4).fill(10 ** seat)], SEGMENTS)))
  await word
  connection.close()
  await until(() => plane.seats.has(seat))
}

/** The process is lost, and with it the vectors of the group that is not sealed. */
async function loseProcess({ machines, plane }: Awaited<ReturnType<typeof start>>): Promise<void> {
  for (const id of machines.ids) machines.kill(id)
  machines.start()
  await until(() => plane.seats.size === 2)
}

async function sumOf(plane: RoundPlane): Promise<number> {
  for await (const { elements } of plane.unmask((async function* () {})(), { terms: 0 })) {
    return Number(elements[0]![0])
  }
  throw new Error('no sum')
}

describe('a disk that fails for one group while it is slow for another', () => {
  test('sealing fails only once it has stopped working', async () => {
    let finish = (): void => undefined
    const slow = new Promise<void>((resolve) => {
      finish = resolve
    })
    let puts = 0
    const cluster = await start(async (write, group) => {
      if (++puts > 2) return write()
      if (group === 0) throw new Error('the disk is full')
      await slow
      write()
    })
    const { plane } = cluster
    for (const seat of round.seats) await upload(cluster, seat)
    let failure: unknown
    const sealing = plane.seal().catch((error: unknown) => {
      failure = error
    })
    await until(() => puts === 2)
    for (let turns = 0; turns < 50; turns++) await nextTurn()
    expect(failure).toBeUndefined()
    finish()
    await sealing
    expect(failure).toMatchObject({ code: 'storage-failure' })
    // What was kept counts, whatever happens to its process.
    await loseProcess(cluster)
    await upload(cluster, 0)
    expect(await plane.seal()).toEqual([0, 2, 3])
    expect(await sumOf(plane)).toBe(1101)
  })

  test('a write that comes after the disk has reported its failure replaces nothing', async () => {
    const late: (() => void)[] = []
    const cluster = await start((write, group) => {
      if (group === 0 || late.length > 0) return write()
      late.push(write)
      throw new Error('the disk does not answer in time')
    })
    const { plane } = cluster
    for (const seat of round.seats) await upload(cluster, seat)
    await expect(plane.seal()).rejects.toMatchObject({ code: 'storage-failure' })
    await loseProcess(cluster)
    await upload(cluster, 2)
    expect(await plane.seal()).toEqual([0, 1, 2])
    for (const write of late) write()
    expect(await sumOf(plane)).toBe(111)
  })

  test('a group that is slow does not hold up the next attempt of another one', async () => {
    let finish = (): void => undefined
    const slow = new Promise<void>((resolve) => {
      finish = resolve
    })
    const cluster = await start(async (write, group) => {
      if (group === 1) await slow
      write()
    })
    const { plane, machines, kept } = cluster
    for (const seat of round.seats) await upload(cluster, seat)
    // The first attempt of group 0 is in vain.
    machines.sealing = 1
    const sealing = plane.seal()
    await until(() => kept.size === 1)
    expect([...kept.keys()]).toEqual(['0 0'])
    finish()
    expect(await sealing).toEqual([0, 1, 2, 3])
    expect(await sumOf(plane)).toBe(1111)
  })

  test('a round that ends in the meantime leaves nothing on the disk', async () => {
    let finish = (): void => undefined
    const slow = new Promise<void>((resolve) => {
      finish = resolve
    })
    let puts = 0
    const cluster = await start(async (write) => {
      puts++
      await slow
      write()
    })
    const { plane, kept, machines } = cluster
    for (const seat of round.seats) await upload(cluster, seat)
    const sealing = plane.seal().catch((error: unknown) => error)
    await until(() => puts === 2)
    const closing = plane.close()
    for (let turns = 0; turns < 20; turns++) await nextTurn()
    finish()
    await closing
    await sealing
    expect(kept.size).toBe(0)
    expect(machines.groups).toBe(0)
  })
})
