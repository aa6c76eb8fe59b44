import { afterEach, describe, expect, test } from 'vitest'
import { nobleCrypto } from '../../src/crypto/index.js'
import { encodeRequest, openReply, signTicket } from '../../src/ingest/group-messages.js'
import { ingestHome } from '../../src/ingest/ingest-plane.js'
import type { PlaneHome, PlaneRound, RoundPlane, Unmasker } from '../../src/plane/index.js'
import { addInto, createVector, packVector, reduceInto, type Vector } from '../../src/vector/index.js'
import { nextTurn } from '../../src/vector/pace.js'
import { packedRange } from '../../src/vector/packing.js'
import { sliceCount, sliceRange } from '../../src/vector/segments.js'
import { encodeMaskedInput, encodeMaskedSlice } from '../support/masked-messages.js'
import { type Random, randomOf } from '../support/seeded.js'
import { diskOf, KEY, Machines, upload } from './machines.js'

const SEGMENTS = [
  { length: 70_000, bits: 13 },
  { length: 100, bits: 20 },
  { length: 9, bits: 64 },
]
const CLIENTS = 10
const suite = nobleCrypto().suites.aes!

/** Removes no masks: it returns the sum as it is. */
const unmasker: Unmasker = {
  unmask: async function* (job) {
    for (const range of [
      { from: 0, to: 33_333 },
      { from: 33_333, to: 70_109 },
    ]) {
      yield { range, elements: await job.read(range) }
    }
  },
}

function roundOf(sliceLength: number | undefined, prefix = 0): PlaneRound {
  return {
    configHash: new Uint8Array(32).fill(3),
    segments: SEGMENTS,
    sliceLength,
    clients: CLIENTS,
    seats: Array.from({ length: CLIENTS }, (_, seat) => seat),
    minimum: 5,
    prefix,
    suite,
    suiteName: 'aes',
    maximumUploads: 2,
  }
}

/** A coordinator: once it is killed, its timers stop and its requests are lost. */
class Coordinator {
  #isKilled = false
  readonly home: PlaneHome

