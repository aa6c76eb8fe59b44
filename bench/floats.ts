import { cpuUsage } from 'node:process'
import { pathToFileURL } from 'node:url'
import type * as Root from 'secagg'
import type * as Federated from 'secagg/federated'
import type * as FixedPointModule from 'secagg/fixed-point'
import type * as Privacy from 'secagg/privacy'
import type * as VectorModule from 'secagg/vector'

// Encoding and decoding of floats, packing, and the parts of privacy: processor time per value, and its ratio to a copy of the
// values in memory that exists. Rows with "reused" pass the memory of the result before as `into`; all others get new memory, of
// which the system must provide every page. With the folder of another built checkout as argument, that build is measured in the
// same run, in turn:
//   npm run bench:floats -- ../other

const LENGTH = 2 ** 20

/** Not a power of two: what a rotation does with such lengths counts, too. */
const ODD_LENGTH = 1_300_000

const SAMPLES = 15

interface Library {
  readonly federated: typeof Federated
  readonly root: typeof Root
  readonly fixedPoint: typeof FixedPointModule
  readonly privacy: typeof Privacy
  readonly vector: typeof VectorModule
}

interface Task {
  readonly name: string
  readonly values: number
  run(): unknown
}

async function load(folder: URL): Promise<Library> {
  const part = async <T>(path: string): Promise<T> =>
    (await import(new URL(`dist/${path}`, folder).href)) as T
  return {
    federated: await part('federated/index.js'),
    root: await part('index.js'),
    fixedPoint: await part('fixed-point/index.js'),
    privacy: await part('privacy/index.js'),
    vector: await part('vector/index.js'),
  }
}

/** Values of which about one in a hundred is beyond a clip of 1. */
function valuesOf(length: number): Float32Array {
  let state = 1
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  return Float32Array.from({ length }, () => (uniform() < 0.01 ? 2 : 1) * (uniform() - 0.5) * 2)
}

async function tasksOf(library: Library): Promise<Task[]> {
  const { root, fixedPoint, privacy, vector } = library
  const crypto = await root.defaultCrypto()
  const values = valuesOf(LENGTH)
  const cohort = { clip: 1, bitsPerValue: 16, clients: 16 }
  const stochastic = fixedPoint.createFixedPoint(cohort)
  const nearest = fixedPoint.createFixedPoint({ ...cohort, rounding: 'nearest' })
  const weighted = fixedPoint.createFixedPoint({ ...cohort, maximumWeight: 10_000 })
  const { lanes } = fixedPoint.encodeValues(values, stochastic)
  const { lanes: longLanes } = fixedPoint.encodeValues(values, weighted, { weight: 10_000 })
  const segments = [{ length: LENGTH, bits: 20 }]
  const packed = vector.packVector([lanes], segments)
  const seed = new Uint8Array(32)
  const rotated = Float64Array.from(values)
  const [oldLanes, oldLongLanes, oldMean] = [lanes.slice(), longLanes.slice(), new Float64Array(LENGTH)]
  const [oldPacked, oldVector] = [packed.slice(), vector.unpackVector(packed, segments)]
  const tasks: Task[] = [
    {
      name: 'encode, stochastic, k = 20',
      values: LENGTH,
      run: () => fixedPoint.encodeValues(values, stochastic),
    },
    {
      name: 'encode, stochastic, k = 20, reused',
      values: LENGTH,
      run: () => fixedPoint.encodeValues(values, stochastic, { into: oldLanes }),
    },
    { name: 'encode, nearest, k = 20', values: LENGTH, run: () => fixedPoint.encodeValues(values, nearest) },
    {
      name: `encode, weights, k = ${weighted.bits}`,
      values: LENGTH,
      run: () => fixedPoint.encodeValues(values, weighted, { weight: 10_000 }),
    },
    {
      name: `encode, weights, k = ${weighted.bits}, reused`,
      values: LENGTH,
      run: () => fixedPoint.encodeValues(values, weighted, { weight: 10_000, into: oldLongLanes }),
    },
    { name: 'decode, k = 20', values: LENGTH, run: () => fixedPoint.decodeMean(lanes, stochastic, 1) },
    {
      name: 'decode, k = 20, reused',
      values: LENGTH,
      run: () => fixedPoint.decodeMean(lanes, stochastic, 1, { into: oldMean }),
    },
    {
      name: `decode, weights, k = ${weighted.bits}`,
      values: LENGTH,
      run: () => fixedPoint.decodeMean(longLanes, weighted, 10_000),
    },
    {
      name: `decode, weights, k = ${weighted.bits}, reused`,
      values: LENGTH,
      run: () => fixedPoint.decodeMean(longLanes, weighted, 10_000, { into: oldMean }),
    },
    { name: 'pack, k = 20', values: LENGTH, run: () => vector.packVector([lanes], segments) },
    {
      name: 'pack, k = 20, reused',
      values: LENGTH,
      run: () => vector.packVector([lanes], segments, { into: oldPacked }),
    },
    { name: 'unpack, k = 20', values: LENGTH, run: () => vector.unpackVector(packed, segments) },
    {
      name: 'unpack, k = 20, reused',
      values: LENGTH,
      run: () => vector.unpackVector(packed, segments, { into: oldVector }),
    },
    ...federatedTasks(library, values),
    { name: 'rotation', values: LENGTH, run: () => privacy.rotate(rotated, seed) },
  ]
  for (const distribution of ['skellam', 'discrete-gaussian'] as const) {
    const privateTask = (length: number): Task[] => {
      const parameters = privacy.choosePrivacy({
        ...{ clients: 100, minimumHonest: 75, length, clip: 100, epsilon: 8, delta: 1e-5, bits: 20 },
        distribution,
      })
      const encoder = privacy.createPrivateEncoder(parameters, crypto)
      const floats = valuesOf(length)
      const { vector: sum } = encoder.encode(floats, seed)
      const size = `${length} values`
      const drawn = new Int32Array(4096)
      const sampler = privacy.createNoiseSampler(distribution, parameters.localVariance, crypto)
      return [
        {
          name: `noise, ${distribution}, σ = ${Math.sqrt(parameters.localVariance).toFixed(0)}`,
          values: 2 ** 18,
          run: () => {
            for (let i = 0; i < 2 ** 18; i += drawn.length) sampler.fill(drawn)
          },
        },
        {
          name: `private, ${distribution}, ${size}`,
          values: length,
          run: () => encoder.encode(floats, seed),
        },
        {
          name: `private, decode, ${size}`,
          values: length,
          run: () => privacy.decodePrivateSum(parameters, sum, seed),
        },
      ]
    }
    tasks.push(...privateTask(LENGTH), ...privateTask(ODD_LENGTH).slice(1))
  }
  return tasks
}

