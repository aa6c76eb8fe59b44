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
