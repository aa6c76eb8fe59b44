import { type AdversaryModel, minimumThreshold } from 'secagg/protocol'
import { describe, expect, it } from 'vitest'
import { providers } from '../crypto/providers.js'
import { type CohortOptions, runCohort } from '../support/cohort.js'
import { named, type Random, randomOf, seeded } from '../support/seeded.js'

/** The messages of a client, in the order of Bonawitz et al. 2017, figure 4. */
const MESSAGES = {
  'honest-but-curious': ['advertise-keys', 'share-keys', 'masked-input', 'unmasking'],
  active: ['advertise-keys', 'share-keys', 'masked-input', 'consistency-check', 'unmasking'],
} as const

const MODELS = ['honest-but-curious', 'active'] as const

interface Scenario {
  readonly clients: number
  readonly threshold: number
  readonly adversary: AdversaryModel
  /** How many messages each client sends before it drops out. */
  readonly stages: readonly number[]
}

/** Figure 4 with sets only: U_i are the clients of U_{i−1} whose message arrived; fewer than t end the round. */
function predict({
  clients,
  threshold,
  adversary,
  stages,
}: Scenario): { abort: string } | { survivors: number[] } {
  let alive = Array.from({ length: clients }, (_, seat) => seat)
  let survivors: number[] = []
  for (const [index, message] of MESSAGES[adversary].entries()) {
    alive = alive.filter((seat) => stages[seat]! > index)
    if (alive.length < threshold) return { abort: message }
    if (message === 'masked-input') survivors = alive
  }
  return { survivors }
}

async function checkScenario(scenario: Scenario, options: Partial<CohortOptions> = {}): Promise<boolean> {
  const { clients, threshold, adversary, stages } = scenario
  return named(`${adversary}, n = ${clients}, t = ${threshold}, messages sent: ${stages}`, async () => {
    const round = await runCohort({
      ...scenario,
      segments: [{ length: 3, bits: 20, bound: 2 ** 17 }],
      ...options,
    })
    expect(round.clientErrors.size).toBe(0)
    expect(round.receipts.filter(({ receipt }) => receipt.status !== 'accepted')).toEqual([])
    const predicted = predict(scenario)
    if ('abort' in predicted) {
      expect(round.outcome).toBeUndefined()
      expect(round.error).toMatchObject({ code: 'too-few-clients', fault: 'peer', phase: predicted.abort })
      expect(round.error).toMatchObject({ culprits: [], expected: threshold })
      return false
    }
    expect(round.error).toBeUndefined()
    expect(round.outcome?.report.survivors).toEqual(predicted.survivors)
    expect(round.survivors).toEqual(predicted.survivors)
    expect(round.outcome?.sum).toEqual(round.expected)
    return true
  })
}

function admissibleThresholds(clients: number, adversary: AdversaryModel): number[] {
  const least = minimumThreshold({ clients, adversary, corruptClients: undefined })
  return Array.from({ length: clients - least + 1 }, (_, index) => least + index)
}

/** For each message, every subset of the seats drops out together just before it. */
function* oneBoundary(clients: number, messages: number): Generator<number[]> {
  for (let stage = 0; stage < messages; stage++) {
    for (let subset = 0; subset < 2 ** clients; subset++) {
      yield Array.from({ length: clients }, (_, seat) => ((subset >>> seat) & 1 ? stage : messages))
    }
  }
}

/** All ways in which `clients` indistinguishable clients drop out, ascending by the number of messages that they send. */
function* multisets(clients: number, messages: number, least = 0): Generator<number[]> {
  if (clients === 0) return yield []
  for (let stage = least; stage <= messages; stage++) {
    for (const others of multisets(clients - 1, messages, stage)) yield [stage, ...others]
  }
}

describe.each(MODELS)('dropouts, %s', (adversary) => {
  const messages = MESSAGES[adversary].length

  it.each([2, 3, 4, 5])('any set of %i clients may vanish at any one boundary', async (clients) => {
    for (const threshold of admissibleThresholds(clients, adversary)) {
      let finished = 0
      for (const stages of oneBoundary(clients, messages)) {
        if (await checkScenario({ clients, threshold, adversary, stages })) finished++
      }
      // For each phase, the sets of at most n − t clients.
      expect(finished).toBe(messages * sumOfBinomials(clients, clients - threshold))
    }
  })

  it.each([2, 3, 4, 5])('%i clients may vanish at any boundaries, whatever their seats', async (clients) => {
    await seeded(20170 + clients, async (random) => {
      for (const threshold of admissibleThresholds(clients, adversary)) {
        for (const stages of multisets(clients, messages)) {
          await checkScenario({ clients, threshold, adversary, stages })
          await checkScenario({ clients, threshold, adversary, stages: random.shuffle(stages) })
        }
      }
    })
  })
})

describe.each(providers)('dropouts with the cryptography of $name', (crypto) => {
  it.each(MODELS)('a sample of all of the above, %s', async (adversary) => {
    const random = randomOf(adversary.length)
    let finished = 0
    for (const scenario of sample(adversary, random)) {
      if (await checkScenario(scenario, { crypto })) finished++
    }
    expect(finished).toBeGreaterThan(2)
  })
})

function* sample(adversary: AdversaryModel, random: Random): Generator<Scenario> {
  const messages = MESSAGES[adversary].length
  for (const clients of [2, 3, 4, 5, 5, 5]) {
    const threshold = random.pick(admissibleThresholds(clients, adversary))
    // Two of three clients stay to the end; otherwise most rounds would abort early.
    const stages = Array.from({ length: clients }, () =>
      random.below(3) > 0 ? messages : random.below(messages + 1),
    )
    yield { clients, threshold, adversary, stages }
  }
}

/** The number of subsets of `n` elements that have at most `most` elements. */
function sumOfBinomials(n: number, most: number): number {
  let binomial = 1
  let sum = 0
  for (let k = 0; k <= most; k++) {
    sum += binomial
    binomial = (binomial * (n - k)) / (k + 1)
  }
  return sum
}