/** What a client and a server of a training loop call, for a model of two tensors. */
function federatedTasks({ federated, vector }: Library, values: Float32Array): Task[] {
  const half = LENGTH / 2
  const plan = federated.planRound({
    ...{ tensors: { kernel: [half], bias: [half] }, clients: 16, clip: 1 },
    ...{ adversary: 'honest-but-curious', dropoutFraction: 0.2, corruptFraction: 0.1 },
  })
  const round = federated.openRound(plan, { sessionId: new Uint8Array(16) })
  const update = {
    kernel: { shape: [half], data: values.subarray(0, half) },
    bias: { shape: [half], data: values.subarray(half) },
  }
  const sum = federated.encodeUpdate(update, 1, round).input.vector
  const survivors = Array.from({ length: 16 }, (_, seat) => seat)
  const outcome = { sum, configHash: round.config.hash, report: { survivors } }
  const oldInput = vector.createVector(plan.segments)
  const oldMean = federated.decodeOutcome(outcome, round)
  const run: Record<string, () => unknown> = {
    encodeUpdate: () => federated.encodeUpdate(update, 1, round),
    'encodeUpdate, reused': () => federated.encodeUpdate(update, 1, round, { into: oldInput }),
    decodeOutcome: () => federated.decodeOutcome(outcome, round),
    'decodeOutcome, reused': () => federated.decodeOutcome(outcome, round, { into: oldMean }),
  }
  return Object.entries(run).map(([name, run]) => ({ name, values: LENGTH, run }))
}

function sample({ run, values }: Task): number {
  const before = cpuUsage()
  run()
  const { user, system } = cpuUsage(before)
  return (1000 * (user + system)) / values
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

const folders = [new URL('../', import.meta.url)]
const other = process.argv[2]
if (other !== undefined) folders.push(pathToFileURL(`${other}/`))
const libraries = await Promise.all(folders.map(async (folder) => tasksOf(await load(folder))))
const source = new Float64Array(LENGTH).fill(1)
const target = new Float64Array(LENGTH)
const newCopy: Task = { name: 'copy to new memory', values: LENGTH, run: () => source.slice() }
const copy: Task = { name: 'copy of the values', values: LENGTH, run: () => target.set(source) }
const copies: number[] = []
console.log(`ns per value, processor time, median and minimum of ${SAMPLES}; ${process.version}`)
const HEAD = ['here', 'minimum', 'other', 'minimum', 'ratio', '/ copy']
console.log(`${''.padEnd(44)}${HEAD.map((cell) => cell.padStart(8)).join('')}`)
for (const [index, { name }] of libraries[0]!.entries()) {
  const samples = libraries.map((): number[] => [])
  for (let turn = 0; turn < SAMPLES; turn++) {
    for (const [which, tasks] of libraries.entries()) samples[which]!.push(sample(tasks[index]!))
    copies.push(sample(copy))
  }
  const [here, there] = samples.map(median)
  const [least, leastThere] = samples.map((each) => Math.min(...each))
  const ratio = there === undefined ? undefined : here! / there
  const cells = [here, least, there, leastThere, ratio, here! / median(copies)]
  const columns = cells.map((cell) => (cell === undefined ? '–' : cell.toFixed(2)).padStart(8))
  console.log(`${name.padEnd(44)}${columns.join('')}`)
}
for (const task of [copy, newCopy]) {
  const samples = Array.from({ length: SAMPLES }, () => sample(task))
  console.log(
    `${task.name.padEnd(44)}${[median(samples), Math.min(...samples)].map((cell) => cell.toFixed(2).padStart(8)).join('')}`,
  )
}
