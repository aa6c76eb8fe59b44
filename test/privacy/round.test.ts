import { createRoundConfig } from 'secagg'
import {
  analyzePrivacy,
  createPrivateEncoder,
  decodePrivateSum,
  type PrivacySetting,
  privacyContext,
} from 'secagg/privacy'
import { describe, expect, test } from 'vitest'
import { runCohort } from '../support/cohort.js'
import { rotationSeed, sumOfVectors, vectorsOf } from './cohort.js'
import { seededCrypto } from './support.js'

const setting: PrivacySetting = {
  clients: 8,
  minimumHonest: 4,
  length: 100,
  clip: 1,
  bits: 16,
  noiseMultiplier: 0.3,
  delta: 1e-3,
}

describe('a private round', () => {
  const parameters = analyzePrivacy(setting)
  const vectors = vectorsOf(8, 100, 1, 90)
  const inputs = vectors.map((vector, seat) => [
    createPrivateEncoder(setting, seededCrypto(91 + seat)).encode(vector, rotationSeed).vector,
  ])
  const round = {
    clients: 8,
    adversary: 'active',
    corruptClients: 1,
    minimumCohort: 6,
    segments: [parameters.segment],
    inputs,
    context: { privacy: privacyContext(parameters, rotationSeed) },
  } as const

  test('two clients drop out, and the server decodes the noisy sum of the others', async () => {
    const { outcome, survivors } = await runCohort({ ...round, stages: [9, 2, 9, 9, 0, 9, 9, 9] })
    expect(survivors).toEqual([0, 2, 3, 5, 6, 7])
    const sum = decodePrivateSum(setting, outcome!.sum[0]!, rotationSeed)
    const truth = sumOfVectors(survivors.map((seat) => vectors[seat]!))
    const { sumStandardDeviation } = parameters
    for (const [i, value] of sum.entries()) {
      expect(Math.abs(value - truth[i]!)).toBeLessThan(5 * sumStandardDeviation)
    }
  })

  test('a client that was told a smaller noise is refused', async () => {
    const sessionId = new Uint8Array(32).fill(7)
    const deceived = createRoundConfig({
      ...round,
      sessionId,
      context: {
        privacy: privacyContext(analyzePrivacy({ ...setting, noiseMultiplier: 0.001 }), rotationSeed),
      },
    })
    const clientOptions = (seat: number) => (seat === 3 ? { config: deceived } : {})
    const { outcome, survivors } = await runCohort({ ...round, sessionId, clientOptions })
    expect(outcome).toBeDefined()
    expect(survivors).toEqual([0, 1, 2, 4, 5, 6, 7])
  })
})
