import { partOf, requireMethods, requireObject } from '../arguments.js'
import { bytesToHex } from '../crypto/bytes.js'
import { SecAggError } from '../errors.js'
import {
  decodeTraceParent,
  encodeTraceParent,
  type RoundSpans,
  type RoundTrace,
  type Span,
  type SpanAttributes,
  type SpanKind,
  setTracing,
  type Telemetry,
  type TracedConfig,
  type Tracing,
} from './tracing.js'

/**
 * The part of `@opentelemetry/api` that is used. The package itself fits: `import * as api from '@opentelemetry/api'`.
 * @experimental
 */
export interface OpenTelemetryApi {
  readonly trace: {
    /** The tracer of a library. */
    getTracer(name: string): OpenTelemetryTracer
    /** A context in which `span` is active. */
    setSpan(context: object, span: OpenTelemetrySpan): object
    /** A context in which a span of another process is active. */
    setSpanContext(context: object, place: OpenTelemetrySpanContext): object
    /** A context without an active span. */
    deleteSpan(context: object): object
  }
  readonly context: {
    /** The context of the running code. */
    active(): object
  }
}

/**
 * A tracer of `@opentelemetry/api`.
 * @experimental
 */
export interface OpenTelemetryTracer {
  /** Begins a span below the active span of `context`. */
  startSpan(name: string, options?: object, context?: object): OpenTelemetrySpan
}

/**
 * A span of `@opentelemetry/api`.
 * @experimental
 */
export interface OpenTelemetrySpan {
  /** Where the span is. */
  spanContext(): OpenTelemetrySpanContext
  /** Adds an event at this moment. */
  addEvent(name: string, attributes?: SpanAttributes): unknown
  /** Adds attributes, or replaces those of the same name. */
  setAttributes(attributes: SpanAttributes): unknown
  /** Marks the span as failed with `code` 2. */
  setStatus(status: { readonly code: number; readonly message?: string }): unknown
  /** Ends the span at this moment. */
  end(): void
}

/**
 * Where a span of `@opentelemetry/api` is: 32 and 16 hexadecimal digits, and flags of which bit 0 says that it is recorded.
 * @experimental
 */
export interface OpenTelemetrySpanContext {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
  /** Whether the span is one of another process. */
  readonly isRemote?: boolean
}

/** The kinds of spans in the numbers of OpenTelemetry. */
const KINDS = { internal: 0, server: 1, consumer: 4 } as const

/** OpenTelemetry's status of a failure. */
const FAILED = 2

/**
 * Lets rounds be recorded as traces. Set up an SDK of OpenTelemetry, and pass its API. Pass what this returns to `serveRound`,
 * `natsUnmasker`, `natsIngest`, `runWorker` and `runIngest` as `telemetry`: the spans of all processes of a cluster form one tree
 * for each round. Without `telemetry`, nothing is recorded, and nothing about traces is sent. No attribute is secret, and none
 * names a client.
 *
 * @param api - The package `@opentelemetry/api`, or an object with its `trace` and `context`.
 * @returns The telemetry, for any number of rounds.
 * @throws {SecAggError} `invalid-argument` if `api` is not the API of OpenTelemetry.
 * @example
 * ```ts
 * import * as api from '@opentelemetry/api'
 * import { createTelemetry } from 'secagg/transport'
 *
 * const telemetry = createTelemetry(api) // then serveRound({ config, telemetry })
 * console.log(telemetry.kind) // 'opentelemetry'
 * ```
 * @experimental
 */
export function createTelemetry(api: OpenTelemetryApi): Telemetry {
  const name = 'the API of OpenTelemetry'
  requireObject(name, api)
  const trace = partOf(name, api, 'trace') as OpenTelemetryApi['trace']
  const context = partOf(name, api, 'context') as OpenTelemetryApi['context']
  requireMethods('trace', trace, 'getTracer', 'setSpan', 'setSpanContext', 'deleteSpan')
  requireMethods('context', context, 'active')
  const own = { trace, context }
  const telemetry: Telemetry = Object.freeze({ kind: 'opentelemetry' })
  const rounds: Tracing['rounds'] = new Map()
  setTracing(telemetry, {
    rounds,
    traceRound: (config, isResumed) => {
      const begin: Span['child'] = (title, attributes) =>
        startSpan(own, () => context.active(), title, 'internal', attributes)
      return traceRound(rounds, begin, config, isResumed)
    },
    join: (traceParent, name, kind, attributes) => {
      const place = decodeTraceParent(traceParent)
      if (place === undefined) return undefined
      // Only the place counts: what else is active here belongs to something else.
      const below = (): object =>
        trace.setSpanContext(trace.deleteSpan(context.active()), { ...place, isRemote: true })
      return startSpan(own, below, name, kind, attributes)
    },
  })
  return telemetry
}

