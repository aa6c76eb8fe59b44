import { partsOf, requireCallback, requireInteger, requireMethods, shown } from '../arguments.js'
import { bytesToHex, equalBytes, requireBytes } from '../crypto/bytes.js'
import { defaultCrypto } from '../crypto/default.js'
import type { SeedDeriver } from '../crypto/seeds.js'
import { usageError } from '../errors.js'
import {
  createPlane,
  type DataPlane,
  type LocalPlaneOptions,
  localHome,
  type SumBlock,
  type Unmasker,
  type UnmaskJob,
} from '../plane/index.js'
import { codeOf, type Telemetry, tracingOf } from '../telemetry/tracing.js'
import { executeMaskPlan } from '../vector/mask.js'
import { countElements, streamLength } from '../vector/segments.js'
import { sampleOf } from '../workers/worker-messages.js'
import {
  type Broker,
  connectBroker,
  deleteStream,
  messageLimit,
  requireJetStream,
  streamsOn,
} from './broker.js'
import type { BrokerOptions } from './nats-packages.js'
import type { UnmaskerContext } from './posting.js'
import { type Counters, createCounters, secondsSince } from './reports.js'
import { createSeal, SEAL_BYTES } from './sealing.js'
import { clusterNames } from './subjects.js'
import { UnmaskTasks } from './unmask-tasks.js'

/**
 * Options of {@link natsUnmasker}. Times are in milliseconds.
 * @experimental
 */
export interface NatsUnmaskerOptions {
  /** How to reach the broker. */
  readonly connection: BrokerOptions
  /** The secret of the cluster: 32 random bytes that the coordinator and its workers have, and nobody else. */
  readonly key: Uint8Array
  /**
   * The name of this coordinator. No other process that runs at the same time may use it with the same key: what an earlier
   * process with this name has left on the broker is deleted. Default: `coordinator`.
   */
  readonly name?: string | undefined
  /** A task goes to another worker after this time without a sign of life, 100 to 3600000. Default: 10000. */
  readonly redeliverAfter?: number | undefined
  /** How often the broker is asked what it holds, 50 to 60000. Default: 1000. */
  readonly checkEvery?: number | undefined
  /** The unmasking fails if no task is finished for this time, 100 to 86400000. Default: 60000. */
  readonly patience?: number | undefined
  /** The unmasking fails if a task has failed this often, 1 to 100. Default: 5. */
  readonly attempts?: number | undefined
  /** The number of broker nodes that hold each message, 1 to 5. Default: 1. */
  readonly replicas?: number | undefined
  /**
   * About how many bytes of masks a task makes, 65536 to 2^40. Default: a 256th of all, at least 256 MiB and at most 1 GiB. 256 MiB
   * take a few tenths of a second.
   */
  readonly taskBytes?: number | undefined
  /** An unmasking that makes at most this many bytes of masks runs in this process. Default: 16 MiB. */
  readonly localBytes?: number | undefined
  /** Records each unmasking in the trace of its round, if `serveRound` has the same telemetry. */
  readonly telemetry?: Telemetry | undefined
  /** Derives the seeds of plans, for example the `deriveSeeds` of a pool's `execute`. Default: on the calling thread. */
  readonly deriveSeeds?: SeedDeriver | undefined
}

/**
 * Removes masks on the workers of a cluster.
 * @experimental
 */
export interface ClusterUnmasker {
  /**
   * Makes a plane for server sessions. Masked vectors are added up in this process; masks are removed on the workers. A plane with
   * a store of slices belongs to one round.
   */
  plane(options?: Omit<LocalPlaneOptions, 'maskExecutor'>): DataPlane
  /** What this process has counted, in the text format of Prometheus. */
  metrics(): string
  /** Ends the connection. Jobs in progress fail. */
  close(): Promise<void>
}

const unmaskers = new WeakMap<ClusterUnmasker, Unmasker>()

/** What removes the masks: the part that sessions do not see. */
export function unmaskerOf(cluster: ClusterUnmasker): Unmasker | undefined {
  return unmaskers.get(cluster)
}

