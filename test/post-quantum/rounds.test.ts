import type { CryptoProvider, RoundParameters } from 'secagg'
import { ClientSession, ServerSession } from 'secagg'
import { defaultCrypto } from 'secagg/crypto'
import { withPostQuantum } from 'secagg/post-quantum'
import { describe, expect, test } from 'vitest'
import { makeCohort, runCohort } from '../support/cohort.js'
import { toyCrypto } from '../support/toy-crypto.js'

const keyAgreement = 'x25519-ml-kem-768'

type Shape = Partial<RoundParameters> & Pick<RoundParameters, 'clients' | 'adversary'>

const GRAPHS: readonly (Shape & { readonly title: string })[] = [
  { title: 'complete, honest-but-curious', clients: 7, adversary: 'honest-but-curious' },
  { title: 'complete, active', clients: 7, adversary: 'active', suite: 'chacha' },
  {
    title: 'sparse',
    clients: 9,
    adversary: 'honest-but-curious',
    graph: { neighbors: 6, assumptions: 'unproven' },
    threshold: 3,
    minimumCohort: 4,
  },
  {
    title: 'chosen',
    clients: 9,
    adversary: 'active',
    graph: { neighbors: 5, assumptions: 'unproven' },
    threshold: 3,
    minimumCohort: 4,
  },
]

async function provider(seed: number): Promise<CryptoProvider> {
  return withPostQuantum(toyCrypto(seed))
}

describe.each(GRAPHS)('hybrid key agreement, $title', ({ title: _, ...shape }) => {
  test('with nobody dropping out, the sum is right', async () => {
    const run = await runCohort({ ...shape, keyAgreement, crypto: await provider(1) })
    expect([run.error, ...run.clientErrors.values()]).toEqual([undefined])
    expect(run.outcome?.sum).toEqual(run.expected)
    expect(run.survivors.length).toBe(shape.clients)
  })

  // Clients that vanish after 0, 1, 2 … messages; those that vanish after their shares are recovered.
  test.each([1, 2, 3])('clients that drop out after message %i are recovered', async (stage) => {
    for (const dropped of [[0], [3], [1, 2]]) {
      const stages = Array.from({ length: shape.clients }, (_, seat) => (dropped.includes(seat) ? stage : 9))
      const run = await runCohort({
        ...shape,
        keyAgreement,
        crypto: await provider(stage),
        stages,
        seed: stage,
      })
      expect([run.error, ...run.clientErrors.values()]).toEqual([undefined])
      expect(run.outcome?.sum).toEqual(run.expected)
      expect(run.survivors.length).toBe(shape.clients - (stage < 3 ? dropped.length : 0))
      expect(run.outcome?.report.culprits).toEqual([])
    }
  })
})

test('a provider without ML-KEM-768 is a usage error that says what to import', async () => {
  const { config } = await makeCohort({
    clients: 3,
    adversary: 'honest-but-curious',
    keyAgreement,
    crypto: await provider(1),
  })
  const wanted = { code: 'unsupported', fault: 'usage', message: /secagg\/post-quantum/ }
  const expected = expect.objectContaining({ ...wanted, message: expect.stringMatching(wanted.message) })
  for (const crypto of [undefined, await defaultCrypto()]) {
    const thrown = (make: () => unknown): unknown => {
      try {
        return make()
      } catch (error) {
        return error
      }
    }
    expect(thrown(() => new ServerSession({ config, crypto }))).toEqual(expected)
    expect(thrown(() => new ClientSession({ config, seat: 0, input: new Uint16Array(5), crypto }))).toEqual(
      expected,
    )
  }
})
