import { requireMethods, requireObject } from '../arguments.js'
import { usageError } from '../errors.js'
import { decodeTraceParent, encodeTraceParent, type SpanPlace } from './trace-parent.js'

/**
 * The part of `@opentelemetry/api` that is used. The package itself fits: `import * as api from '@opentelemetry/api'`.
 * @experimental
 */
export interface OpenTelemetryApi {
  readonly trace: {
    getTracer(name: string): OpenTelemetryTracer
    setSpan(context: object, span: OpenTelemetrySpan): object
    setSpanContext(context: object, place: SpanPlace & { readonly isRemote?: boolean }): object
    deleteSpan(context: object): object
  }
  readonly context: { active(): object }
}

/**
 * A tracer of `@opentelemetry/api`.
 * @experimental
 */
export interface OpenTelemetryTracer {
  startSpan(name: string, options?: object, context?: object): OpenTelemetrySpan
}

/**
 * A span of `@opentelemetry/api`.
 * @experimental
 */
export interface OpenTelemetrySpan {
  spanContext(): { readonly traceId: string; readonly spanId: string; readonly traceFlags: number }
  addEvent(name: string, attributes?: SpanAttributes): unknown
  setAttributes(attributes: SpanAttributes): unknown
  setStatus(status: { readonly code: number; readonly message?: string }): unknown
  end(): void
}

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

/** What a span is for, in the numbers of OpenTelemetry: work in this process, a request that it answers, a task that it was sent. */
export type SpanKind = keyof typeof KINDS
const KINDS = { internal: 0, server: 1, consumer: 4 } as const

/** OpenTelemetry's status of a failure. */
const FAILED = 2

/** Begins spans. */
export interface Tracing {
  /** A span below the one that is active in this process, if there is one. */
  begin(name: string, attributes?: SpanAttributes): Span
  /** A span below one of another process. `undefined` if `traceParent` does not name one. */
  join(traceParent: unknown, name: string, kind: SpanKind, attributes?: SpanAttributes): Span | undefined
  /** The spans of the rounds that this process serves, by the hash of their configuration in hexadecimal. */
  readonly rounds: Map<string, { readonly round: Span; current: Span }>
}

const tracings = new WeakMap<Telemetry, Tracing>()

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
  requireObject('the API of OpenTelemetry', api)
  const { trace, context } = api
  requireMethods('trace', trace, 'getTracer', 'setSpan', 'setSpanContext', 'deleteSpan')
  requireMethods('context', context, 'active')
  const own = { trace, context }
  const telemetry: Telemetry = Object.freeze({ kind: 'opentelemetry' })
  tracings.set(telemetry, {
    begin: (name, attributes) => startSpan(own, () => context.active(), name, 'internal', attributes),
    join: (traceParent, name, kind, attributes) => {
      const place = decodeTraceParent(traceParent)
      if (place === undefined) return undefined
      // Only the place counts: what else is active here belongs to something else.
      const below = (): object =>
        trace.setSpanContext(trace.deleteSpan(context.active()), { ...place, isRemote: true })
      return startSpan(own, below, name, kind, attributes)
    },
    rounds: new Map(),
  })
  return telemetry
}

/** @throws {SecAggError} `invalid-argument` if {@link createTelemetry} has not made `telemetry`. */
export function tracingOf(telemetry: Telemetry | undefined): Tracing | undefined {
  if (telemetry === undefined) return undefined
  const tracing = tracings.get(telemetry)
  if (tracing === undefined) throw usageError('invalid-argument', 'telemetry must be made by createTelemetry')
  return tracing
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

/** What watches a round must not be able to end it. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
