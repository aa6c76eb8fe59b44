import { createRoundConfig } from 'secagg'
import { type RoundHandle, runClient, type ServeRoundOptions, serveRound } from 'secagg/transport'
import { afterEach, expect, test } from 'vitest'
import { ingestHome } from '../../src/ingest/ingest-plane.js'
import { createPlane, executorUnmasker } from '../../src/plane/index.js'
import { connectionPair } from '../../src/transport/connections/pair.js'
import { executeMaskPlan } from '../../src/vector/index.js'
import { nextTurn } from '../../src/vector/pace.js'
import { randomOf } from '../support/seeded.js'
import { diskOf, KEY, Machines } from './machines.js'

const CLIENTS = 6
const LENGTH = 70_000
const config = createRoundConfig({
  sessionId: new Uint8Array(32).fill(4),
  clients: CLIENTS,
  segments: [{ length: LENGTH, bits: 20, bound: 1000 }],
  adversary: 'honest-but-curious',
  threshold: 4,
  minimumCohort: 4,
})
const EXPECTED = [new Uint32Array(LENGTH).fill(21)]

const stops: AbortController[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort(new Error('the test is over'))
})

/** A coordinator over ingest processes, with its disk. */
function serve(machines: Machines, disk: Map<string, Uint8Array>, options: Partial<ServeRoundOptions>) {
  const stop = new AbortController()
  stops.push(stop)
  const home = ingestHome({
    channel: machines,
    key: KEY,
    unmasker: executorUnmasker(executeMaskPlan),
    storeFor: () => diskOf(disk),
    pollTime: 20,
    groupSize: 2,
  })
  const plane = createPlane('ingest', home)
  const round = serveRound({ config, plane, signal: stop.signal, deadline: 20_000, farewell: 0, ...options })
  round.outcome.catch(() => undefined)
  return round
}

/** Runs all clients. Resolves with how each of them ended. */
function join(machines: Machines, round: RoundHandle): Promise<unknown[]> {
  const { signal } = stops[0]!
  const ends = Array.from({ length: CLIENTS }, async (_, seat) => {
    const connect = () => {
      const [ours, theirs] = connectionPair()
      round.connect(seat, theirs)
      return ours
    }
    const input = [new Uint32Array(LENGTH).fill(seat + 1)]
    const openUpload = (address: string) => machines.connect(address)
    const part = runClient(connect, { config, seat, input, openUpload, signal })
    return part.then(
      ({ included }) => included,
      ({ code }) => code,
    )
  })
  return Promise.all(ends)
}

test('a coordinator that is killed before it has stored the sum computes it again', async () => {
  const machines = new Machines(randomOf(8), 2)
  const disk = new Map<string, Uint8Array>()
  let saved: Uint8Array | undefined
  let killed = (): void => undefined
  const isKilled = new Promise<void>((resolve) => {
    killed = resolve
  })
  const first = serve(machines, disk, {
    save: async (bytes) => {
      saved = bytes
    },
    // Not over before the test is.
    saveResult: () => {
      killed()
      return new Promise((_, reject) => stops[0]!.signal.addEventListener('abort', reject))
    },
  })
  join(machines, first)
  await isKilled
  // The ingest processes do not have the vectors any more, and the clients are not needed.
  for (const id of machines.ids) machines.kill(id)
  const stored: unknown[] = []
  const second = serve(machines, disk, {
    saved: saved!,
    saveResult: ({ sum }) => {
      expect(disk.size).toBeGreaterThan(0)
      stored.push(sum)
    },
  })
  const { sum, report } = await second.outcome
  expect(sum).toEqual(EXPECTED)
  expect(stored).toEqual([EXPECTED])
  expect(report.survivors).toHaveLength(CLIENTS)
  expect(disk.size).toBe(0)
})

test('a round that is aborted while its result is stored keeps the partial sums until then', async () => {
  const machines = new Machines(randomOf(9), 2)
  const disk = new Map<string, Uint8Array>()
  const stop = new AbortController()
  const kept: number[] = []
  const round = serve(machines, disk, {
    farewell: 1000,
    signal: stop.signal,
    saveResult: async () => {
      stop.abort(new Error('shut down'))
      for (let turn = 0; turn < 20; turn++) await nextTurn()
      kept.push(disk.size)
    },
  })
  const ends = join(machines, round)
  expect((await round.outcome).sum).toEqual(EXPECTED)
  expect(await ends).toEqual(new Array(CLIENTS).fill(true))
  expect(kept).toEqual([expect.any(Number)])
  expect(kept[0]).toBeGreaterThan(0)
  expect(disk.size).toBe(0)
})
