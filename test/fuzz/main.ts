// Fuzzes all targets, or those named: `npm run fuzz -- --minutes 10`, `npm run fuzz -- messages --inputs 1000000`.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { BUILT, buildTargets, WORKPLACE } from './engine/build.js'
import { CurrentInput } from './engine/current.js'
import type { CampaignResult } from './engine/fuzz.js'
import type { Order } from './engine/thread.js'
import type { FuzzTarget } from './target.js'
import { TARGETS } from './targets/index.js'

/** An input that takes longer, by far more than any should, hangs. */
const LONGEST_RUN = 20_000
/** Before its first input a target makes its seeds, which takes long on a busy machine. */
const LONGEST_START = 300_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string' },
    inputs: { type: 'string' },
    seed: { type: 'string', default: '1' },
  },
})
const unknown = positionals.filter((name) => !TARGETS.some((target) => target.name === name))
if (unknown.length > 0) {
  throw new Error(`no target ${unknown.join(', ')}; there are ${TARGETS.map(({ name }) => name).join(', ')}`)
}
const chosen = TARGETS.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
const weights = chosen.reduce((sum, { weight }) => sum + weight, 0)
const minutes = Number(values.minutes ?? (values.inputs === undefined ? 1 : Number.POSITIVE_INFINITY))
const layers = buildTargets()
const counters = layers.reduce((sum, layer) => sum + layer.counters.length, 0)
const reached = new Set<number>()

for (const target of chosen) {
  const result = await campaign(target)
  const { inputs, milliseconds, corpus, counts, finding } = result
  for (const counter of result.reached) reached.add(counter)
  const seconds = (milliseconds / 1000).toFixed(1)
  const details = Object.entries(counts).map(([what, count]) => `, ${count} ${what}`)
  print(
    `${target.name}: ${inputs} inputs in ${seconds} s, ${result.reached.length} branches, corpus of ${corpus}${details.join('')}`,
  )
  if (finding !== undefined) report(target, finding)
}
for (const { folder, counters } of layers) {
  const own = counters.filter((counter) => reached.has(counter)).length
  if (own > 0) print(`${folder}: ${own} of ${counters.length} branches`)
}

/** Runs one target, on a corpus that is kept between runs. */
function campaign(target: FuzzTarget): Promise<CampaignResult> {
  const corpusFolder = join(WORKPLACE, 'corpus', target.name.replaceAll(' ', '-'))
  mkdirSync(corpusFolder, { recursive: true })
  const current = CurrentInput.ofLength(2 * target.maximumLength)
  const order: Order = {
    name: target.name,
    seed: Number(values.seed),
    inputs: Number(values.inputs ?? Number.POSITIVE_INFINITY),
    milliseconds: (minutes * 60_000 * target.weight) / weights,
    counters,
    corpusFolder,
    shared: current.shared,
  }
  const worker = new Worker(join(BUILT, 'test/fuzz/engine/thread.js'), {
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: 1024 },
    // The built code needs none of the flags that this thread was started with.
    execArgv: [],
  })
  const started = performance.now()
  return new Promise((resolve) => {
    let [last, since] = [0, started]
    const end = (result: CampaignResult): void => {
      clearInterval(watch)
      void worker.terminate()
      resolve(result)
    }
    const lose = (error: string): void => {
      const nothing = { inputs: current.count, corpus: 0, reached: [], counts: {} }
      const milliseconds = performance.now() - started
      end({ ...nothing, milliseconds, finding: { data: current.data, error } })
    }
    const watch = setInterval(() => {
      if (current.count !== last) [last, since] = [current.count, performance.now()]
      else if (performance.now() - since > (last === 0 ? LONGEST_START : LONGEST_RUN)) lose('an input hangs')
    }, 1000)
    worker.on('message', end)
    worker.on('error', (error) => lose(`${error.stack}`))
  })
}

function report(target: FuzzTarget, { data, error }: NonNullable<CampaignResult['finding']>): void {
  const file = join(WORKPLACE, `finding-${target.name.replaceAll(' ', '-')}`)
  writeFileSync(file, data)
  print(`FOUND by ${target.name}: ${error}`)
  print(`The input is in ${file}; for test/fuzz/regressions.ts: ${Buffer.from(data).toString('hex')}`)
  process.exitCode = 1
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
