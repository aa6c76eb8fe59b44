/**
 * Fifty clients train a model together and a server sums their updates without seeing any of them; then the same
 * training again, summed in the clear, has to give the same model to the last bit.
 *
 *     npm run demo -- [--rounds N] [--clients N] [--seed N]
 *
 * Exit code 0 where the models are identical, 1 where they are not or a round fails, 2 for bad options.
 */
import { firstDifference } from './compare.js'
import { loadMnist } from './data.js'
import { enrol, secureAggregation } from './federated.js'
import { type DemoOptions, parseOptions } from './options.js'
import {
  printCompared,
  printHeader,
  printRound,
  printSummary,
  printTableHead,
  printWhatTheServerSaw,
} from './report.js'
import { type Setup, sumInTheClear, type TrainedRound, train } from './training.js'

async function main(options: DemoOptions): Promise<number> {
  const start = performance.now()
  const local = { epochs: 1, batch: 8, learningRate: 0.2 }
  const setup: Setup = { ...options, ...loadMnist(), local, clip: 0.5 }
  const cohort = await enrol(options.clients)
  printHeader(setup, cohort.crypto.name)

  printTableHead()
  const secure: TrainedRound[] = []
  for await (const round of train(setup, secureAggregation(cohort))) {
    printRound(round)
    secure.push(round)
  }
  printWhatTheServerSaw(secure[0]!)

  console.log('The same training from the beginning, the same survivors summed in the clear')
  const clear: TrainedRound[] = []
  for await (const round of train(setup, sumInTheClear)) {
    const difference = firstDifference(secure[clear.length]!, round)
    if (difference !== undefined) {
      console.error(`NOT the same: ${difference}`)
      return 1
    }
    printCompared(round)
    clear.push(round)
  }
  printSummary(secure, clear, (performance.now() - start) / 1000)
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