function startSpan(
  { trace, context }: OpenTelemetryApi,
  below: () => object,
  name: string,
  kind: SpanKind,
  attributes: SpanAttributes = {},
): Span {
  // The tracer is asked for each time, because the SDK may be set up later than this was made.
  const span = quietly(() =>
    trace.getTracer('secagg').startSpan(`secagg ${name}`, { kind: KINDS[kind], attributes }, below()),
  )
  let isEnded = false
  return {
    traceParent: span && quietly(() => encodeTraceParent(span.spanContext())),
    child: (childName, own) => {
      const under = (): object =>
        span === undefined ? context.active() : trace.setSpan(context.active(), span)
      return startSpan({ trace, context }, under, childName, 'internal', own)
    },
    event: (event, own) => void quietly(() => span?.addEvent(event, own)),
    end: (own = {}, failure = undefined) => {
      if (isEnded) return
      isEnded = true
      quietly(() => {
        span?.setAttributes(failure === undefined ? own : { ...own, 'error.type': failure })
        if (failure !== undefined) span?.setStatus({ code: FAILED, message: failure })
      })
      quietly(() => span?.end())
    },
  }
}

/** Telemetry must never end a round. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

/** What has been counted in the open phase. Individual messages are not recorded, because there may be a million of them. */
interface Counts {
  messages: number
  bytes: number
  refused: number
  reconnects: number
}

const none = (): Counts => ({ messages: 0, bytes: 0, refused: 0, reconnects: 0 })

/** Begins the trace of a round with `begin`, and notes its spans in `rounds` until it ends. */
function traceRound(
  rounds: Map<string, RoundSpans>,
  begin: Span['child'],
  config: TracedConfig,
  isResumed: boolean,
): RoundTrace {
  const name = bytesToHex(config.hash)
  const round = begin('round', {
    'secagg.round_id': bytesToHex(config.sessionId),
    'secagg.clients': config.clients,
    'secagg.threshold': config.threshold,
    'secagg.adversary': config.adversary,
    'secagg.elements': config.segments.reduce((sum, { length }) => sum + length, 0),
    'secagg.resumed': isResumed,
  })
  const place: RoundSpans = { round, current: round }
  rounds.set(name, place)
  let phase: Span | undefined
  let counts = none()
  const closePhase = (attributes: Record<string, number> = {}, failure?: string): void => {
    const { messages, bytes, refused, reconnects } = counts
    phase?.end(
      {
        'secagg.messages': messages,
        'secagg.received_bytes': bytes,
        'secagg.refused_messages': refused,
        'secagg.lost_connections': reconnects,
        ...attributes,
      },
      failure,
    )
    phase = undefined
    place.current = round
    counts = none()
  }
  return {
    hear: (event) => {
      switch (event.type) {
        case 'phase-opened':
          closePhase()
          phase = round.child(event.phase ?? 'phase', { 'secagg.waiting_for': event.waitingFor ?? 0 })
          place.current = phase
          break
        case 'phase-closed':
          closePhase({
            'secagg.expected': event.expected?.length ?? 0,
            'secagg.accepted': event.accepted?.length ?? 0,
            'secagg.duplicates': event.duplicates ?? 0,
          })
          break
        case 'message':
          counts.messages++
          counts.bytes += event.bytes ?? 0
          if (event.status === 'refused') counts.refused++
          break
        case 'disconnected':
          counts.reconnects++
          break
        case 'secrets-recovered':
          phase?.event('secrets recovered', {
            'secagg.self_masks': event.selfMasks ?? 0,
            'secagg.mask_keys': event.maskKeys ?? 0,
            'secagg.wrong_shares': event.wrongShares ?? 0,
          })
          break
        case 'deadline':
          phase?.event('deadline', { 'secagg.missing': event.missing?.length ?? 0 })
          break
        case 'not-enough':
          phase?.event('not enough answers', { 'error.type': codeOf(event.error) })
          break
      }
    },
    end: (report, error) => {
      const failure = report === undefined ? codeOf(error) : undefined
      closePhase({}, failure)
      const survivors = report?.survivors.length
      round.end(survivors === undefined ? {} : { 'secagg.survivors': survivors }, failure)
      if (rounds.get(name) === place) rounds.delete(name)
    },
  }
}

/** A word for an error. Its text may be a host's, and name what nobody else should know. */
export function codeOf(error: unknown): string {
  if (error instanceof SecAggError) return error.code
  return (error as { name?: unknown } | undefined)?.name === 'AbortError' ? 'aborted' : 'error'
}
