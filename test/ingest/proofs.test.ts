import { ClientSession, createRoundConfig, type RoundConfig, ServerSession } from 'secagg'
import { afterEach, expect, test } from 'vitest'
import { ingestHome } from '../../src/ingest/ingest-plane.js'
import { createPlane, executorUnmasker, type PlaneHome, type UploadPlace } from '../../src/plane/index.js'
import { beforeVector } from '../../src/session/index.js'
import { executeMaskPlan } from '../../src/vector/index.js'
import { randomOf } from '../support/seeded.js'
import { diskOf, KEY, Machines, upload } from './machines.js'
import { identitiesFor } from './parties.js'

const CLIENTS = 8
const seats = Array.from({ length: CLIENTS }, (_, seat) => seat)
const servers: { abandon(): Promise<void> }[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.abandon()
})

const later = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })

const CHOSEN = { threshold: 4, minimumCohort: 6, graph: { neighbors: 6, assumptions: 'unproven' } } as const
const SLICED = { ...CHOSEN, sliceLength: 64 } as const
const COMPLETE = { threshold: 6, minimumCohort: 6 } as const

/** A round whose vectors go to ingest processes, and what a server saves of it. */
class Play {
  readonly machines = new Machines(randomOf(1), 2)
  readonly config: RoundConfig
  readonly clients: ClientSession[] = []
  readonly #disk = new Map<string, Uint8Array>()
  saved: Uint8Array = new Uint8Array(0)
  /** Whether saving fails. */
  isFull = false

  home(): PlaneHome {
    return ingestHome({
      channel: this.machines,
      key: KEY,
      unmasker: executorUnmasker(executeMaskPlan),
      storeFor: () => diskOf(this.#disk),
      pollTime: 10,
      reuploadTime: 2000,
      groupSize: 2,
    })
  }

  async #options() {
    const { verifyIdentity, signers } = await identitiesFor(CLIENTS)
    const { config } = this
    if (this.clients.length === 0) {
      for (const seat of seats) {
        const whole = new Uint32Array(300).fill(seat + 1)
        const input =
          config.sliceLength === undefined
            ? whole
            : ({ from, to }: { from: number; to: number }) => whole.slice(from, to)
        this.clients.push(new ClientSession({ config, seat, input, verifyIdentity, signer: signers[seat]! }))
      }
    }
    const save = async (bytes: Uint8Array): Promise<void> => {
      if (this.isFull) throw new Error('the disk is full')
      this.saved = bytes
    }
    return { config, verifyIdentity, plane: createPlane('ingest', this.home()), save }
  }

  constructor(model: typeof CHOSEN | typeof SLICED | typeof COMPLETE = CHOSEN) {
    this.config = createRoundConfig({
      sessionId: new Uint8Array(32).fill(5),
      clients: CLIENTS,
      segments: [{ length: 300, bits: 20, bound: 1000 }],
      adversary: 'active',
      ...model,
    })
  }

