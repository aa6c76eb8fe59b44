import { partsOf, shown } from '../arguments.js'
import { SecAggError, usageError } from '../errors.js'
import {
  type BrokerOptions,
  endAttempt,
  endingLeftovers,
  type JetStream,
  type JetStreamManager,
  loadNats,
  type NatsConnection,
  type NatsMessage,
  type NatsSubscription,
} from './nats-packages.js'

/** A connection to the broker, and what is asked through it. */
export interface Broker {
  readonly connection: NatsConnection
  readonly stream: JetStream
  readonly manager: JetStreamManager
  /** Whether the connection is up, as far as known. While it is down, the client drops what it is given to publish. */
  isUp(): boolean
  /** Sends what was published, and ends the connection. Returns in bounded time. */
  close(): Promise<void>
}

/** How long one question to the broker may take, in milliseconds. */
export const QUESTION_TIMEOUT = 3000

/** How long a broker may take to answer a connection, in milliseconds. The client's default is 20 seconds. */
const CONNECT_TIMEOUT = 5000

/** How long a broker may say that it has no JetStream, in milliseconds. */
const NO_JETSTREAM = { patience: 5000, electionPatience: 30_000 }

/** The pause between two attempts, in milliseconds. */
export const PAUSE = 250

/** The durable consumer that the workers of a job share. */
export const CONSUMER = 'workers'

/**
 * Connects to the broker. A connection that is lost later is opened again, as often as necessary.
 * @throws {SecAggError} `invalid-argument`; `unsupported` if the packages are not installed; `connection-lost` if the broker
 *   cannot be reached.
 */
export async function connectBroker(options: BrokerOptions, name: string): Promise<Broker> {
  const { servers, tls, ...rest } = partsOf('the connection', options)
  const isAddress = (value: unknown): boolean => typeof value === 'string' && value !== ''
  if (!(Array.isArray(servers) ? servers.length > 0 && servers.every(isAddress) : isAddress(servers))) {
    throw usageError('invalid-argument', 'the servers of a connection must be addresses', {
      got: shown(servers),
    })
  }
  const { connect, jetstream, jetstreamManager } = await loadNats()
  // Ends sockets that begin with TLS, which the client leaves open as well.
  const ended = new AbortController()
  const settings = {
    name,
    timeout: CONNECT_TIMEOUT,
    reconnectTimeWait: PAUSE,
    // Until the broker is silent for two of these, a lost connection that nobody closed looks alive.
    pingInterval: 10_000,
    ...rest,
    ...(tls !== undefined && { tls: tls && { signal: ended.signal, ...tls } }),
    servers,
    maxReconnectAttempts: -1,
  }
  let connection: NatsConnection
  try {
    connection = await endingLeftovers(() => connect(settings))
  } catch (cause) {
    ended.abort()
    throw new SecAggError('connection-lost', 'network', 'the broker cannot be reached', { cause })
  }
  const isUp = watchConnection(connection)
  // Without asking whether JetStream is there: while the broker starts or elects a leader, the answer is no.
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: QUESTION_TIMEOUT })
  return {
    connection,
    manager,
    isUp,
    stream: jetstream(connection, { timeout: QUESTION_TIMEOUT }),
    close: async () => {
      if (connection.isClosed()) return
      // `close` would drop what is not sent yet. `drain` waits for ever if the broker does not answer.
      let timer: ReturnType<typeof setTimeout> | undefined
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, QUESTION_TIMEOUT)
      })
      await Promise.race([connection.drain().catch(() => undefined), late])
      // Otherwise the timer would keep the process alive.
      clearTimeout(timer)
      await connection.close()
      endAttempt(connection)
      ended.abort()
    },
  }
}

/**
 * Closes the connection to a broker that cannot serve the cluster.
 * @throws {SecAggError} `unsupported` if the broker has no JetStream.
 */
export async function requireJetStream(broker: Broker, subject: string): Promise<void> {
  const start = Date.now()
  // A node without JetStream can belong to a cluster that has it. While a cluster elects a leader, the answer is the same.
  const offers = broker.connection.info?.jetstream === true
  const patience = offers ? NO_JETSTREAM.electionPatience : NO_JETSTREAM.patience
  for (;;) {
    try {
      await streamsOn(broker, subject)
      return
    } catch (error) {
      // Other failures pass, or show again later.
      if (!broker.isUp() || (error as { name?: unknown }).name !== 'JetStreamNotEnabled') return
    }
    if (Date.now() - start > patience) break
    await sleep(PAUSE)
  }
  await broker.close()
  throw usageError(
    'unsupported',
    offers ? 'the broker has no JetStream for this account' : 'the broker has no JetStream',
  )
}

/**
 * The maximum length of a message, up to a MiB. Closes the connection if it is too small.
 * @throws {SecAggError} `unsupported` if the broker does not allow messages of `minimum` bytes.
 */
export async function messageLimit(broker: Broker, minimum: number): Promise<number> {
  const allowed = broker.connection.info?.max_payload ?? 2 ** 20
  if (allowed >= minimum) return Math.min(allowed, 2 ** 20)
  await broker.close()
  throw usageError('unsupported', `the broker must allow messages of ${minimum / 1024} KiB or more`, {
    got: allowed,
  })
}

/** Follows the state of a connection. */
function watchConnection(connection: NatsConnection): () => boolean {
  let isUp = true
  const watch = async (): Promise<void> => {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect') isUp = false
      if (type === 'reconnect') isUp = true
    }
    isUp = false
  }
  watch().catch(() => {
    isUp = false
  })
  return () => isUp
}

/** The codes with which the broker says that a stream or a consumer does not exist. */
const MISSING = [10014, 10059]

/** Whether an error says that a stream or consumer does not exist. Other errors pass: a broker starts, or elects a leader. */
export function isMissing(error: unknown): boolean {
  return MISSING.includes((error as { code?: number }).code ?? 0)
}

/** Calls `act` until it succeeds, at most `attempts` times. Returns `false` if it never did. */
export async function attempt(act: () => Promise<unknown>, attempts = 3): Promise<boolean> {
  for (let tries = 0; tries < attempts; tries++) {
    if (tries > 0) await sleep(PAUSE)
    try {
      await act()
      return true
    } catch {}
  }
  return false
}

/** Deletes a stream with its consumers. Returns `false` if the broker did not answer. */
export async function deleteStream({ manager, isUp }: Broker, name: string): Promise<boolean> {
  return attempt(async () => {
    if (!isUp()) throw new Error('the connection is down')
    try {
      await manager.streams.delete(name)
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  })
}

/** The names of the streams that hold messages of `subject`, which may have wildcards. */
export async function streamsOn({ manager }: Broker, subject: string): Promise<string[]> {
  const names: string[] = []
  for await (const name of manager.streams.names(subject)) names.push(name)
  return names
}

/**
 * Calls `hear` with each message on a subject. It must not throw, because that would end the connection silently.
 * @throws {SecAggError} `connection-lost` if the connection was closed for good.
 */
export function subscribe(
  { connection }: Broker,
  subject: string,
  hear: (message: NatsMessage) => void,
): NatsSubscription {
  try {
    return connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) hear(message)
      },
    })
  } catch (cause) {
    throw new SecAggError('connection-lost', 'network', 'the connection to the broker was closed', { cause })
  }
}

/** Answers a message, if the connection was not closed for good. */
export function answer(message: NatsMessage, text: string): void {
  try {
    message.respond(text)
  } catch {
    // Whoever asked asks again, or gives up.
  }
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