  constructor(machines: Machines, disk: Map<string, Uint8Array>) {
    const alive = <T>(work: () => Promise<T>): Promise<T> =>
      this.#isKilled ? Promise.reject(new Error('killed')) : work()
    this.home = ingestHome({
      channel: {
        discover: () => alive(() => machines.discover()),
        request: (process, bytes) => alive(() => machines.request(process, bytes)),
      },
      key: KEY,
      unmasker,
      storeFor: () => diskOf(disk),
      pollTime: 100,
      reuploadTime: 30_000,
      clock: { after: (milliseconds, callback) => this.#after(milliseconds, callback) },
    })
  }

  kill(): void {
    this.#isKilled = true
  }

  /** Time passes as fast as the event loop turns: a hundred milliseconds take one turn. */
  #after(milliseconds: number, callback: () => void): () => void {
    let turns = milliseconds / 100
    let isCancelled = false
    const tick = (): void => {
      if (isCancelled || this.#isKilled) return
      if (turns-- <= 0) callback()
      else void nextTurn().then(tick)
    }
    void nextTurn().then(tick)
    return () => {
      isCancelled = true
    }
  }
}

const coordinators: Coordinator[] = []
afterEach(() => {
  for (const coordinator of coordinators.splice(0)) coordinator.kill()
})

function vectorOf(random: Random): Vector {
  return SEGMENTS.map(({ length, bits }) => {
    if (bits === 64)
      return BigUint64Array.from({ length }, () => (BigInt(random.word()) << 32n) | BigInt(random.word()))
    const values = Array.from({ length }, () => random.below(2 ** bits))
    return bits <= 16 ? Uint16Array.from(values) : Uint32Array.from(values)
  })
}

function messagesOf(vector: Vector, { sliceLength, prefix }: PlaneRound): readonly Uint8Array[] {
  const packed = packVector(vector, SEGMENTS)
  const proof = new Uint8Array(prefix).fill(0xee)
  if (sliceLength === undefined) return [encodeMaskedInput(Uint8Array.from([...proof, ...packed]))]
  return Array.from({ length: sliceCount(SEGMENTS, sliceLength) }, (_, slice) => {
    const { from, to } = packedRange(SEGMENTS, sliceRange(SEGMENTS, sliceLength, slice))
    const part = packed.subarray(from, to)
    return encodeMaskedSlice(slice, slice === 0 ? Uint8Array.from([...proof, ...part]) : part)
  })
}

function sumOf(vectors: readonly Vector[], members: readonly number[]): Vector {
  const sum = createVector(SEGMENTS)
  for (const seat of members) addInto(sum, vectors[seat]!, SEGMENTS)
  reduceInto(sum, SEGMENTS)
  return sum
}

async function unmasked(plane: RoundPlane): Promise<Vector> {
  const plans = (async function* () {})()
  const blocks: Vector[] = []
  for await (const { elements } of plane.unmask(plans, { terms: 0 })) blocks.push(elements)
  return SEGMENTS.map(({ length, bits }, index) => {
    const lanes = new (bits === 64 ? BigUint64Array : bits > 16 ? Uint32Array : Uint16Array)(length)
    let at = 0
    for (const block of blocks) {
      lanes.set(block[index] as never, at)
      at += block[index]!.length
    }
    return lanes as Vector[number]
  })
}

function homeOn(machines: Machines, disk: Map<string, Uint8Array>): PlaneHome {
  for (const before of coordinators.splice(0)) before.kill()
  const coordinator = new Coordinator(machines, disk)
  coordinators.push(coordinator)
  return coordinator.home
}

describe.each([
  ['whole vectors', undefined, 0],
  ['vectors in slices, after a proof', 20_000, 37],
] as const)('ingest processes that are killed: %s', (_, sliceLength, prefix) => {
  test.each([0, 1, 2])('seed %i: the members and their sum', async (seed) => {
    const random = randomOf(seed)
    const round = roundOf(sliceLength, prefix)
    const machines = new Machines(random, 3)
    const disk = new Map<string, Uint8Array>()
    const vectors = round.seats.map(() => vectorOf(random))
    const messages = vectors.map((vector) => messagesOf(vector, round))
    let plane = await homeOn(machines, disk).begin(round)
    let checkpoint = await plane.checkpoint()
    const silent = random.below(CLIENTS + 1)
    /** Tickets of earlier epochs, which slow clients still use. */
    const old: Exclude<ReturnType<NonNullable<RoundPlane['uploadFor']>>, 'later' | undefined>[][] = []
    machines.lossRate = 10
    let stop = false
    /** What clients do whose vector has not arrived, again and again. */
    const clients = (async () => {
      while (!stop) {
        await nextTurn()
        const seat = random.below(CLIENTS)
        if (seat === silent) continue
        const place = plane.uploadFor?.(seat)
        const earlier = old[seat]?.[random.below(old[seat].length)]
        if (earlier !== undefined && random.below(3) === 0) await upload(machines, earlier, messages[seat]!)
        if (place === undefined || place === 'later' || plane.seats.has(seat)) continue
        old[seat] = [...(old[seat] ?? []), place]
        const all = messages[seat]!
        await upload(machines, place, all, random.below(4) === 0 ? random.below(all.length + 1) : all.length)
      }
    })()
    for (let event = 0; event < 12; event++) {
      for (let wait = random.below(30); wait > 0; wait--) await nextTurn()
      const act = random.below(4)
      if (act === 0) machines.kill(random.pick(machines.ids))
      if (act <= 1 && machines.ids.length < 2) machines.start()
      if (act === 2) checkpoint = await plane.checkpoint()
      if (act === 3) {
        // The coordinator is killed: nothing of it is left but its checkpoint and its disk.
        const resumed = await homeOn(machines, disk).resume(round, { checkpoint, members: [] })
        plane = resumed
      }
    }
    machines.lossRate = 0
    if (machines.ids.length === 0) machines.start()
    const expected = round.seats.filter((seat) => seat !== silent)
    for (let turns = 0; plane.seats.size < expected.length && turns < 3000; turns++) await nextTurn()
    if (random.below(2) === 0) machines.kill(random.pick(machines.ids))
    if (machines.ids.length === 0) machines.start()
    const members = await plane.seal()
    stop = true
    expect([...members].sort((a, b) => a - b)).toEqual(expected)
    expect(await unmasked(plane)).toEqual(sumOf(vectors, members))
    // Whatever still arrives changes nothing.
    for (const [seat, places] of old.entries()) {
      for (const place of places ?? []) await upload(machines, place, messages[seat]!)
    }
    expect(await plane.seal()).toEqual(members)
    const resumed = await homeOn(machines, disk).resume(round, {
      checkpoint: await plane.checkpoint(),
      members,
    })
    expect(await unmasked(resumed)).toEqual(sumOf(vectors, members))
    await resumed.close()
    expect(disk.size).toBe(0)
    await clients
  })
})

describe('what an ingest process refuses', () => {
  const random = randomOf(1)
  const round = roundOf(undefined)
  const vector = vectorOf(random)
  const messages = messagesOf(vector, round)

  async function start() {
    const machines = new Machines(random, 1)
    const plane = await homeOn(machines, new Map()).begin(round)
    const place = plane.uploadFor!(4)
    if (place === undefined || place === 'later') throw new Error('no place')
    return { machines, plane, place }
  }

  test('a ticket of another key, seat, group or epoch', async () => {
    const { machines, place } = await start()
    const { configHash } = round
    const ticket = { configHash, seat: 4, group: 2, epoch: 1 }
    const tickets = {
      'unexpected-message': [
        signTicket(new Uint8Array(32), ticket),
        place.ticket.map((byte, index) => (index === 40 ? byte ^ 1 : byte)),
        place.ticket.subarray(1),
      ],
      'late-message': [
        signTicket(KEY, { ...ticket, seat: 0 }),
        signTicket(KEY, { ...ticket, group: 9 }),
        signTicket(KEY, { ...ticket, epoch: 2 }),
        signTicket(KEY, { ...ticket, configHash: new Uint8Array(32) }),
      ],
    }
    for (const [code, list] of Object.entries(tickets)) {
      for (const own of list) expect(await upload(machines, { ...place, ticket: own }, messages)).toBe(code)
    }
    expect(await upload(machines, place, messages)).toBe('finished')
  })

  test('a vector that is too short, or not of this round', async () => {
    const { machines, plane, place } = await start()
    expect(await upload(machines, place, [messages[0]!.subarray(0, -1)])).toBe('malformed-message')
    expect(await upload(machines, place, [encodeMaskedSlice(0, new Uint8Array(8))])).toBe(
      'unexpected-message',
    )
    expect((await plane.settle()).seats).toEqual([])
  })

  test('a group that another attempt to begin the round has opened with other seats', async () => {
    const { machines, plane, place } = await start()
    const [id] = machines.ids
    const group = { configHash: round.configHash, group: 2, epoch: 1 }
    const { segments, prefix, maximumUploads } = round
    const open = async (epoch: number, own: readonly number[]): Promise<Uint8Array> => {
      const shape = { seats: own, segments, sliceLength: 0, prefix, maximumUploads }
      return machines.request(id!, encodeRequest({ kind: 'open', id: { ...group, epoch }, shape }))
    }
    expect(openReply(await open(1, [4, 5]))).toEqual(new Uint8Array(0))
    expect(openReply(await open(1, [4, 6]))).toBe('stale')
    expect(await upload(machines, place, messages)).toBe('finished')
    expect((await plane.settle()).seats).toEqual([4])
    expect(openReply(await open(2, [4, 6]))).toEqual(new Uint8Array(0))
    plane.stop?.()
  })

  test('a round begins without what a coordinator has left that was killed when it began', async () => {
    const machines = new Machines(random, 1)
    const fewer = { ...round, seats: round.seats.slice(0, -1) }
    await homeOn(machines, new Map()).begin(fewer)
    const plane = await homeOn(machines, new Map()).begin(round)
    for (const seat of round.seats) {
      const place = plane.uploadFor!(seat)
      if (place === undefined || place === 'later') throw new Error('no place')
      expect(await upload(machines, place, messages)).toBe('finished')
    }
  })

  test('a vector that may not count, of which the coordinator has not heard before it seals', async () => {
    const { machines, plane, place } = await start()
    expect(await upload(machines, place, messages)).toBe('finished')
    expect(plane.seats.size).toBe(0)
    expect(await plane.seal((seat) => seat !== 4)).toEqual([])
    expect(await unmasked(plane)).toEqual(sumOf([], []))
    expect(await upload(machines, place, messages)).toBe('late-message')
  })

  test('no vector is sent again because the coordinator could not reach anybody for a while', async () => {
    const { machines, plane, place } = await start()
    expect(await upload(machines, place, messages)).toBe('finished')
    expect((await plane.settle()).seats).toEqual([4])
    machines.isDown = true
    for (let count = 0; count < 6; count++) expect((await plane.settle()).seats).toEqual([4])
    machines.isDown = false
    expect((await plane.settle()).seats).toEqual([4])
    expect(plane.uploadFor!(4)).toBe(place)
    expect(await plane.seal()).toEqual([4])
    expect(await unmasked(plane)).toEqual(sumOf([[], [], [], [], vector], [4]))
  })

  test('a process that needs longer to seal its groups than clients may send again', async () => {
    const { machines, plane, place } = await start()
    expect(await upload(machines, place, messages)).toBe('finished')
    // Each of the five groups is asked once in 100 ms, for more than 30 seconds.
    machines.sealing = 5 * 400
    expect(await plane.seal()).toEqual([4])
    expect(machines.sealing).toBe(0)
    expect(await unmasked(plane)).toEqual(sumOf([[], [], [], [], vector], [4]))
  })

  test('a second vector of a seat changes nothing', async () => {
    const { machines, plane, place } = await start()
    expect(await upload(machines, place, messages)).toBe('finished')
    expect(await upload(machines, place, messagesOf(vectorOf(random), round))).toBe('finished')
    expect(await plane.seal()).toEqual([4])
    expect(await unmasked(plane)).toEqual(sumOf([[], [], [], [], vector], [4]))
    expect(
      await upload(
        machines,
        { ...place, ticket: signTicket(KEY, { ...round, seat: 5, group: 2, epoch: 1 }) },
        messages,
      ),
    ).toBe('late-message')
  })
})
