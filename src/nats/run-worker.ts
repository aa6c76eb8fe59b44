import { partsOf, requireInteger, requireSignal } from '../arguments.js'
import { requireBytes } from '../crypto/bytes.js'
import { defaultCrypto } from '../crypto/default.js'
import { type Telemetry, tracingOf } from '../telemetry/tracing.js'
import { createMaskPool } from '../workers/pool.js'
import { connectBroker, requireJetStream } from './broker.js'
import type { BrokerOptions } from './nats-packages.js'
import { createCounters } from './reports.js'
import { createSeal } from './sealing.js'
import { clusterNames } from './subjects.js'
import { TaskWorker } from './task-worker.js'

/**
 * Options of {@link runWorker}.
 * @experimental
 */
export interface WorkerOptions {
  /** How to reach the broker. */
  readonly connection: BrokerOptions
  /** The secret of the cluster, 32 bytes. */
  readonly key: Uint8Array
  /** The number of threads that make masks, 0 to 1024. With 0, the calling thread does. Default: 1. */
  readonly threads?: number | undefined
  /** Records each task below its unmasking, in the trace of the coordinator. */
  readonly telemetry?: Telemetry | undefined
  /** Ends the worker. A task in progress goes to another worker. */
  readonly signal?: AbortSignal | undefined
}

/**
 * A worker that is connected to the broker.
 * @experimental
 */
export interface ClusterWorker {
  /** What this process has counted, in the text format of Prometheus. */
  metrics(): string
  /** Ends the worker. A task in progress goes to another worker. */
  close(): Promise<void>
  /** Resolves when the worker has ended. */
  readonly ended: Promise<void>
}

const COUNTERS = {
  tasks_total: ['counter', 'Tasks that were finished, with their result taken.'],
  redelivered_tasks_total: ['counter', 'Tasks that had been given out before.'],
  failed_tasks_total: ['counter', 'Tasks that could not be done, or whose result was not taken.'],
  mask_bytes_total: ['counter', 'Bytes of masks that were made.'],
  result_bytes_total: ['counter', 'Bytes of results that were sent.'],
  broker_failures_total: ['counter', 'Requests that the broker did not answer.'],
  jobs: ['gauge', 'Unmaskings that this worker knows of.'],
  tasks_in_progress: ['gauge', 'Tasks that this worker has in hand.'],
  task_seconds_total: ['counter', 'Time for tasks, from their arrival to the end of the work on them.'],
  queue_depth: ['gauge', 'Tasks that waited at the broker when this worker was given its last task.'],
  lag_seconds: [
    'gauge',
    'How long the last task had been at the broker, by the clocks of both machines. 0 if none waits.',
  ],
} as const

/**
 * Connects to a broker and executes tasks of the cluster's coordinators until it is ended. Run as many workers as you like,
 * on as many machines. They can start and stop at any time: a task that a worker does not finish goes to another one.
 *
 * @param options - The broker, the key and the number of threads.
 * @returns The worker, once it is connected.
 * @throws {SecAggError} `invalid-argument` if an option is not valid; `connection-lost` if the broker cannot be reached;
 *   `unsupported` if the packages are not installed, or the broker has no JetStream.
 * @example
 * ```ts
 * import { runWorker } from 'secagg/nats'
 *
 * try {
 *   await runWorker({ connection: { servers: '127.0.0.1:1' }, key: new Uint8Array(32).fill(7) })
 * } catch (error) {
 *   console.log(String(error)) // 'SecAggError: the broker cannot be reached'
 * }
 * ```
 * @experimental
 */
export async function runWorker(options: WorkerOptions): Promise<ClusterWorker> {
  const { connection, key, threads = 1, signal, telemetry } = partsOf('the options of a worker', options)
  requireBytes('the key of a cluster', key)
  requireInteger('the number of threads', threads, 0, 1024)
  requireSignal(signal)
  const tracing = tracingOf(telemetry)
  const seal = await createSeal(key)
  const [ofAes, ofChacha] = [await defaultCrypto('aes'), await defaultCrypto('chacha')]
  const suites = { aes: ofAes.suites.aes!, chacha: ofChacha.suites.chacha! }
  const broker = await connectBroker(connection, 'secagg worker')
  const { tasks } = await clusterNames(seal)
  await requireJetStream(broker, tasks)
  const pool = await createMaskPool({ workers: threads })
  const counters = createCounters('secagg_worker', COUNTERS)
  const worker = new TaskWorker(broker, seal, suites, pool, counters, tracing)
  // While one task is executed, the result of the one before is sent.
  const ended = worker.run(threads === 0 ? 1 : 2).finally(async () => {
    await pool.close()
    await broker.close()
  })
  signal?.addEventListener('abort', () => worker.stop())
  if (signal?.aborted) worker.stop()
  return {
    metrics: () => counters.text(),
    close: () => {
      worker.stop()
      return ended
    },
    ended,
  }
}
