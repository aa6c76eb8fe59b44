/** Where a span is, so that other processes can add spans below it. */
export interface SpanPlace {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
}

/** The length of the text form. */
export const TRACE_PARENT_LENGTH = 55

const FORMAT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

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
  if (typeof text !== 'string' || text.length !== TRACE_PARENT_LENGTH) return undefined
  const [, traceId = '', spanId = '', flags = ''] = FORMAT.exec(text) ?? []
  if (!/[1-9a-f]/.test(traceId) || !/[1-9a-f]/.test(spanId)) return undefined
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1 }
}

/** A message with the place of a span in front of it. */
export function withTraceParent(traceParent: string | undefined, message: Uint8Array): Uint8Array {
  if (decodeTraceParent(traceParent) === undefined) return message
  const bytes = new Uint8Array(1 + TRACE_PARENT_LENGTH + message.length)
  bytes[0] = MARK
  for (let at = 0; at < TRACE_PARENT_LENGTH; at++) bytes[1 + at] = traceParent!.charCodeAt(at)
  bytes.set(message, 1 + TRACE_PARENT_LENGTH)
  return bytes
}

/** A message, and the place that is in front of it, if there is one. */
export function splitTraceParent(bytes: Uint8Array): { traceParent?: string; message: Uint8Array } {
  if (bytes[0] !== MARK || bytes.length <= TRACE_PARENT_LENGTH) return { message: bytes }
  const end = 1 + TRACE_PARENT_LENGTH
  const traceParent = String.fromCharCode(...bytes.subarray(1, end))
  const message = bytes.subarray(end)
  return decodeTraceParent(traceParent) === undefined ? { message } : { traceParent, message }
}
