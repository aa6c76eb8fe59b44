import { partsOf, requireFunction, requireInteger, wrongKind } from '../arguments.js'
import { type Bytes, bytesToHex, requireBytes } from '../crypto/bytes.js'
import { defaultCrypto } from '../crypto/default.js'
import { usageError } from '../errors.js'
import { MAXIMUM_SEATS } from '../ingest/assignments.js'
import { ingestHome } from '../ingest/ingest-plane.js'
import { IngestProcess } from '../ingest/ingest-process.js'
import { createPlane, type DataPlane, executorUnmasker, type SliceStore } from '../plane/index.js'
import { type Telemetry, tracingOf } from '../telemetry/tracing.js'
import { type Connection, requireConnection } from '../transport/connections/connection.js'
import { executeMaskPlan } from '../vector/mask.js'
import { connectBroker, messageLimit } from './broker.js'
import { answerRequests, ingestChannel, ticketKey } from './ingest-channel.js'
import type { BrokerOptions } from './nats-packages.js'
import { type ClusterUnmasker, unmaskerOf } from './nats-unmasker.js'
import { countingChannel, createCounters, ingestTraces, secondsSince, tracedChannel } from './reports.js'
import { createSeal } from './sealing.js'

/**
 * Options of {@link natsIngest}. Times are in milliseconds.
 * @experimental
 */
export interface NatsIngestOptions {
  /** How to reach the broker. */
  readonly connection: BrokerOptions
  /** The secret of the cluster: 32 random bytes that the coordinator, its workers and its ingest processes have. */
  readonly key: Uint8Array
  /**
   * Returns the store for the partial sums of one round, which the coordinator keeps until the round is over. Its slices are
   * blocks of up to half a MiB; its seats are numbers of groups. The blocks of a group that was given to another process have
   * new numbers. `put` must resolve only once the bytes survive a power failure, and a process that resumes the round must get
   * the same store. Blocks are discarded after the session's `saveResult` resolves. Without that option, a coordinator that
   * is killed before it has stored the result cannot compute it again.
   */
  readonly storeFor: (configHash: Bytes) => SliceStore
  /** Removes the masks. Default: this thread. */
  readonly unmasker?: ClusterUnmasker | undefined
  /** How often the ingest processes are asked what has arrived, 50 to 60000. Default: 500. */
  readonly pollTime?: number | undefined
  /**
   * When vectors are no longer collected, clients whose ingest process was lost have this time to send theirs again, 0 to
   * 86400000. Default: 30000.
   */
  readonly reuploadTime?: number | undefined
  /** The maximum number of seats in a group, 1 to 65536. Default: half of the dropouts that the round tolerates, up to that. */
  readonly groupSize?: number | undefined
  /** Lets the ingest processes record uploads in the trace of a round, if `serveRound` has the same telemetry. */
  readonly telemetry?: Telemetry | undefined
}

/** Blocks of partial sums, and lists of seats, in bytes. */
const MINIMUM_MESSAGE = 2 ** 20

/**
 * The coordinator's side of a cluster with ingest processes.
 * @experimental
 */
export interface ClusterIngest {
  /** The plane for server sessions. Their clients send masked vectors to ingest processes. */
  readonly plane: DataPlane
  /** What this process has counted, in the text format of Prometheus. */
  metrics(): string
  /** Ends the connection. Rounds in progress fail. */
  close(): Promise<void>
}

/**
 * Connects a coordinator to the ingest processes of its cluster (see {@link runIngest}). Masked vectors then go from the
 * clients to these processes, and only partial sums of groups of clients come to the coordinator. `serveRound` tells each
 * client where its vector goes; `runClient` needs the option `openUpload`.
 *
 * If a process is lost, its clients send their vectors again, to another one.
 *
 * @param options - The broker, the key, and where partial sums are kept.
 * @returns The plane for server sessions.
 * @throws {SecAggError} `invalid-argument` if an option is not valid; `connection-lost` if the broker cannot be reached;
 *   `unsupported` if the packages are not installed, or the broker does not allow messages of 1 MiB, its default.
 * @example
 * ```ts
 * import { natsIngest } from 'secagg/nats'
 *
 * const kept = new Map<string, Uint8Array>() // in a real program: files
 * const store = {
 *   put: (group: number, block: number, bytes: Uint8Array) => void kept.set(`${group} ${block}`, bytes),
 *   get: (group: number, block: number) => kept.get(`${group} ${block}`) ?? new Uint8Array(0),
 *   discard: () => kept.clear(),
 * }
 * try {
 *   const key = new Uint8Array(32).fill(7)
 *   await natsIngest({ connection: { servers: '127.0.0.1:1' }, key, storeFor: () => store })
 * } catch (error) {
 *   console.log(String(error)) // 'SecAggError: the broker cannot be reached'
 * }
 * ```
 * @experimental
 */
