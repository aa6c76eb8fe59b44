import { partOf, requireMethods, requireObject } from '../arguments.js'
import {
  decodeTraceParent,
  encodeTraceParent,
  type Span,
  type SpanAttributes,
  type SpanKind,
  setTracing,
  type Telemetry,
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
  setTracing(telemetry, {
    rounds: new Map(),
    begin: (title, attributes, earlier) => {
      const place = decodeTraceParent(earlier)
      const links = place === undefined ? [] : [{ context: { ...place, isRemote: true } }]
      return startSpan(own, () => context.active(), title, 'internal', attributes, links)
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
  links: readonly object[] = [],
): Span {
  // The tracer is asked for each time, because the SDK may be set up later than this was made.
  const span = quietly(() =>
    trace.getTracer('secagg').startSpan(`secagg ${name}`, { kind: KINDS[kind], attributes, links }, below()),
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
