import { builtinModule } from '../crypto/builtin.js'
import { usageError } from '../errors.js'

/*
 * The part of `@nats-io/transport-node` and `@nats-io/jetstream` that this folder uses. The types of these packages do not
 * compile with `exactOptionalPropertyTypes`, unless the compiler skips the types of all packages. So they are not imported,
 * and neither is the code before somebody connects: the packages are optional.
 */

/**
 * How to reach the broker: options of `connect` of `@nats-io/transport-node`. The ones that are used most are listed.
 * @experimental
 */
export interface BrokerOptions {
  /** Addresses of the nodes of the broker, such as `tls://broker.example:4222`. */
  readonly servers: string | string[]
  readonly user?: string | undefined
  readonly pass?: string | undefined
  readonly token?: string | undefined
  /** TLS: `caFile`, `certFile`, `keyFile` and others. */
  readonly tls?: object | undefined
  /** The others. */
  readonly [option: string]: unknown
}

export interface NatsMessage {
  readonly subject: string
  readonly data: Uint8Array
  respond(reply: string | Uint8Array): boolean
  string(): string
}

export interface NatsConnection {
  readonly info?: { readonly max_payload: number; readonly jetstream?: boolean } | undefined
  publish(subject: string, data: Uint8Array | string): void
  subscribe(
    subject: string,
    options: { callback: (error: Error | null, message: NatsMessage) => void },
  ): NatsSubscription
  request(subject: string, data: Uint8Array, options: { timeout: number }): Promise<NatsMessage>
  status(): AsyncIterable<{ readonly type: string }>
  isClosed(): boolean
  closed(): Promise<unknown>
  drain(): Promise<void>
  close(): Promise<void>
}

export interface NatsSubscription {
  unsubscribe(): void
}

/** A message of a consumer. */
export interface TaskMessage {
  readonly subject: string
  readonly data: Uint8Array
  readonly redelivered: boolean
  readonly info: {
    readonly deliveryCount: number
    /** How many messages the consumer has left. */
    readonly pending: number
    /** When the broker stored the message. */
    readonly timestampNanos: number
  }
  ack(): void
  nak(delay: number): void
  working(): void
}

export interface TaskConsumer {
  next(options: { expires: number }): Promise<TaskMessage | null>
}

export interface JetStream {
  publish(
    subject: string,
    data: Uint8Array,
    options: { msgID: string; retries: number; timeout: number },
  ): Promise<unknown>
  readonly consumers: { get(stream: string, name: string): Promise<TaskConsumer> }
}

export interface JetStreamManager {
  readonly streams: {
    add(config: object): Promise<unknown>
    delete(name: string): Promise<boolean>
    names(subject: string): AsyncIterable<string>
  }
  readonly consumers: {
    add(stream: string, config: object): Promise<unknown>
    info(
      stream: string,
      name: string,
    ): Promise<{
      readonly num_pending: number
      readonly num_ack_pending: number
      readonly num_redelivered: number
    }>
  }
  readonly direct: {
    getMessage(stream: string, query: { last_by_subj: string }): Promise<{ readonly data: Uint8Array } | null>
  }
}

interface NatsPackages {
  connect(options: object): Promise<NatsConnection>
  jetstream(connection: NatsConnection, options: { timeout: number }): JetStream
  jetstreamManager(
    connection: NatsConnection,
    options: { timeout: number; checkAPI: boolean },
  ): Promise<JetStreamManager>
}

/**
 * Loads both packages.
 * @throws {SecAggError} `unsupported` if they are not installed.
 */
export async function loadNats(): Promise<NatsPackages> {
  const names = ['@nats-io/transport-node', '@nats-io/jetstream']
  try {
    const [transport, jetstream] = await Promise.all(names.map((name) => import(/* @vite-ignore */ name)))
    return { ...transport, ...jetstream }
  } catch (cause) {
    throw usageError('unsupported', `this needs the packages ${names.join(' and ')}`, { cause })
  }
}

// The client of NATS leaves a socket open if the broker accepts a connection and then says nothing. An open socket keeps a
// process alive. So the socket is found and ended here, in runtimes that tell which sockets are made.

/**
 * Calls `connect`, and ends the sockets that were made in this call if it fails. Only these: the program may have other
 * connections to the same address.
 */
export async function endingLeftovers<T>(connect: () => Promise<T>): Promise<T> {
  const hooks = builtinModule('node:async_hooks')
  const channel = builtinModule('node:diagnostics_channel')?.channel?.('net.client.socket')
  if (hooks === undefined || channel === undefined) return connect()
  const calls = new hooks.AsyncLocalStorage<true>()
  const sockets: { destroy(): unknown }[] = []
  const note = (made: unknown): void => {
    if (calls.getStore() === true) sockets.push((made as { readonly socket: { destroy(): unknown } }).socket)
  }
  channel.subscribe(note)
  try {
    return await calls.run(true, connect)
  } catch (error) {
    for (const socket of sockets) socket.destroy()
    throw error
  } finally {
    channel.unsubscribe(note)
    // Otherwise all promises of the process would stay a little slower.
    calls.disable()
  }
}

/** What a connection has besides its documented interface. */
interface Dialing {
  readonly protocol?: {
    /** The attempts to connect again. */
    readonly connectPromise?: Promise<unknown> | null
    readonly transport?: { discard?(): void }
  }
}

/** Ends the socket of an attempt to connect again, after the connection was closed. */
export function endAttempt(connection: NatsConnection): void {
  const { protocol } = connection as Dialing
  const end = (): void => protocol?.transport?.discard?.()
  end()
  // An attempt that has no socket yet gets one, and ends later.
  protocol?.connectPromise?.then(end, end)
}
