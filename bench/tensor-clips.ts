import { cpuUsage } from 'node:process'
import type * as Root from 'secagg'
import type * as Federated from 'secagg/federated'
import type * as VectorModule from 'secagg/vector'

// Encodes an update of 25 million floats in 60 tensors, each with its own clip, slice by slice, and compares the processor
// time with that of the mask for one neighbor. Also prints the peak of the memory in addition to
// the model, in slices:
//   npm run bench:tensors

const LENGTH = 25_000_000
const TENSORS = 60
const SLICE = 2 ** 20

async function part<T>(path: string): Promise<T> {
  return (await import(new URL(`../dist/${path}`, import.meta.url).href)) as T
}

const root = await part<typeof Root>('index.js')
const federated = await part<typeof Federated>('federated/index.js')
const vector = await part<typeof VectorModule>('vector/index.js')

const each = Math.floor(LENGTH / TENSORS)
const names = Array.from({ length: TENSORS }, (_, index) => `block${index}/kernel`)
const model = Object.fromEntries(
  names.map((name, index) => {
    let state = index + 1
    const data = Float32Array.from({ length: each }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return (state / 2 ** 31 - 1) * 10 ** -(index % 6)
    })
    return [name, { shape: [each], data }]
  }),
)

const plan = federated.planRound({
  tensors: model,
  clients: 100,
  adversary: 'active',
  dropoutFraction: 0.1,
  corruptFraction: 0.1,
  clip: Object.fromEntries(names.map((name, index) => [name, 10 ** -(index % 6)])),
  adaptiveClip: process.argv.includes('adaptive') ? {} : undefined,
  sliceLength: SLICE,
})
const round = federated.openRound(plan, { sessionId: new Uint8Array(16) })
const count = vector.elementCount(plan.segments)
const crypto = await root.defaultCrypto()

/** Processor time in milliseconds. */
async function timed(run: () => Promise<void>): Promise<number> {
  const start = cpuUsage()
  await run()
  const { user, system } = cpuUsage(start)
  return (user + system) / 1000
}

let peak = 0
let measuringMemory = false
/** The slice that was encoded last: a session holds it until it is sent. */
let held: VectorModule.Vector = []

/** Memory in use, without garbage. */
async function used(): Promise<number> {
  for (let pass = 0; pass < 3; pass++) {
    globalThis.gc?.()
    // Memory of array buffers is freed a little later.
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return arrayBuffers + heapUsed
}

async function encode(): Promise<void> {
  const { input } = federated.streamUpdate(model, 1, round)
  for (let from = 0; from < count; from += SLICE) {
    held = await input.vector({ from, to: Math.min(from + SLICE, count) })
    if (measuringMemory) peak = Math.max(peak, await used())
  }
}

/** The mask that a client shares with one neighbor, slice by slice. */
async function masks(): Promise<void> {
  const mask = [{ seed: new Uint8Array(crypto.suites.aes!.keyLength).fill(1), sign: 1 as const }]
  for (let from = 0; from < count; from += SLICE) {
    const range = { from, to: Math.min(from + SLICE, count) }
    const target = vector.createVector(vector.segmentsInRange(plan.segments, range))
    await vector.executeMaskPlan(target, plan.segments, mask, crypto.suites.aes!, { range })
  }
}

const best = async (run: () => Promise<void>): Promise<number> => {
  const times: number[] = []
  for (let sample = 0; sample < 3; sample++) times.push(await timed(run))
  return Math.min(...times)
}
await encode()
held = []
const before = await used()
measuringMemory = true
await encode()
measuringMemory = false
const encoding = await best(encode)
const masking = await best(masks)
const slice = vector.createVector(vector.segmentsInRange(plan.segments, { from: 0, to: SLICE }))
const sliceBytes = slice.reduce((sum, lanes) => sum + lanes.byteLength, 0)
console.log(
  `encode ${count} elements: ${encoding.toFixed(0)} ms; mask for one neighbor: ${masking.toFixed(0)} ms`,
)
console.log(
  `ratio ${(encoding / masking).toFixed(2)}; peak in addition to the model ${((peak - before) / sliceBytes).toFixed(2)} slices`,
)
console.assert(held.length > 0)
