import {
  ClientSession,
  checkNeighborhood,
  chooseParameters,
  createRoundConfig,
  dangerouslyTrustAnyIdentity,
  minimumThreshold,
  type RoundParameters,
  ServerSession,
} from 'secagg'
import { client } from 'secagg/protocol'
import { simulate } from 'secagg/simulate'
import { connectionPair, runClient, serveRound } from 'secagg/transport'
import {
  addInto,
  createAccumulator,
  createVector,
  executeMaskPlan,
  expandMask,
  packedRange,
  packVector,
  reduceInto,
  segmentsInRange,
  unpackVector,
  vectorInRange,
} from 'secagg/vector'
import { createMaskPool } from 'secagg/workers'
import { describe, expect, test } from 'vitest'
import { seededCrypto } from '../privacy/support.js'
import { expectReadOnce } from './read-once.js'

// What a caller hands in may have getters, or be a proxy. Whatever is checked has to be what is used.

const PARAMETERS: RoundParameters = {
  sessionId: new Uint8Array(16),
  clients: 100,
  adversary: 'active',
  segments: [{ length: 4, bits: 16, bound: 100 }],
  threshold: 67,
}

describe('a threshold that changes once it has been checked', () => {
  test('is not the threshold of the round', () => {
    let readings = 0
    const shifting = {
      ...PARAMETERS,
      get threshold() {
        return readings++ < 3 ? 67 : 2
      },
    }
    for (let attempt = 0; attempt < 6; attempt++) {
      readings = attempt
      const config = (() => {
        try {
          return createRoundConfig(shifting)
        } catch (error) {
          return error
        }
      })()
      if (!(config instanceof Error)) expect(config).toMatchObject({ threshold: 67, minimumCohort: 67 })
    }
  })

  test('where it comes from a prototype, it counts like any other', () => {
    const derived = Object.create({ ...PARAMETERS, threshold: 80, context: { model: Uint8Array.of(1) } })
    expect(createRoundConfig(derived)).toEqual(
      createRoundConfig({ ...PARAMETERS, threshold: 80, context: { model: Uint8Array.of(1) } }),
    )
  })
})

const sparse = {
  neighbors: 4,
  assumptions: { corruptFraction: 0, dropoutFraction: 0.1, statisticalSecurity: 1 },
}
const assumptions = {
  clients: 100,
  dropoutFraction: 0.05,
  corruptFraction: 0.05,
  adversary: 'honest-but-curious',
} as const
const config = createRoundConfig({ ...PARAMETERS, clients: 3, threshold: 3 })
const signer = { sign: async () => new Uint8Array(64) }
const verifyIdentity = dangerouslyTrustAnyIdentity()
const segments = [{ length: 3, bits: 12 }]

/** How a promise ends, which may be with an error. */
const outcomeOf = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error)

describe('what is read once is what is checked and used:', () => {
  expectReadOnce({
    createRoundConfig: (of) =>
      createRoundConfig(
        of({
          ...PARAMETERS,
          minimumCohort: 70,
          signatureLength: 64,
          suite: 'chacha',
          context: { a: Uint8Array.of(1) },
        }),
      ),
    'createRoundConfig, sparse': (of) =>
      createRoundConfig(
        of({
          ...PARAMETERS,
          clients: 5,
          adversary: 'honest-but-curious',
          threshold: 3,
          minimumCohort: 3,
          graph: sparse,
          sliceLength: 64,
        }),
      ),
    minimumThreshold: (of) => minimumThreshold(of({ clients: 10, adversary: 'active', corruptClients: 2 })),
    chooseParameters: (of) =>
      chooseParameters(of({ ...assumptions, statisticalSecurity: 30, correctness: 10 })),
    checkNeighborhood: (of) => checkNeighborhood(of({ ...assumptions, neighbors: 99, threshold: 60 })),
    'client.advertiseKeys': async (of) =>
      (
        await client.advertiseKeys(
          config,
          0,
          of({ crypto: seededCrypto(1), signer: { sign: async () => new Uint8Array(64) } }),
          of({ minimumSurvivors: 3 }),
        )
      ).outbound,
    ClientSession: (of) =>
      new ClientSession(
        of({ config, seat: 0, input: new Uint16Array(4), minimumSurvivors: 3, signer, verifyIdentity }),
      ).phase,
    ServerSession: (of) => new ServerSession(of({ config, maximumUploads: 2, verifyIdentity })).phase,
    createAccumulator: (of) => createAccumulator(of(segments)).toVector(),
    createVector: (of) => createVector(of(segments)),
    packVector: (of) => packVector([Uint16Array.of(1, 2, 3)], of(segments)),
    unpackVector: (of) => unpackVector(new Uint8Array(5), of(segments)),
    packedRange: (of) => packedRange(of(segments), of({ from: 0, to: 2 })),
    vectorInRange: (of) => vectorInRange([new Uint16Array(3)], of(segments), of({ from: 1, to: 2 })),
    segmentsInRange: (of) => segmentsInRange(of(segments), of({ from: 1, to: 2 })),
    addInto: (of) => addInto([new Uint16Array(3)], [new Uint16Array(3)], of(segments)),
    reduceInto: (of) => reduceInto([new Uint16Array(3)], of(segments)),
    executeMaskPlan: async (of) => {
      const target = [new Uint16Array(2)]
      const plan = [{ seed: new Uint8Array(16), sign: 1 as const }]
      const aes = seededCrypto(1).suites.aes!
      await executeMaskPlan(target, of(segments), of(plan), aes, of({ range: { from: 0, to: 2 } }))
      return target
    },
    expandMask: (of) =>
      expandMask(seededCrypto(1).suites.aes!, new Uint8Array(16), of(segments), of({ from: 0, to: 2 })),
    createMaskPool: async (of) => (await createMaskPool(of({ workers: 0 }))).threads,
    runClient: (of) =>
      outcomeOf(
        runClient(
          () => connectionPair()[0],
          of({
            config,
            seat: 0,
            input: new Uint16Array(4),
            retryAfter: () => undefined,
            signal: AbortSignal.abort(),
          }),
        ),
      ),
    serveRound: (of) => {
      const round = serveRound(
        of({
          config,
          verifyIdentity,
          deadline: 1000,
          phases: { 'share-keys': { deadline: 500 } },
          signal: AbortSignal.abort(),
        }),
      )
      return outcomeOf(round.outcome)
    },
    simulate: async (of) =>
      (
        await simulate(
          of({
            clients: 3,
            length: 4,
            bits: 16,
            adversary: 'active',
            seed: 2,
            drops: [{ count: 0, phase: 'unmasking' }],
          }),
        )
      ).exact,
  })
})
