/**
 * Kills the processes of a cluster at random moments, round after round.
 *
 *     npm run chaos -- --rounds 100 --seed 1
 */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { runChaos } from './chaos.js'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' } },
})
const tally = await runChaos(Number(values.rounds), Number(values.seed), (text) =>
  process.stdout.write(`${text}\n`),
)
process.stdout.write(`${JSON.stringify(tally)}\n`)
