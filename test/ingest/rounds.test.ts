import { createRoundConfig, localPlane, type RoundConfig, SecAggError, type Vector } from 'secagg'
import { runClient, serveRound } from 'secagg/transport'
import { afterEach, expect, test } from 'vitest'
import { ingestHome } from '../../src/ingest/ingest-plane.js'
import { createPlane, executorUnmasker } from '../../src/plane/index.js'
import { connectionPair } from '../../src/transport/connections/pair.js'
import { executeMaskPlan } from '../../src/vector/index.js'
import { randomOf } from '../support/seeded.js'
import { diskOf, KEY, Machines } from './machines.js'
import { identitiesFor, type Parties } from './parties.js'

const CLIENTS = 8
const CURIOUS = { adversary: 'honest-but-curious', threshold: 5, minimumCohort: 5 } as const
const MODELS = {
  curious: CURIOUS,
  'curious, in slices': { ...CURIOUS, sliceLength: 64 },
  active: { adversary: 'active', threshold: 6, minimumCohort: 6 },
  'active, each client chooses its holders': {
    adversary: 'active',
    threshold: 4,
    minimumCohort: 6,
    graph: { neighbors: 6, assumptions: 'unproven' },
    sliceLength: 64,
  },
}

const stops: AbortController[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort(new Error('the test is over'))
})

const later = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })

interface Play {
  readonly machines: Machines
  /** The seats that do not send their vectors. */
  readonly silent?: readonly number[]
  readonly reuploadTime?: number
  /** What happens during the round. */
  disturb?(machines: Machines): Promise<void>
}

/** Runs a round whose vectors go to ingest processes. */
async function play(model: object, { machines, silent = [], reuploadTime = 3000, disturb }: Play) {
  const parties: Parties = await identitiesFor(CLIENTS)
  const config: RoundConfig = createRoundConfig({
    sessionId: new Uint8Array(32).fill(5),
    clients: CLIENTS,
    segments: [{ length: 300, bits: 20, bound: 1000 }],
    ...model,
  } as unknown as Parameters<typeof createRoundConfig>[0])
  const stop = new AbortController()
  stops.push(stop)
  const home = ingestHome({
    channel: machines,
    key: KEY,
    unmasker: executorUnmasker(executeMaskPlan),
    storeFor: () => diskOf(new Map()),
    pollTime: 20,
    reuploadTime,
    groupSize: 2,
  })
  const { verifyIdentity } = parties
  const active = config.adversary === 'active'
  const round = serveRound({
    config,
    ...(active && { verifyIdentity }),
    plane: createPlane('ingest', home),
    signal: stop.signal,
    deadline: 20_000,
    farewell: 100,
    phases: { 'masked-input': { deadline: silent.length > 0 ? 1500 : 20_000 } },
  })
  const inputs = Array.from({ length: CLIENTS }, (_, seat) => new Uint32Array(300).fill(seat + 1))
  const ends = inputs.map((all, seat) => {
    const connect = () => {
      const [ours, theirs] = connectionPair()
      round.connect(seat, theirs)
      return ours
    }
    const openUpload = (address: string) => {
      if (silent.includes(seat)) throw new Error('no network')
      return machines.connect(address)
    }
    const input =
      config.sliceLength === undefined
        ? all
        : ({ from, to }: { from: number; to: number }) => all.slice(from, to)
    const own = { config, seat, input, openUpload, signal: stop.signal }
    const signed = active ? { verifyIdentity, signer: parties.signers[seat]! } : {}
    return runClient(connect, { ...own, ...signed }).catch((error: unknown) => error)
  })
  await disturb?.(machines)
  const outcome = await round.outcome.catch((error: unknown) => error as SecAggError)
  await round.closed
  return { outcome, ends: await Promise.all(ends) }
}

function expectSum(
  outcome: { readonly sum: Vector; readonly report: { readonly survivors: readonly number[] } },
  survivors: readonly number[],
): void {
  expect(outcome.report.survivors).toEqual(survivors)
  const expected = survivors.reduce((sum, seat) => sum + seat + 1, 0)
  expect(outcome.sum).toEqual([new Uint32Array(300).fill(expected)])
}

const seats = Array.from({ length: CLIENTS }, (_, seat) => seat)

test.each(Object.entries(MODELS))('all vectors go to ingest processes: %s', async (_, model) => {
  const machines = new Machines(randomOf(1), 2)
  const { outcome, ends } = await play(model, { machines })
  if (outcome instanceof SecAggError) throw outcome
  expectSum(outcome as never, seats)
  expect(ends).toEqual(seats.map(() => ({ included: true })))
  // Nothing of the round is left in the processes.
  expect(machines.groups).toBe(0)
})

test.each(Object.entries(MODELS))('processes are killed, and clients send again: %s', async (_, model) => {
  const machines = new Machines(randomOf(2), 3)
  const { outcome, ends } = await play(model, {
    machines,
    disturb: async () => {
      for (const wait of [40, 60]) {
        await later(wait)
        machines.kill(machines.ids[0]!)
      }
      machines.start()
    },
  })
  if (outcome instanceof SecAggError) throw outcome
  expectSum(outcome as never, seats)
  expect(ends).toEqual(seats.map(() => ({ included: true })))
})

test('clients whose vectors never arrive are dropouts', async () => {
  const machines = new Machines(randomOf(3), 2)
  const { outcome, ends } = await play(CURIOUS, { machines, silent: [2, 5] })
  if (outcome instanceof SecAggError) throw outcome
  expectSum(outcome as never, [0, 1, 3, 4, 6, 7])
  expect(ends[0]).toEqual({ included: true })
  expect(ends[2]).toMatchObject({ code: 'late-message' })
})

test('too few after all processes are lost: a typed error, and no sum', async () => {
  const machines = new Machines(randomOf(4), 1)
  const { outcome, ends } = await play(CURIOUS, {
    machines,
    silent: [0],
    reuploadTime: 300,
    disturb: async () => {
      await later(1400)
      machines.kill(machines.ids[0]!)
    },
  })
  expect(outcome).toMatchObject({ code: 'too-few-clients' })
  for (const end of ends) expect(end).toMatchObject({ code: 'round-aborted' })
  // The coordinator asks no more questions.
  const { requests } = machines
  await later(200)
  expect(machines.requests).toBe(requests)
})

test('a client without openUpload does not send its vector anywhere', async () => {
  const machines = new Machines(randomOf(5), 1)
  const home = ingestHome({
    channel: machines,
    key: KEY,
    unmasker: executorUnmasker(executeMaskPlan),
    storeFor: () => diskOf(new Map()),
  })
  const config = createRoundConfig({
    sessionId: new Uint8Array(32),
    clients: 3,
    segments: [{ length: 3, bits: 8, bound: 10 }],
    adversary: 'honest-but-curious',
  })
  const round = serveRound({ config, plane: createPlane('ingest', home), farewell: 0, deadline: 2000 })
  round.outcome.catch(() => undefined)
  const ends = [0, 1, 2].map((seat) =>
    runClient(
      () => {
        const [ours, theirs] = connectionPair()
        round.connect(seat, theirs)
        return ours
      },
      { config, seat, input: Uint8Array.of(1, 2, 3) },
    ).catch((error: unknown) => error),
  )
  for (const end of await Promise.all(ends))
    expect(end).toMatchObject({ code: 'invalid-argument', fault: 'usage' })
  await expect(round.outcome).rejects.toMatchObject({ code: 'too-few-clients' })
  expect(localPlane().kind).toBe('local')
})
