import { type PhaseOutcome, SecAggError, ServerSession, type ServerSessionOptions } from 'secagg'
import { describe, expect, test } from 'vitest'
import { createPlane, homeOf, localPlane, type PlaneHome, type SumBlock } from '../../src/plane/index.js'
import { maskedVectors, ROUND } from '../session/sliced-rounds.js'
import { type CohortOptions, makeCohort } from '../support/cohort.js'
import { sumOf } from '../support/inputs.js'
import { type Random, randomOf } from '../support/seeded.js'
import { flakyHome } from './flaky-plane.js'

const { sliceLength: _, ...WHOLE } = ROUND
const CLIENTS = 6
const ROUNDS: Readonly<Record<string, CohortOptions>> = {
  'whole vectors': { ...WHOLE, clients: CLIENTS, threshold: 4 },
  'vectors in slices': { ...ROUND, clients: CLIENTS, threshold: 4 },
  'vectors in slices, active': { ...ROUND, clients: CLIENTS, threshold: 5, adversary: 'active' },
}

describe.each(Object.entries(ROUNDS))('a plane whose calls fail in random order: %s', (_, options) => {
  test.each(Array.from({ length: 8 }, (_, seed) => seed))(
    'seed %i: the sum is that of the survivors',
    async (seed) => {
      await playThrough(options, randomOf(seed))
    },
  )
})

/** Plays a round whose plane fails at first, and whose server is killed at times. */
async function playThrough(options: CohortOptions, random: Random): Promise<void> {
  const trouble = { random, rate: 30 }
  const own = { maximumUploads: 2 + random.below(3), save: (bytes: Uint8Array) => void saved.push(bytes) }
  const planeOf = () => createPlane('flaky', flakyHome(homeOf(localPlane()), trouble))
  const saved: Uint8Array[] = []
  const cohort = await makeCohort({ ...options, serverOptions: { ...own, plane: planeOf() } })
  const { config, crypto, verifyIdentity, sessions } = cohort
  let { server } = cohort
  const serverOptions = (): ServerSessionOptions => ({
    config,
    crypto,
    verifyIdentity,
    ...own,
    plane: planeOf(),
  })
  const silent = random.below(config.clients + 1)
  let answers = new Map<number, readonly Uint8Array[]>()
  for (const [seat, session] of sessions.entries()) answers.set(seat, [await session.start()])

  /** What the clients that the server waits for answer. */
  const askAgain = async (): Promise<void> => {
    for (const seat of server.waitingFor) {
      const message = server.messageFor(seat)
      if (message === undefined) continue
      const reply = [await sessions[seat]!.receive(message)]
      if (server.phase === 'masked-input')
        for await (const slice of sessions[seat]!.slices()) reply.push(slice)
      answers.set(seat, reply)
    }
  }
  const receive = async (seat: number, bytes: Uint8Array): Promise<void> => {
    const receipt = await server.receive(seat, bytes)
    // Nothing that an honest client sends is refused, whatever the plane does.
    if (receipt.status === 'refused') expect(receipt.error.code).toBe('late-message')
  }
  let outcome: PhaseOutcome | undefined
  for (let turn = 0; outcome?.done !== true; turn++) {
    expect(turn).toBeLessThan(600)
    if (turn > 60) trouble.rate = 0
    const act = random.below(10)
    const isLeftOut = (seat: number): boolean => seat === silent && server.phase === 'masked-input'
    if (act < 6) {
      const seats = random.shuffle(server.waitingFor).filter((seat) => !isLeftOut(seat))
      const messages = seats
        .slice(0, 1 + random.below(3))
        .flatMap((seat) => (answers.get(seat) ?? []).map((bytes) => [seat, bytes] as const))
      const calls = random.shuffle([...messages, ...messages.slice(0, random.below(3))])
      const settled = await Promise.allSettled(calls.map(([seat, bytes]) => receive(seat, bytes)))
      for (const call of settled) if (call.status === 'rejected') expectTyped(call.reason)
    } else if (act === 6) {
      await server.checkpoint().catch(expectTyped)
    } else if (act === 7 && server.phase === 'masked-input') {
      await server.discardUpload(random.below(config.clients)).catch(expectTyped)
    } else if (act === 8 && saved.length > 0) {
      const resumed = await ServerSession.resume(saved.at(-1)!, serverOptions()).catch(expectTyped)
      if (resumed === undefined) continue
      server = resumed
      await askAgain()
    } else if (server.waitingFor.every(isLeftOut)) {
      const next = await server.closePhase().catch(expectTyped)
      if (next === undefined) continue
      outcome = next
      answers = new Map()
      if (!next.done) await askAgain()
    }
  }
  if (outcome?.done !== true) throw new Error('the round has not ended')
  expect(outcome.report.survivors).toEqual(sessions.map((_, seat) => seat).filter((seat) => seat !== silent))
  expect(outcome.sum).toEqual(sumOf(config, outcome.report.survivors, cohort.inputs))
}

