/**
 * Fifty clients train a model together, and a server sums their updates without seeing any of them. Then the same training
 * runs again with sums in the clear, and must give the same model, bit for bit.
 *
 *     npm run demo -- [--rounds N] [--clients N] [--seed N] [--epsilon E]
 *
 * With --epsilon, the clients train with differential privacy, and the second training, without it, shows what privacy
 * costs.
 *
 * The exit code is 0 on success, 1 if a round fails or the models differ but should not, and 2 if options are wrong.
 */
import { sumInTheClear } from './clear.js'
import { firstDifference } from './compare.js'
import { loadMnist } from './data.js'
import { enrol, secureAggregation } from './federated.js'
import { type DemoOptions, parseOptions } from './options.js'
import { planExactly, planPrivately, requirementsOf } from './plan.js'
import {
  printCompared,
  printHeader,
  printPrivacySummary,
  printRound,
  printSummary,
  printTableHead,
  printWhatTheServerSaw,
} from './report.js'
import { largestPart, type Setup, type TrainedRound, train } from './training.js'

async function main(options: DemoOptions): Promise<number> {
  const start = performance.now()
  const { clients, rounds, epsilon } = options
  const setup: Setup = { ...options, ...loadMnist(), local: { epochs: 1, batch: 8, learningRate: 0.2 } }
  const exact = planExactly(clients, largestPart(setup))
  const plan = epsilon === undefined ? exact : planPrivately(clients, epsilon, rounds)
  const cohort = await enrol(clients)
  printHeader(setup, plan, cohort.crypto.name)

  printTableHead(plan)
  const secure: TrainedRound[] = []
  for await (const round of train(setup, secureAggregation(cohort, plan, requirementsOf(options)))) {
    printRound(round, plan)
    secure.push(round)
  }
  printWhatTheServerSaw(secure[0]!, plan)

  const without = epsilon === undefined ? '' : ' without differential privacy'
  console.log(`The same training again${without}, with the same survivors and sums in the clear`)
  const clear: TrainedRound[] = []
  for await (const round of train(setup, sumInTheClear(exact))) {
    const difference = plan === exact ? firstDifference(secure[clear.length]!, round) : undefined
    if (difference !== undefined) {
      console.error(`NOT identical: ${difference}`)
      return 1
    }
    printCompared(round, plan === exact ? ', sums and model identical' : '')
    clear.push(round)
  }
  const seconds = (performance.now() - start) / 1000
  if (plan === exact) printSummary(secure, clear, seconds)
  else printPrivacySummary(secure, clear, plan, seconds)
  return 0
}

function readOptions(): DemoOptions | undefined {
  try {
    return parseOptions(process.argv.slice(2))
  } catch (error) {
    console.error((error as Error).message)
    return undefined
  }
}

const options = readOptions()
process.exitCode = options === undefined ? 2 : await main(options)
