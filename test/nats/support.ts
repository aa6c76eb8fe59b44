import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { defaultCrypto } from 'secagg/crypto'
import {
  copyVector,
  createVector,
  executeMaskPlan,
  type MaskPlan,
  type Segment,
  type Vector,
} from 'secagg/vector'
import {
  type JetStream,
  type JetStreamManager,
  loadNats,
  type NatsConnection,
} from '../../src/nats/nats-packages.js'
import { createSeal, type Seal } from '../../src/nats/sealing.js'
import { type ClusterNames, clusterNames } from '../../src/nats/subjects.js'
import type { SumBlock, UnmaskJob } from '../../src/plane/index.js'
import { vectorInRange } from '../../src/vector/arithmetic.js'

/** The key of the tests' cluster. */
export const KEY: Uint8Array = new Uint8Array(32).fill(5)

/** A work that is worth sending away: mixed widths, and a segment without elements. */
const SEGMENTS: readonly Segment[] = [
  { length: 70_001, bits: 32 },
  { length: 0, bits: 8 },
  { length: 33_333, bits: 12 },
  { length: 150_007, bits: 20 },
  { length: 9, bits: 64 },
]

/** A sum, masks to add to it, and what comes out. */
export interface TestJob {
  readonly job: UnmaskJob
  readonly expected: Vector
}

/** A job with `terms` masks in plans of `perPlan`. */
export async function createJob(
  terms: number,
  { perPlan = 97, segments = SEGMENTS, ...rest }: Partial<UnmaskJob> & { perPlan?: number } = {},
): Promise<TestJob> {
  const suite = rest.suite ?? (await defaultCrypto('aes')).suites.aes!
  const all: MaskPlan = Array.from({ length: terms }, (_, index) => ({
    seed: new Uint8Array(createHash('sha256').update(`seed ${index}`).digest().subarray(0, suite.keyLength)),
    sign: index % 3 === 0 ? 1 : -1,
  }))
  const masked = createVector(segments)
  masked.forEach((lanes, segment) => {
    for (let index = 0; index < lanes.length; index++) {
      const value = (index * 31 + segment) % 200
      if (lanes instanceof BigUint64Array) lanes[index] = BigInt(value)
      else lanes[index] = value
    }
  })
  const expected = copyVector(masked)
  await executeMaskPlan(expected, segments, all, suite)
  const count = segments.reduce((sum, { length }) => sum + length, 0)
  async function* plans(): AsyncGenerator<MaskPlan> {
    for (let at = 0; at < all.length; at += perPlan) {
      yield all.slice(at, at + perPlan).map(({ seed, sign }) => ({ seed: seed.slice(), sign }))
    }
  }
  return {
    expected,
    job: {
      configHash: new Uint8Array(32),
      segments,
      suite,
      suiteName: 'aes',
      terms,
      plans: plans(),
      read: async (range = { from: 0, to: count }) => copyVector(vectorInRange(masked, segments, range)),
      ...rest,
    },
  }
}

/** Puts the blocks of a sum together, and checks that they follow each other. */
export async function collect(
  blocks: AsyncIterable<{ range: { from: number; to: number }; elements: Vector }>,
  segments: readonly Segment[] = SEGMENTS,
): Promise<Vector> {
  const whole = createVector(segments)
  let end = 0
  for await (const { range, elements } of blocks) {
    if (range.from !== end) throw new Error(`a block begins at ${range.from} instead of ${end}`)
    end = range.to
    vectorInRange(whole, segments, range).forEach((lanes, index) => {
      ;(lanes as Uint8Array).set(elements[index] as Uint8Array)
    })
  }
  const count = segments.reduce((sum, { length }) => sum + length, 0)
  if (end !== count) throw new Error(`the blocks end at ${end} instead of ${count}`)
  return whole
}

/** Checks a sum to the bit. */
export async function expectSum(blocks: AsyncIterable<SumBlock>, { expected, job }: TestJob): Promise<void> {
  const sum = await collect(blocks, job.segments)
  const bytes = (lanes: Vector[number]): Buffer =>
    Buffer.from(lanes.buffer, lanes.byteOffset, lanes.byteLength)
  // `toEqual` takes seconds for such long arrays.
  const differs = expected.findIndex((lanes, index) => !bytes(lanes).equals(bytes(sum[index]!)))
  if (differs >= 0) throw new Error(`segment ${differs} of the sum is wrong`)
}

/** Everything that is on a broker: streams and their consumers. Objects and key-value buckets are streams too. */
export async function leftOn(servers: string | string[]): Promise<readonly string[]> {
  const { connect, jetstreamManager } = await loadNats()
  const connection = await connect({ servers })
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: 3000 })
  const names: string[] = []
  for await (const name of manager.streams.names('>')) names.push(name)
  await connection.close()
  return names
}

/** A worker in a process of its own. */
export interface WorkerProcess {
  readonly process: ChildProcess
  /** Resolves when it has begun its first task. */
  readonly busy: Promise<void>
  kill(): Promise<void>
}

export async function startWorkerProcess(servers: string): Promise<WorkerProcess> {
  const file = fileURLToPath(new URL('worker-process.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', file, servers], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said = (word: string): Promise<void> =>
    new Promise((resolve) => {
      child.stdout.on('data', (text) => {
        if (String(text).includes(word)) resolve()
      })
    })
  const busy = said('busy')
  await said('ready')
  return {
    process: child,
    busy,
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Direct access to a broker, with the key of a cluster. */
export interface Spy {
  readonly connection: NatsConnection
  readonly seal: Seal
  readonly names: ClusterNames
  readonly stream: JetStream
  readonly manager: JetStreamManager
}

/** A stranger or a faulty worker. */
export async function spy(servers: string, key: Uint8Array = KEY): Promise<Spy> {
  const { connect, jetstream, jetstreamManager } = await loadNats()
  const connection = await connect({ servers })
  const seal = await createSeal(key)
  return {
    connection,
    seal,
    names: await clusterNames(seal),
    stream: jetstream(connection, { timeout: 3000 }),
    manager: await jetstreamManager(connection, { checkAPI: false, timeout: 3000 }),
  }
}
