import { ClientSession, createRoundConfig, type RoundConfig, ServerSession } from 'secagg'
import { afterEach, expect, test } from 'vitest'
import { ingestHome } from '../../src/ingest/ingest-plane.js'
import { createPlane, executorUnmasker } from '../../src/plane/index.js'
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

/** A round on the chosen graph whose vectors go to ingest processes, and what a server saves of it. */
class Play {
  readonly machines = new Machines(randomOf(1), 2)
  readonly config: RoundConfig = createRoundConfig({
    sessionId: new Uint8Array(32).fill(5),
    clients: CLIENTS,
    segments: [{ length: 300, bits: 20, bound: 1000 }],
    adversary: 'active',
    threshold: 4,
    minimumCohort: 6,
    graph: { neighbors: 6, assumptions: 'unproven' },
  })
  readonly clients: ClientSession[] = []
  readonly #disk = new Map<string, Uint8Array>()
  saved: Uint8Array = new Uint8Array(0)

  async #options() {
    const { verifyIdentity, signers } = await identitiesFor(CLIENTS)
    const { config } = this
    if (this.clients.length === 0) {
      for (const seat of seats) {
        const input = new Uint32Array(300).fill(seat + 1)
        this.clients.push(new ClientSession({ config, seat, input, verifyIdentity, signer: signers[seat]! }))
      }
    }
    const home = ingestHome({
      channel: this.machines,
      key: KEY,
      unmasker: executorUnmasker(executeMaskPlan),
      storeFor: () => diskOf(this.#disk),
      pollTime: 10,
      reuploadTime: 2000,
      groupSize: 2,
    })
    const save = async (bytes: Uint8Array): Promise<void> => {
      this.saved = bytes
    }
    return { config, verifyIdentity, plane: createPlane('ingest', home), save }
  }

  async start(): Promise<ServerSession> {
    const server = new ServerSession(await this.#options())
    servers.push(server)
    return server
  }

  /** The server crashes; another one continues from what it saved last. */
  async restart(server: ServerSession): Promise<ServerSession> {
    await server.abandon({ resumable: true })
    const resumed = await ServerSession.resume(this.saved, await this.#options())
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
async function untilVectors() {
  const play = new Play()
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
