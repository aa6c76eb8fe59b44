import { expect, test } from 'vitest'
import { nextTurn } from '../../src/vector/pace.js'
import { named } from '../support/seeded.js'
import { type Ended, makeScene, type Scene } from './support.js'

const SHAPE = {
  clients: 4,
  threshold: 3,
  adversary: 'honest-but-curious',
  segments: [{ length: 20, bits: 16, bound: 1000 }],
} as const
const reason = new Error('shut down')

/** How the round of a scene ended: its sum or why there is none, and what its clients were told. */
async function endOfRound(scene: Scene): Promise<{ outcome: unknown; told: Set<Ended> }> {
  const ends = scene.joinAll()
  const { outcome, closed } = scene.round
  const end = await scene.clock.until(
    outcome.then(
      ({ sum }) => sum,
      (error: unknown) => error,
    ),
  )
  const told = new Set((await scene.clock.until(ends)).values())
  await scene.clock.until(closed)
  return { outcome: end, told }
}

/** A round whose result is stored slowly. `hear` is told when that begins, goes on and is over. */
async function slowlyStored(hear: (stop: AbortController, moment: string) => void) {
  const scene = await makeScene(SHAPE)
  const stop = new AbortController()
  const stored: unknown[] = []
  scene.serve({
    signal: stop.signal,
    onEvent: ({ type }) => hear(stop, type),
    saveResult: async ({ sum }) => {
      hear(stop, 'storing')
      await nextTurn()
      hear(stop, 'still storing')
      await nextTurn()
      stored.push(sum)
      hear(stop, 'stored')
    },
  })
  const end = await endOfRound(scene)
  return { ...end, stored }
}

test('whenever the server aborts, the clients are told that there is a sum if and only if it is stored', async () => {
  const moments: string[] = []
  await slowlyStored((_, moment) => void moments.push(moment))
  const storing = moments.indexOf('storing')
  expect(storing).toBeGreaterThan(10)
  for (const at of moments.keys()) {
    await named(`at ${at}: ${moments[at]}`, async () => {
      let count = 0
      const { outcome, told, stored } = await slowlyStored((stop) => {
        if (count++ === at) stop.abort(reason)
      })
      if (at < storing) {
        expect(outcome).toBe(reason)
        expect(told).toEqual(new Set(['round-aborted']))
        expect(stored).toEqual([])
      } else {
        expect(told).toEqual(new Set([true]))
        expect(stored).toEqual([outcome])
      }
    })
  }
})

test('an abort takes effect if the result cannot be stored', async () => {
  const { outcome, told, stored } = await slowlyStored((stop, moment) => {
    if (moment === 'storing') stop.abort(reason)
    if (moment === 'still storing') throw new Error('the disk is full')
  })
  expect(outcome).toBe(reason)
  expect(told).toEqual(new Set(['round-aborted']))
  expect(stored).toEqual([])
})

test('an error of a listener ends the round before the result is stored, and not after', async () => {
  const early = await makeScene(SHAPE)
  const over = new AbortController()
  let closings = 0
  let stored = 0
  const saveResult = async () => void stored++
  early.serve({
    farewell: 0,
    saveResult,
    onEvent: ({ type }) => {
      if (type === 'secrets-recovered') throw reason
    },
  })
  const ends = Promise.all(
    [0, 1, 2, 3].map((seat) => early.join(seat, { signal: over.signal }).catch(() => 0)),
  )
  const failure = await early.clock.until(early.round.outcome.catch((error: unknown) => error))
  expect(failure).toMatchObject({ code: 'invalid-argument', cause: reason })
  for (let turn = 0; turn < 20; turn++) await nextTurn()
  expect(stored).toBe(0)
  over.abort()
  await early.clock.until(ends)

  const late = await slowlyStored((_, moment) => {
    if (moment === 'phase-closed' && ++closings === 4) throw reason
  })
  expect(closings).toBe(4)
  expect(late.stored).toEqual([late.outcome])
  expect(late.told).toEqual(new Set([true]))
})

test('saveResult must be a function', async () => {
  const scene = await makeScene(SHAPE)
  expect(() => scene.serve({ saveResult: 'results.json' as never })).toThrow(
    expect.objectContaining({ code: 'invalid-argument' }),
  )
})