function expectTyped(error: unknown): undefined {
  // Errors of `unmask` can be the host's, so they are passed on as they are.
  if (error instanceof Error && error.message.startsWith('the plane fails at unmask')) return
  expect(error).toBeInstanceOf(SecAggError)
  expect(error).toMatchObject({ code: 'storage-failure', fault: 'usage' })
}

describe('a plane that returns something else than the sum', () => {
  const wrong: Readonly<Record<string, (block: SumBlock) => readonly SumBlock[]>> = {
    'no block': () => [],
    'a block twice': (block) => [block, block],
    'too few elements': ({ elements }) => [{ range: { from: 0, to: 300 }, elements: elements.slice(1) }],
    'a block that begins too late': (block) => [{ ...block, range: { from: 1, to: 301 } }],
  }
  test.each(Object.entries(wrong))('%s: there is no sum', async (_, change) => {
    const home: PlaneHome = homeOf(localPlane())
    const begin: PlaneHome['begin'] = async (round) => {
      const plane = await home.begin(round)
      return {
        ...bound(plane),
        unmask: async function* (...work: Parameters<typeof plane.unmask>) {
          for await (const block of plane.unmask(...work)) yield* change(block)
        },
      }
    }
    const round = await maskedVectors({
      ...ROUND,
      serverOptions: { plane: createPlane('wrong', { ...home, begin }) },
    })
    const { server, sessions, vectors } = round
    for (const [seat, slices] of vectors.entries())
      for (const slice of slices) await server.receive(seat, slice)
    const outcome = await server.closePhase()
    if (outcome.done) throw new Error('too early')
    for (const [seat, bytes] of outcome.messages)
      await server.receive(seat, await sessions[seat]!.receive(bytes))
    await expect(server.closePhase()).rejects.toMatchObject({ name: 'SecAggError' })
    expect(server.phase).toBe('unmasking')
  })

  test('a seat that is not in the round, or twice', async () => {
    for (const extra of [9, 0]) {
      const home: PlaneHome = homeOf(localPlane())
      const begin: PlaneHome['begin'] = async (round) => {
        const plane = await home.begin(round)
        return { ...bound(plane), seal: async () => [...(await plane.seal()), extra] }
      }
      const round = await maskedVectors({
        ...ROUND,
        serverOptions: { plane: createPlane('wrong', { ...home, begin }) },
      })
      const { server, vectors } = round
      for (const [seat, slices] of vectors.entries())
        for (const slice of slices) await server.receive(seat, slice)
      await expect(server.closePhase()).rejects.toMatchObject({ code: 'internal' })
      expect(server.phase).toBe('masked-input')
    }
  })
})

function bound(plane: Awaited<ReturnType<PlaneHome['begin']>>): typeof plane {
  return {
    get seats() {
      return plane.seats
    },
    slicesOf: (seat) => plane.slicesOf(seat),
    fold: (...vector) => plane.fold(...vector),
    again: (...vector) => plane.again(...vector),
    discard: (seat) => plane.discard(seat),
    settle: () => plane.settle(),
    seal: () => plane.seal(),
    checkpoint: () => plane.checkpoint(),
    unmask: (...work) => plane.unmask(...work),
    release: () => plane.release(),
    close: () => plane.close(),
  }
}