export async function natsIngest(options: NatsIngestOptions): Promise<ClusterIngest> {
  const {
    connection,
    key,
    storeFor,
    unmasker,
    pollTime = 500,
    reuploadTime,
    groupSize,
    telemetry,
  } = partsOf('the options of a coordinator', options)
  requireBytes('the key of a cluster', key)
  requireFunction('storeFor', storeFor)
  requireInteger('pollTime', pollTime, 50, 60_000)
  if (reuploadTime !== undefined) requireInteger('reuploadTime', reuploadTime, 0, 86_400_000)
  if (groupSize !== undefined) requireInteger('groupSize', groupSize, 1, MAXIMUM_SEATS)
  const tracing = tracingOf(telemetry)
  const own = unmasker === undefined ? executorUnmasker(executeMaskPlan) : unmaskerOf(unmasker)
  if (own === undefined) throw wrongKind('unmasker', 'what natsUnmasker returns', unmasker)
  const seal = await createSeal(key)
  const broker = await connectBroker(connection, 'secagg coordinator')
  await messageLimit(broker, MINIMUM_MESSAGE)
  const channel = countingChannel(tracedChannel(await ingestChannel(broker, seal), tracing))
  const home = ingestHome({
    ...{ channel, storeFor, pollTime, reuploadTime, groupSize },
    key: ticketKey(key),
    unmasker: own,
  })
  return {
    plane: createPlane('ingest', home),
    metrics: () => channel.metrics(),
    close: () => broker.close(),
  }
}

/**
 * Options of {@link runIngest}.
 * @experimental
 */
export interface IngestOptions {
  /** How to reach the broker. */
  readonly connection: BrokerOptions
  /** The secret of the cluster, 32 bytes. */
  readonly key: Uint8Array
  /** The URL at which clients reach this process, at most 1024 printable ASCII characters. */
  readonly address: string
  /**
   * A client's connection is closed after this many milliseconds without a message, 1000 to 86400000. The time in which the client
   * waits because too many vectors are incomplete does not count. While others wait, a vector may take twice as long in total. Default: 60000.
   */
  readonly maximumSilence?: number | undefined
  /** Records each upload, and each sealing of a group, in the trace of its round. */
  readonly telemetry?: Telemetry | undefined
}

/**
 * An ingest process that is connected to the broker.
 * @experimental
 */
export interface ClusterIngestProcess {
  /**
   * Serves the connection of a client, which has a ticket of the coordinator. The host need not know who it is. Resolves when
   * the connection is closed.
   * @throws {SecAggError} `invalid-argument` if `connection` is not a connection.
   */
  accept(connection: Connection): Promise<void>
  /** What this process has counted, in the text format of Prometheus. */
  metrics(): string
  /** Ends the process. Vectors of groups that are not sealed yet are lost, and their clients send them again. */
  close(): Promise<void>
}

const COUNTERS = {
  vectors_total: ['counter', 'Masked vectors that have arrived completely.'],
  received_bytes_total: ['counter', 'Bytes that have arrived from clients.'],
  refused_connections_total: ['counter', 'Connections of clients that were refused.'],
  groups: ['gauge', 'Groups of seats that this process serves.'],
  connections: ['gauge', 'Clients that are connected.'],
  queue_depth: ['gauge', 'Clients that wait because too many vectors are incomplete.'],
  lag_seconds: [
    'gauge',
    "Seconds since the last request of a round's coordinator; of several rounds, the maximum.",
  ],
} as const

/**
 * Connects an ingest process to a broker. It collects masked vectors from clients, adds them up in groups, and gives the
 * coordinator one partial sum for each group. It keeps everything in memory.
 *
 * @param options - The broker, the key, and the address for clients.
 * @returns The process, once it is connected. Pass it the connections of clients.
 * @throws {SecAggError} `invalid-argument` if an option is not valid; `connection-lost` if the broker cannot be reached;
 *   `unsupported` if the packages are not installed, or the broker does not allow messages of 1 MiB, its default.
 * @example
 * ```ts
 * import { runIngest } from 'secagg/nats'
 *
 * try {
 *   const key = new Uint8Array(32).fill(7)
 *   await runIngest({ connection: { servers: '127.0.0.1:1' }, key, address: 'wss://ingest-1.example' })
 * } catch (error) {
 *   console.log(String(error)) // 'SecAggError: the broker cannot be reached'
 * }
 * ```
 * @experimental
 */
export async function runIngest(options: IngestOptions): Promise<ClusterIngestProcess> {
  const {
    connection,
    key,
    address,
    maximumSilence = 60_000,
    telemetry,
  } = partsOf('the options of an ingest process', options)
  requireBytes('the key of a cluster', key)
  if (typeof address !== 'string') throw wrongKind('the address of an ingest process', 'a string', address)
  if (!/^[!-~]{1,1024}$/.test(address)) {
    throw usageError('invalid-argument', 'the address must be up to 1024 printable ASCII characters')
  }
  requireInteger('maximumSilence', maximumSilence, 1000, 86_400_000)
  const tracing = tracingOf(telemetry)
  const seal = await createSeal(key)
  const broker = await connectBroker(connection, 'secagg ingest')
  await messageLimit(broker, MINIMUM_MESSAGE)
  const { randomBytes } = await defaultCrypto('aes')
  const { onUpload, watch } = ingestTraces(tracing)
  const process = new IngestProcess({ key: ticketKey(key), maximumSilence, onUpload })
  const place = { id: bytesToHex(randomBytes(16)), address }
  const stop = await answerRequests(broker, seal, watch(process), place)
  const counters = createCounters('secagg_ingest', COUNTERS)
  return {
    accept: async (client) => process.accept(requireConnection(client)),
    metrics: () => {
      const { vectors, bytes, groups, refused, connections, waiting, asked } = process.counts
      counters.set('vectors_total', vectors)
      counters.set('refused_connections_total', refused)
      counters.set('received_bytes_total', bytes)
      counters.set('groups', groups)
      counters.set('connections', connections)
      counters.set('queue_depth', waiting)
      counters.set('lag_seconds', secondsSince(asked))
      return counters.text()
    },
    close: async () => {
      stop()
      process.close()
      await broker.close()
    },
  }
}