const COUNTERS = {
  jobs_total: ['counter', 'Unmaskings that were given to the workers.'],
  tasks_total: ['counter', 'Tasks that were made.'],
  reissued_tasks_total: [
    'counter',
    'Tasks that were sent again because the broker or a worker had lost them.',
  ],
  results_total: ['counter', 'Results that have arrived.'],
  duplicate_results_total: ['counter', 'Results of tasks that were done before.'],
  refused_results_total: [
    'counter',
    'Results that could not be used, and tasks whose result did not arrive.',
  ],
  sent_bytes_total: ['counter', 'Bytes of tasks and seeds that were sent.'],
  result_bytes_total: ['counter', 'Bytes of results that have arrived.'],
  broker_failures_total: ['counter', 'Requests that the broker did not answer.'],
  tasks_open: ['gauge', 'Tasks without a result.'],
  queue_depth: ['gauge', 'Tasks that wait for a worker.'],
  tasks_at_workers: ['gauge', 'Tasks that workers have in hand.'],
  redeliveries: ['gauge', 'Tasks in hand that were given out more than once.'],
  lag_seconds: ['gauge', 'How long the oldest task has been without a result.'],
} as const

/**
 * Connects to a broker, through which the workers of a cluster remove masks (see {@link runWorker}). The sum is the same to
 * the bit as without workers. The broker and the workers can stop, start and lose messages at any time.
 *
 * The masks are cut into tasks, by elements and then by terms. Everything on the broker is encrypted and authenticated with
 * the key of the cluster, lies in memory only, and is deleted when the unmasking ends. If the suite of a round does not make
 * the standard keystream, its masks are removed in this process.
 *
 * @param options - The broker, the key and the limits.
 * @returns The unmasker. Pass its `plane()` to server sessions, and close it when you do not need it any more.
 * @throws {SecAggError} `invalid-argument` if an option is not valid; `connection-lost` if the broker cannot be reached;
 *   `unsupported` if the packages are not installed, or if the broker has no JetStream or allows only messages
 *   below 64 KiB.
 * @example
 * ```ts
 * import { natsUnmasker } from 'secagg/nats'
 *
 * try {
 *   await natsUnmasker({ connection: { servers: '127.0.0.1:1' }, key: new Uint8Array(32).fill(7) })
 * } catch (error) {
 *   console.log(String(error)) // 'SecAggError: the broker cannot be reached'
 * }
 * ```
 * @experimental
 */
export async function natsUnmasker(options: NatsUnmaskerOptions): Promise<ClusterUnmasker> {
  const {
    connection,
    key,
    name = 'coordinator',
    localBytes = 16 * 2 ** 20,
    deriveSeeds,
    telemetry,
    ...limits
  } = partsOf('the options of an unmasker', options)
  const { redeliverAfter = 10_000, checkEvery = 1000, patience = 60_000, attempts = 5, replicas = 1 } = limits
  const { taskBytes } = limits
  requireBytes('the key of a cluster', key)
  if (typeof name !== 'string' || !/^[ -~]{1,100}$/.test(name)) {
    throw usageError('invalid-argument', 'the name of a coordinator must be 1 to 100 ASCII characters', {
      got: shown(name),
    })
  }
  requireInteger('redeliverAfter', redeliverAfter, 100, 3_600_000)
  requireInteger('checkEvery', checkEvery, 50, 60_000)
  requireInteger('patience', patience, 100, 86_400_000)
  requireInteger('attempts', attempts, 1, 100)
  requireInteger('replicas', replicas, 1, 5)
  if (taskBytes !== undefined) requireInteger('taskBytes', taskBytes, 2 ** 16, 2 ** 40)
  requireInteger('localBytes', localBytes, 0, Number.MAX_SAFE_INTEGER)
  requireCallback('deriveSeeds', deriveSeeds)
  const tracing = tracingOf(telemetry)
  const seal = await createSeal(key)
  const cluster = await clusterNames(seal)
  const own = await cluster.tasksOf(name)
  const broker = await connectBroker(connection, `secagg ${name}`)
  const context: UnmaskerContext = {
    broker,
    cluster,
    seal,
    counters: createCounters('secagg_unmask', COUNTERS),
    options: { redeliverAfter, checkEvery, patience, attempts, replicas, taskBytes },
    // Subjects, headers and the byte before a result.
    largestMessage: (await messageLimit(broker, MINIMUM_MESSAGE)) - SEAL_BYTES - 2048,
  }
  await requireJetStream(broker, own)
  await deleteLeftovers(broker, own)
  let isClosed = false
  const running = new Set<UnmaskTasks>()
  /** Streams of jobs that have ended. They stay here if the broker does not answer. */
  const undeleted = new Set<string>()
  const deleteAll = async (): Promise<void> => {
    const one = async (stream: string): Promise<void> => {
      if (await deleteStream(broker, stream)) undeleted.delete(stream)
    }
    await Promise.all(Array.from(undeleted, one))
  }

  const unmaskThere = async function* (job: UnmaskJob, bytesPerTerm: number): AsyncGenerator<SumBlock> {
    const names = await cluster.job(name, (await defaultCrypto('aes')).randomBytes(16))
    context.counters.add('jobs_total')
    await deleteAll()
    const span = tracing?.rounds.get(bytesToHex(job.configHash))?.current.child('unmask', {
      'secagg.terms': job.terms,
      'secagg.elements': countElements(job.segments),
    })
    const tasks = new UnmaskTasks(context, job, names, bytesPerTerm, span?.traceParent)
    running.add(tasks)
    let failure: string | undefined = 'stopped'
    try {
      yield* tasks.run()
      failure = undefined
    } catch (error) {
      failure = codeOf(error)
      throw error
    } finally {
      span?.end({}, failure)
      running.delete(tasks)
      for (const stream of tasks.streams) undeleted.add(stream)
      await deleteAll()
    }
  }
  const unmasker: Unmasker = {
    deriveSeeds,
    unmask: async function* (job) {
      if (isClosed) throw usageError('out-of-order', 'the unmasker was closed')
      const bytesPerTerm = streamLength(job.segments)
      const isLittle = bytesPerTerm * job.terms <= localBytes
      if (isLittle || !(await isStandard(job))) yield* unmaskHere(job)
      else yield* unmaskThere(job, bytesPerTerm)
    },
  }
  const result: ClusterUnmasker = {
    plane: (given = {}) => {
      const { sliceStore } = partsOf('the options of a plane', given)
      if (sliceStore !== undefined) requireMethods('a store of slices', sliceStore, 'put', 'get', 'discard')
      return createPlane('nats', localHome(unmasker, sliceStore))
    },
    metrics: () => metricsOf(context.counters, [...running]),
    close: async () => {
      isClosed = true
      const reason = usageError('out-of-order', 'the unmasker was closed')
      await Promise.all(
        Array.from(running, async (tasks) => {
          await tasks.stop(reason)
          for (const stream of tasks.streams) undeleted.add(stream)
        }),
      )
      await deleteAll()
      await broker.close()
    },
  }
  unmaskers.set(result, unmasker)
  return result
}

