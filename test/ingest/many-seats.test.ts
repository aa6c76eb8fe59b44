import { expect, test } from 'vitest'
import { nobleCrypto } from '../../src/crypto/index.js'
import type { IngestChannel } from '../../src/ingest/assignments.js'
import { answerOf, decodeRequest, encodeSealed, encodeStatus } from '../../src/ingest/group-messages.js'
import { ingestHome } from '../../src/ingest/ingest-plane.js'
import type { PlaneRound } from '../../src/plane/index.js'
import { diskOf, KEY } from './machines.js'

/** What a broker allows by default, without what sealing and the protocol of the broker add. */
const LIMIT = 2 ** 20 - 4096

const seats = Array.from({ length: 150_000 }, (_, seat) => seat)
const round: PlaneRound = {
  configHash: new Uint8Array(32).fill(3),
  segments: Array.from({ length: 20_000 }, () => ({ length: 1, bits: 16 })),
  sliceLength: undefined,
  ...{ clients: seats.length, seats, minimum: 2, prefix: 0, maximumUploads: 2 },
  ...{ suite: nobleCrypto().suites.aes!, suiteName: 'aes' },
}

/** A process that has all vectors, and a broker that refuses long messages. */
class Process implements IngestChannel {
  readonly groups = new Map<number, { readonly epoch: number; readonly seats: readonly number[] }>()
  longest = 0

  async discover() {
    return [{ id: 'p', address: 'memory:p' }]
  }

  async request(_: string, bytes: Uint8Array): Promise<Uint8Array> {
    const reply = this.#answer(bytes)
    this.longest = Math.max(this.longest, bytes.length, reply.length)
    if (Math.max(bytes.length, reply.length) > LIMIT) throw new Error('the broker refuses the message')
    return reply
  }

  #answer(bytes: Uint8Array): Uint8Array {
    const request = decodeRequest(bytes)
    if (request.kind === 'open') {
      this.groups.set(request.id.group, { epoch: request.id.epoch, seats: request.shape.seats })
    }
    if (request.kind !== 'status') return answerOf()
    const status = request.groups.map((group) => {
      const { epoch, seats: arrived } = this.groups.get(group)!
      return { group, epoch, arrived }
    })
    return answerOf(encodeStatus(status))
  }
}

test('messages about groups of very many seats fit into what a broker allows', async () => {
  const channel = new Process()
  const unmasker = {
    unmask: () => {
      throw new Error('not in this test')
    },
  }
  const home = ingestHome({ channel, key: KEY, unmasker, storeFor: () => diskOf(new Map()), pollTime: 1e6 })
  const plane = await home.begin(round)
  expect(channel.groups.size).toBe(3)
  expect((await plane.settle()).seats).toHaveLength(seats.length)
  expect(channel.longest).toBeGreaterThan(2 ** 18)
  const { seats: members } = channel.groups.get(0)!
  const checks = new BigUint64Array(2 * round.segments.length)
  expect(encodeSealed({ members, digest: new Uint8Array(32), checks }).length).toBeLessThan(LIMIT)
  plane.stop?.()
  const segments = [...round.segments, ...round.segments]
  await expect(home.begin({ ...round, segments })).rejects.toMatchObject({ code: 'unsupported' })
})
