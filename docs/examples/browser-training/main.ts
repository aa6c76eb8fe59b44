/**
 * Clients train a model in pages of a browser, and this server learns the mean of their updates.
 *
 *     npm run browser-training -- [--clients 3] [--rounds 5] [--port 8788] [--compare]
 */
import { parseArgs } from 'node:util'
import { type ClearUpdate, largestError } from './comparison.js'
import { startTraining } from './server.js'

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '5' },
    port: { type: 'string', default: '8788' },
    seed: { type: 'string', default: '1' },
    compare: { type: 'boolean', default: false },
  },
})
const { compare } = values
/** With --compare, what the pages have told about each round. */
const told = new Map<string, ClearUpdate>()

const training = await startTraining({
  clients: Number(values.clients),
  rounds: Number(values.rounds),
  port: Number(values.port),
  seed: Number(values.seed),
  compare,
  onReport: (seat, { number, update, examples = 0, accuracy, difference, backend }) => {
    if (update !== undefined) told.set(`${number} ${seat}`, { update, examples })
    else
      console.log(
        `page ${seat}: accuracy ${accuracy}, onnxruntime-web and tfjs (${backend}) differ by ${difference}`,
      )
  },
  onRound: (number, mean) => {
    console.log(
      `round ${number}: the mean of ${mean.survivors.length} updates, from ${mean.totalWeight} examples`,
    )
    if (!compare) return
    const updates = mean.survivors.map((seat) => told.get(`${number} ${seat}`)!)
    const allowed = training.plan.encoding!.errorBound
    console.log(`  off from the mean in the clear by ${largestError(mean, updates)}; at most ${allowed}`)
  },
})
console.log('Open each of these pages, in any browsers on this machine:')
for (const link of training.links) console.log(`  ${link}`)
await training.model
console.log('Each page shows the averaged model. Press Ctrl+C to end the server.')
