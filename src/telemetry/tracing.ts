import { usageError } from '../errors.js'

/**
 * What a span says about itself.
 * @experimental
 */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>

/**
 * Records what happens in rounds as spans of OpenTelemetry. See {@link createTelemetry}.
 * @experimental
 */
export interface Telemetry {
  /** For logs: `opentelemetry`. */
  readonly kind: string
}

/** A span. None of its calls throws, whatever the SDK of the host does. */
export interface Span {
  /** Its place, for other processes. `undefined` if it is not recorded. */
  readonly traceParent: string | undefined
  child(name: string, attributes?: SpanAttributes): Span
  event(name: string, attributes?: SpanAttributes): void
  /** Ends it. `failure` is a code, not the text of an error, which a host may have written. */
  end(attributes?: SpanAttributes, failure?: string): void
}

/** What a span is for: work in this process, a request that it answers, or a task that it was given. */
export type SpanKind = 'internal' | 'server' | 'consumer'

/** The spans of a round: its own, and the one of the open phase, or its own between two phases. */
export interface RoundSpans {
  readonly round: Span
  current: Span
}

/** What the trace of a round tells of its configuration. */
export interface TracedConfig {
  readonly hash: Uint8Array
  readonly sessionId: Uint8Array
  readonly clients: number
  readonly threshold: number
  readonly adversary: string
  readonly segments: readonly { readonly length: number }[]
}

/** The parts of a server's events that its trace uses. */
export interface TracedEvent {
  readonly type: string
  readonly phase?: string
  readonly waitingFor?: number
  readonly expected?: readonly number[]
  readonly accepted?: readonly number[]
  readonly missing?: readonly number[]
  readonly duplicates?: number
  readonly bytes?: number
  readonly status?: string
  readonly selfMasks?: number
  readonly maskKeys?: number
  readonly wrongShares?: number
  readonly error?: unknown
}

/** The trace of one round: a span for the round, and below it one for each phase. */
export interface RoundTrace {
  hear(event: TracedEvent): void
  /** Ends the trace with a report or, of a round that has failed, with its error. */
  end(report: { readonly survivors: readonly number[] } | undefined, error?: unknown): void
}

/** Begins spans. */
export interface Tracing {
  /** Begins the trace of a round, below the span that is active in this process, if there is one. */
  traceRound(config: TracedConfig, isResumed: boolean): RoundTrace
  /** A span below one of another process. `undefined` if `traceParent` does not name one. */
  join(traceParent: unknown, name: string, kind: SpanKind, attributes?: SpanAttributes): Span | undefined
  /** The spans of the rounds that this process serves, by the hash of their configuration in hexadecimal. */
  readonly rounds: Map<string, RoundSpans>
}

const tracings = new WeakMap<Telemetry, Tracing>()

/** Says what begins the spans of `telemetry`. Only this library can call it. */
export function setTracing(telemetry: Telemetry, tracing: Tracing): void {
  tracings.set(telemetry, tracing)
}

/** @throws {SecAggError} `invalid-argument` if `createTelemetry` has not made `telemetry`. */
export function tracingOf(telemetry: Telemetry | undefined): Tracing | undefined {
  if (telemetry === undefined) return undefined
  const tracing = tracings.get(telemetry)
  if (tracing === undefined) throw usageError('invalid-argument', 'telemetry must be made by createTelemetry')
  return tracing
}
