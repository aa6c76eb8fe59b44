// Usage: npm run soak [-- --clients N] [--rounds R] [--seed S] [--length M] [--corrupt F] [--dropout F] [--minutes T]
import { parseArgs } from 'node:util'
import { defaultCrypto } from 'secagg/crypto'
import { graphOf, type SoakOptions } from './cohort.js'
import { type MemorySample, sampleMemory, trendsOf } from './memory.js'
import { soak } from './soak.js'
import { header, line, Totals, trendLine } from './table.js'

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    length: { type: 'string', default: '1000' },
    corrupt: { type: 'string', default: '0.05' },
    dropout: { type: 'string', default: '0.05' },
    minutes: { type: 'string', default: 'Infinity' },
  },
})
const options: SoakOptions = {
  clients: Number(values.clients),
  rounds: Number(values.rounds),
  seed: Number(values.seed),
  length: Number(values.length),
  corruptFraction: Number(values.corrupt),
  dropoutFraction: Number(values.dropout),
}
const end = performance.now() + 60_000 * Number(values.minutes)

const { neighbors, threshold } = graphOf(options)
console.log(
  `seed ${options.seed}, ${options.clients} clients with ${neighbors} neighbors each, threshold ${threshold}`,
)
console.log(header())
// Nothing of a round is kept but its counts.
const totals = new Totals()
const memory: MemorySample[] = []
let failed = false
let start = performance.now()
for await (const round of soak(options, await defaultCrypto('chacha'))) {
  const seconds = (performance.now() - start) / 1000
  totals.add(round)
  memory.push(await sampleMemory())
  console.log(line(round, seconds, memory.at(-1)!))
  for (const finding of round.tally.findings) console.log(`  WRONG: ${finding}`)
  failed ||= round.tally.findings.length > 0
  start = performance.now()
  if (start > end) break
}

console.log(`\n${totals}\n`)
const trends = trendsOf(memory)
if (trends === undefined) console.log('too few rounds to tell whether memory is flat')
else {
  for (const [name, trend] of Object.entries(trends)) {
    console.log(trendLine(name, trend))
    failed ||= !trend.isFlat
  }
}
console.log(failed ? 'FAILED' : 'all receipts, reports and sums are as they must be')
process.exitCode = failed ? 1 : 0