  async start(): Promise<ServerSession> {
    const server = new ServerSession(await this.#options())
    servers.push(server)
    return server
  }

  /** The server crashes; another one continues from what it saved last. */
  async restart(server: ServerSession, change: object = {}): Promise<ServerSession> {
    await server.abandon({ resumable: true })
    const resumed = await ServerSession.resume(this.saved, { ...(await this.#options()), ...change })
    servers.push(resumed)
    return resumed
  }

  /** The answers of clients to the open phase. */
  async answers(server: ServerSession, from: readonly number[] = seats): Promise<Map<number, Uint8Array>> {
    const answers = new Map<number, Uint8Array>()
    for (const seat of from) {
      const message = server.messageFor(seat)
      const client = this.clients[seat]!
      answers.set(
        seat,
        (await (message === undefined ? client.start() : client.receive(message))) as Uint8Array,
      )
    }
    return answers
  }

  /** Collects the answers of the open phase, without closing it. */
  async collect(server: ServerSession, from: readonly number[] = seats): Promise<void> {
    for (const [seat, bytes] of await this.answers(server, from)) {
      expect(await server.receive(seat, bytes)).toEqual({ status: 'accepted' })
    }
  }

  /** Sends the vector where the server says. Returns what the process says in the end, if there is such a place. */
  async upload(server: ServerSession, seat: number, bytes: Uint8Array): Promise<string> {
    const place = server.uploadFor(seat)
    if (place === undefined || place === 'later' || place.ticket.length === 0) return 'no ticket'
    return upload(this.machines, place, [bytes])
  }

  proofOf(bytes: Uint8Array): Uint8Array {
    return beforeVector(this.config, bytes)!
  }
}

/** Plays up to the phase in which vectors are collected. */
async function untilVectors(model: typeof CHOSEN | typeof SLICED | typeof COMPLETE = CHOSEN) {
  const play = new Play(model)
  const server = await play.start()
  await play.collect(server)
  await server.closePhase()
  await play.collect(server)
  await server.closePhase()
  expect(server.phase).toBe('masked-input')
  return { play, server, vectors: await play.answers(server) }
}

test('a proof that was saved before its vector arrived is known after a restart', async () => {
  const { play, server, vectors } = await untilVectors()
  const vector = vectors.get(0)!
  expect(await play.upload(server, 0, vector)).toBe('no ticket')
  expect(await server.receive(0, play.proofOf(vector))).toEqual({ status: 'accepted' })
  await server.checkpoint()
  const resumed = await play.restart(server)
  expect(await resumed.receive(0, play.proofOf(vector))).toEqual({ status: 'duplicate' })
  expect(await play.upload(resumed, 0, vector)).toBe('finished')
})

test('a vector whose proof was lost in a crash is not in the sum, and does not keep the round from closing', async () => {
  const { play, server, vectors } = await untilVectors()
  const send = async (seat: number): Promise<void> => {
    await server.receive(seat, play.proofOf(vectors.get(seat)!))
    expect(await play.upload(server, seat, vectors.get(seat)!)).toBe('finished')
  }
  for (const seat of seats.slice(0, -1)) await send(seat)
  await server.checkpoint()
  await send(7)
  const resumed = await play.restart(server)
  const closing = resumed.closePhase()
  // Only the other client of the group sends again.
  let again = 0
  let isClosed = false
  const clients = (async () => {
    while (!isClosed) {
      const place = resumed.uploadFor(6)
      if (place !== undefined && place !== 'later')
        again += Number((await play.upload(resumed, 6, vectors.get(6)!)) === 'finished')
      await later(5)
    }
  })()
  let outcome = await closing.finally(() => {
    isClosed = true
  })
  await clients
  expect(again).toBeGreaterThan(0)
  const alive = seats.slice(0, -1)
  while (!outcome.done) {
    await play.collect(resumed, alive)
    outcome = await resumed.closePhase()
  }
  expect(outcome.report.survivors).toEqual(alive)
  expect(outcome.sum).toEqual([new Uint32Array(300).fill(28)])
})

test('a phase that could not be saved leaves nothing behind, and can be closed again with more clients', async () => {
  const play = new Play()
  const server = await play.start()
  await play.collect(server)
  await server.closePhase()
  await play.collect(server, seats.slice(0, -1))
  play.isFull = true
  await expect(server.closePhase()).rejects.toMatchObject({ code: 'storage-failure' })
  const { requests, groups } = play.machines
  await later(50)
  expect(play.machines.requests).toBe(requests)
  expect(groups).toBe(0)
  play.isFull = false
  await play.collect(server, [7])
  await server.closePhase()
  for (const [seat, bytes] of await play.answers(server)) {
    await server.receive(seat, play.proofOf(bytes))
    expect(await play.upload(server, seat, bytes)).toBe('finished')
  }
})

test('a session that cannot be resumed stops its plane', async () => {
  const { play, server, vectors } = await untilVectors(COMPLETE)
  for (const [seat, bytes] of vectors) expect(await play.upload(server, seat, bytes)).toBe('finished')
  await server.closePhase()
  expect(server.phase).toBe('consistency-check')
  await play.collect(server, [0])
  await server.checkpoint()
  let stops = 0
  const home: PlaneHome = {
    begin: () => Promise.reject(new Error('the round has begun already')),
    resume: async (...round) => {
      const plane = await play.home().resume(...round)
      return Object.assign(plane, { stop: () => stops++ })
    },
  }
  const change = { plane: createPlane('counted', home), verifyIdentity: () => false }
  await expect(play.restart(server, change)).rejects.toMatchObject({ code: 'malformed-state' })
  expect(stops).toBe(1)
})

test('in slices, the vector can come between the restart and the same proof', async () => {
  const { play, server, vectors } = await untilVectors(SLICED)
  const proof = play.proofOf(vectors.get(0)!)
  expect(await server.receive(0, proof)).toEqual({ status: 'accepted' })
  await server.checkpoint()
  const resumed = await play.restart(server)
  const place = resumed.uploadFor(0) as UploadPlace
  const slices: Uint8Array[] = [vectors.get(0)!]
  for await (const slice of play.clients[0]!.slices()) slices.push(slice)
  expect(await upload(play.machines, place, slices)).toBe('finished')
  await resumed.checkpoint()
  expect(resumed.waitingFor).not.toContain(0)
  expect(await resumed.receive(0, proof)).toEqual({ status: 'duplicate' })
})
