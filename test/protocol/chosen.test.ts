import { createRoundConfig, type RoundParameters } from 'secagg'
import { describe, expect, test } from 'vitest'
import { culpritsAmong } from '../../src/protocol/server/wrong-shares.js'
import { type CohortOptions, makeCohort, runCohort } from '../support/cohort.js'

/** Thirty clients choose twelve holders each, of which eight recover a secret. */
const CHOSEN: CohortOptions = {
  clients: 30,
  adversary: 'active',
  graph: { neighbors: 12, assumptions: 'unproven' },
  threshold: 8,
  minimumCohort: 16,
}

describe('rounds in which clients choose their holders', () => {
  test.each(['aes', 'chacha'] as const)('dropouts after each message, suite %s: exact', async (suite) => {
    const { outcome, expected, survivors, clientErrors, receipts } = await runCohort({
      ...CHOSEN,
      suite,
      segments: [{ length: 50, bits: 20, bound: 'modular' }],
      stages: [0, 1, 2, 3, 4],
      seed: 81,
    })
    expect([...clientErrors.values()]).toEqual([])
    expect(receipts.filter(({ receipt }) => receipt.status !== 'accepted')).toEqual([])
    expect(survivors).toHaveLength(27)
    expect(outcome?.sum).toEqual(expected)
    expect(outcome?.report.phases.map(({ phase, accepted }) => [phase, accepted.length])).toEqual([
      ['advertise-keys', 29],
      ['share-keys', 28],
      ['masked-input', 27],
      ['consistency-check', 26],
      ['unmasking', 25],
    ])
  })

  test('vectors in slices: the proof goes with the first, and an upload that ends midway does not count', async () => {
    const segments = [{ length: 150, bits: 33, bound: 'modular' }] as const
    const { server, sessions, inputs } = await makeCohort({ ...CHOSEN, segments, sliceLength: 64, seed: 82 })
    for (const [seat, session] of sessions.entries()) await server.receive(seat, await session.start())
    let outcome = await server.closePhase()
    while (!outcome.done) {
      for (const [seat, bytes] of outcome.messages) {
        const answer = await sessions[seat]!.receive(bytes)
        expect(await server.receive(seat, answer)).toMatchObject({ status: 'accepted' })
        if (seat === 3 && outcome.phase === 'masked-input') continue
        for await (const slice of sessions[seat]!.slices()) {
          expect(await server.receive(seat, slice)).toMatchObject({ status: 'accepted' })
        }
      }
      outcome = await server.closePhase()
    }
    const { survivors } = outcome.report
    expect(survivors).not.toContain(3)
    const expected = inputs[0]!.map((lanes, segment) =>
      (lanes as BigUint64Array).map((_, index) =>
        BigInt.asUintN(
          33,
          survivors.reduce((sum, seat) => sum + (inputs[seat]![segment] as BigUint64Array)[index]!, 0n),
        ),
      ),
    )
    expect(outcome.sum).toEqual(expected)
  })

  test('random dropouts, many rounds', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const stages = Array.from({ length: 30 }, (_, seat) =>
        (seat * seed) % 7 === 3 ? (seat + seed) % 5 : 5,
      )
      const { outcome, expected, error } = await runCohort({ ...CHOSEN, stages, seed })
      if (outcome === undefined) expect([seed, error?.code]).toEqual([seed, 'too-few-shares'])
      else expect(outcome.sum).toEqual(expected)
    }
  })
})

const PARAMETERS: Omit<RoundParameters, 'graph'> = {
  sessionId: new Uint8Array(16),
  clients: 200,
  adversary: 'active',
  threshold: 20,
  minimumCohort: 101,
  segments: [{ length: 1, bits: 8, bound: 'modular' }],
}

test('k is at most n − 2: with more holders the minimum cohort would not be proven', () => {
  const assumptions = { corruptFraction: 0.3, dropoutFraction: 0 }
  const withHolders = (neighbors: number) => () =>
    createRoundConfig({
      ...PARAMETERS,
      clients: 100,
      threshold: 66,
      minimumCohort: 95,
      graph: { neighbors, assumptions },
    })
  expect(withHolders(99)).toThrow('graph.neighbors must be a whole number from 2 to 98')
  expect(withHolders(98)).toThrow('the bound on small sums fails')
})

test('for wrong shares, a client is named only if it conflicts with more others than are assumed to be corrupt', () => {
  const named = (
    owners: number,
    assumptions: { corruptFraction: number; dropoutFraction: number } | 'unproven',
  ) =>
    culpritsAmong(
      Array.from({ length: owners }, (_, owner) => ({ owner, holders: [150], fitting: 29 })),
      createRoundConfig({ ...PARAMETERS, graph: { neighbors: 29, assumptions } }),
    )
  const assumptions = { corruptFraction: 0.03, dropoutFraction: 0 }
  expect(named(6, assumptions)).toEqual([])
  expect(named(7, assumptions)).toEqual([150])
  expect(named(100, 'unproven')).toEqual([])
})
