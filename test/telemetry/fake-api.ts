import type { OpenTelemetryApi, OpenTelemetrySpan } from 'secagg/transport'

/** A span of the fake. */
export interface FakeSpan {
  readonly name: string
  readonly parent: string | undefined
  readonly attributes: Record<string, unknown>
  readonly events: string[]
  /** The ids of other spans. */
  readonly links: readonly string[]
  status: { readonly code: number; readonly message?: string } | undefined
  ends: number
}

/** An API with the least that an SDK does. Its contexts are objects with the id of a span. */
export function fakeApi(): { readonly api: OpenTelemetryApi; readonly spans: FakeSpan[] } {
  const spans: FakeSpan[] = []
  const startSpan = (name: string, options?: object, context?: object): OpenTelemetrySpan => {
    const { attributes, links } = options as {
      attributes: Record<string, unknown>
      links: { context: { spanId: string } }[]
    }
    const { id: parent } = context as { id?: string }
    const span: FakeSpan = {
      ...{ name, parent, attributes: { ...attributes } },
      ...{ events: [], links: links.map(({ context: { spanId } }) => spanId), status: undefined, ends: 0 },
    }
    const id = spans.push(span).toString(16).padStart(16, '0')
    return {
      spanContext: () => ({ traceId: 'ab'.repeat(16), spanId: id, traceFlags: 1 }),
      addEvent: (event) => span.events.push(event),
      setAttributes: (added) => Object.assign(span.attributes, added),
      setStatus: (status) => {
        span.status = status
      },
      end: () => {
        span.ends++
      },
    }
  }
  const api: OpenTelemetryApi = {
    trace: {
      getTracer: () => ({ startSpan }),
      setSpan: (_, span) => ({ id: span.spanContext().spanId }),
      setSpanContext: (_, { spanId }) => ({ id: spanId }),
      deleteSpan: () => ({}),
    },
    context: { active: () => ({}) },
  }
  return { api, spans }
}