/** The text of the counters, with what is known of the jobs in progress. */
function metricsOf(counters: Counters, running: readonly UnmaskTasks[]): string {
  const standings = running.map(({ standing }) => standing)
  const total = (name: 'open' | 'pending' | 'atWorkers' | 'again'): number =>
    standings.reduce((sum, standing) => sum + standing[name], 0)
  counters.set('tasks_open', total('open'))
  counters.set('queue_depth', total('pending'))
  counters.set('tasks_at_workers', total('atWorkers'))
  counters.set('redeliveries', total('again'))
  counters.set('lag_seconds', secondsSince(Math.min(...standings.map(({ since }) => since))))
  return counters.text()
}

/** The broker must allow messages of this length. */
const MINIMUM_MESSAGE = 2 ** 16

/** Deletes the streams of an earlier process with the same name. What cannot be deleted now expires. */
async function deleteLeftovers(broker: Broker, subject: string): Promise<void> {
  const streams = await streamsOn(broker, subject).catch(() => [])
  for (const stream of streams) await deleteStream(broker, stream)
}

/** Whether the workers make the same masks as the suite of the job. */
async function isStandard({ suite, suiteName }: UnmaskJob): Promise<boolean> {
  const standard = (await defaultCrypto('chacha')).suites[suiteName]
  if (standard === undefined) return false
  return equalBytes((await sampleOf(suite)).bytes, (await sampleOf(standard)).bytes)
}

/** Removes masks in this process. */
async function* unmaskHere(job: UnmaskJob): AsyncGenerator<SumBlock> {
  const { segments, plans, suite, terms, signal, onProgress } = job
  const elements = await job.read()
  let done = 0
  for await (const plan of plans) {
    const before = done
    done += plan.length
    try {
      await executeMaskPlan(elements, segments, plan, suite, {
        signal,
        onProgress: onProgress && ((fraction) => onProgress((before + fraction * plan.length) / terms)),
      })
    } finally {
      for (const { seed } of plan) seed.fill(0)
    }
  }
  yield { range: { from: 0, to: countElements(segments) }, elements }
}
