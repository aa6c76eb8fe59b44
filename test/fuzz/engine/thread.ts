// One campaign in a thread of its own. It runs from the built code.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { Coverage } from './coverage.js'
import { CurrentInput } from './current.js'
import { fuzz } from './fuzz.js'
import { COUNTERS } from './instrument.js'

/** What the main thread asks for. */
export interface Order {
  readonly name: string
  readonly seed: number
  readonly inputs: number
  readonly milliseconds: number
  readonly counters: number
  readonly corpusFolder: string
  readonly shared: SharedArrayBuffer
}

const { name, counters, corpusFolder, shared, ...order }: Order = workerData
const coverage = new Coverage(counters)
Object.assign(globalThis, { [COUNTERS]: coverage.counters })
// Only now, as instrumented code counts when it is loaded.
const { TARGETS } = await import('../targets/index.js')
coverage.reset()

const files = readdirSync(corpusFolder).sort()
const result = await fuzz(TARGETS.find((target) => target.name === name)!, {
  ...order,
  kept: files.map((file) => Uint8Array.from(readFileSync(join(corpusFolder, file)))),
  current: new CurrentInput(shared),
  coverage,
  keep: (data) => {
    writeFileSync(join(corpusFolder, createHash('sha1').update(data).digest('hex')), data)
  },
})
parentPort?.postMessage(result)
