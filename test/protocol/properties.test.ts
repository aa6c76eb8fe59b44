import * as fc from 'fast-check'
import type { CryptoProvider, SuiteName } from 'secagg'
import { minimumThreshold } from 'secagg/protocol'
import { describe, expect, it } from 'vitest'
import { providers } from '../crypto/providers.js'
import { type CohortOptions, type RunOptions, runCohort } from '../support/cohort.js'
import { lanesOf } from '../support/inputs.js'

type Scenario = Omit<CohortOptions, 'crypto'> & RunOptions

/** How many messages a client has sent when its input is in the sum. */
const UP_TO_MASKED_INPUT = 3

/** A segment whose sums wrap around, or whose bound is at most the largest one that cannot overflow. */
function segmentFor(clients: number, length: fc.Arbitrary<number>) {
  return fc.record({ length, bits: fc.integer({ min: 1, max: 64 }) }).chain(({ length, bits }) => {
    const largest = ((1n << BigInt(bits)) - 1n) / BigInt(clients) + 1n
    const bound = fc.oneof(
      fc.constant<'modular'>('modular'),
      fc.bigInt({ min: 1n, max: largest }),
      fc.constant(largest),
    )
    return fc.record({ length: fc.constant(length), bits: fc.constant(bits), bound })
  })
}

/** Rounds with random parameters, in which as many clients drop out as the round tolerates. */
function scenarios(mostClients: number, mostElements: number, suites: SuiteName[]): fc.Arbitrary<Scenario> {
  const sizes = fc.record({
    clients: fc.integer({ min: 2, max: mostClients }),
    adversary: fc.constantFrom('honest-but-curious' as const, 'active' as const),
  })
  return sizes.chain(({ clients, adversary }) => {
    const least = minimumThreshold({ clients, adversary, corruptClients: undefined })
    return fc.integer({ min: least, max: clients }).chain((threshold) =>
      fc.integer({ min: threshold, max: clients }).chain((minimumCohort) =>
        fc
          .record({
            segments: fc.array(segmentFor(clients, fc.integer({ min: 1, max: mostElements })), {
              minLength: 1,
              maxLength: 4,
            }),
            suite: fc.constantFrom(...suites),
            context: fc.dictionary(fc.stringMatching(/^[a-z ]{1,9}$/), fc.uint8Array({ maxLength: 9 })),
            seed: fc.nat(),
            order: fc.shuffledSubarray(
              Array.from({ length: clients }, (_, seat) => seat),
              { maxLength: clients - threshold },
            ),
            early: fc.nat(clients - minimumCohort),
            lastMessages: fc.array(fc.nat(), { minLength: clients, maxLength: clients }),
          })
          .map(({ order, early, lastMessages, ...rest }) => ({
            ...rest,
            clients,
            adversary,
            threshold,
            minimumCohort,
            stages: stagesOf(clients, order, early, lastMessages),
          })),
      ),
    )
  })
}

/** The seats of `order` drop out; the first `early` of them so early that their inputs are not in the sum. */
function stagesOf(clients: number, order: number[], early: number, lastMessages: number[]): number[] {
  const stages = new Array<number>(clients).fill(9)
  order.forEach((seat, index) => {
    const draw = lastMessages[index]!
    stages[seat] = index < early ? draw % UP_TO_MASKED_INPUT : UP_TO_MASKED_INPUT + (draw % 2)
  })
  return stages
}

async function sumIsExact(scenario: Scenario, crypto: Pick<CohortOptions, 'crypto'> = {}): Promise<void> {
  const round = await runCohort({ ...scenario, ...crypto })
  expect(round.error).toBeUndefined()
  const inTime = round.inputs
    .map((_, seat) => seat)
    .filter((seat) => scenario.stages![seat]! >= UP_TO_MASKED_INPUT)
  expect(round.survivors).toEqual(inTime)
  expect(round.outcome?.sum).toEqual(round.expected)
}

describe('the sum is exact in every kind of round', () => {
  it('with the toy provider', async () => {
    await fc.assert(
      fc.asyncProperty(scenarios(12, 80, ['aes', 'chacha']), (scenario) => sumIsExact(scenario)),
      { seed: 2017, numRuns: 120 },
    )
  })

  it.each(providers)('with the cryptography of $name', async (crypto: CryptoProvider) => {
    const suites = Object.keys(crypto.suites) as SuiteName[]
    await fc.assert(
      fc.asyncProperty(scenarios(5, 3000, suites), (scenario) => sumIsExact(scenario, { crypto })),
      { seed: 1017, numRuns: 12 },
    )
  })

  it('with the largest value in every element, and the largest bound that cannot overflow', async () => {
    for (const [clients, bits] of [
      [2, 2],
      [3, 8],
      [5, 16],
      [7, 32],
      [4, 33],
      [6, 64],
    ] as const) {
      const bound = ((1n << BigInt(bits)) - 1n) / BigInt(clients) + 1n
      const largest = lanesOf(bits, [bound - 1n, bound - 1n, bound - 1n])
      const inputs = Array.from({ length: clients }, () => [largest])
      const segments = [{ length: 3, bits, bound }]
      const round = await runCohort({ clients, adversary: 'honest-but-curious', segments, inputs })
      const total = BigInt(clients) * (bound - 1n)
      expect(Array.from(round.outcome!.sum[0]!, BigInt)).toEqual([total, total, total])
    }
  })
})
