import { ascii, type Bytes, concatBytes } from '../crypto/bytes.js'
import { SecAggError, usageError } from '../errors.js'

/**
 * The attributes of a span.
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

/** Begins spans. */
export interface Tracing {
  /**
   * A span below the one that is active in this process, if there is one. `earlier` names the span whose work it continues,
   * and becomes a link.
   */
  begin(name: string, attributes?: SpanAttributes, earlier?: unknown): Span
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

/**
 * Where a span is, so that other processes can add spans below it.
 * @experimental
 */
interface SpanPlace {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
}

/** The length of the text form. */
export const TRACE_PARENT_LENGTH = 55

/** Ids are not all zeros. */
const FORMAT = /^00-(?!0+-)([0-9a-f]{32})-(?!0+-)([0-9a-f]{16})-([0-9a-f]{2})$/

/** Before the bytes of a traced message. No message begins with it otherwise. */
const MARK = 0xff

/**
 * The place of a span as text, in the format `traceparent` of the W3C. `undefined` for what cannot be a place, such as the
 * zeros of a span that is not recorded because the host has no SDK.
 */
export function encodeTraceParent({ traceId, spanId, traceFlags }: SpanPlace): string | undefined {
  const flags = (Number(traceFlags) & 0xff).toString(16).padStart(2, '0')
  const text = `00-${traceId}-${spanId}-${flags}`
  return decodeTraceParent(text) === undefined ? undefined : text
}

/**
 * The place in a text. `undefined` for anything else: the text comes from another process, and nothing in it is passed on but
 * two numbers of a fixed length and one bit.
 */
export function decodeTraceParent(text: unknown): SpanPlace | undefined {
  const parts = typeof text === 'string' ? FORMAT.exec(text) : null
  if (parts === null) return undefined
  return { traceId: parts[1]!, spanId: parts[2]!, traceFlags: Number.parseInt(parts[3]!, 16) & 1 }
}

/** A message with the place of a span in front of it. */
export function withTraceParent(traceParent: string | undefined, message: Bytes): Bytes {
  if (traceParent === undefined || decodeTraceParent(traceParent) === undefined) return message
  return concatBytes(Uint8Array.of(MARK), ascii(traceParent), message)
}

/** A message, and the place that is in front of it, if there is one. */
export function splitTraceParent(bytes: Uint8Array): { traceParent?: string; message: Uint8Array } {
  if (bytes[0] !== MARK || bytes.length <= TRACE_PARENT_LENGTH) return { message: bytes }
  const end = 1 + TRACE_PARENT_LENGTH
  const traceParent = String.fromCharCode(...bytes.subarray(1, end))
  const message = bytes.subarray(end)
  return FORMAT.test(traceParent) ? { traceParent, message } : { message }
}

/**
 * The same for the bytes of a saved session. They begin with a length, which can look like the mark, so only a valid place is
 * taken off.
 */
export function splitSaved(bytes: Uint8Array): { traceParent?: string; message: Uint8Array } {
  const parts = splitTraceParent(bytes)
  return parts.traceParent === undefined ? { message: bytes } : parts
}

/** A word for an error. Its text is not recorded, because it may come from the host and contain what must stay private. */
export function codeOf(error: unknown): string {
  if (error instanceof SecAggError) return error.code
  return (error as { name?: unknown } | undefined)?.name === 'AbortError' ? 'aborted' : 'error'
}
