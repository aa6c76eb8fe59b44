/** What a host that records traces has: an SDK, and here a list of what was recorded instead of a place to send it to. */
import { writeFileSync } from 'node:fs'
import process from 'node:process'
import { context, trace } from '@opentelemetry/api'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'

const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
trace.setGlobalTracerProvider(provider)

/** A span that has ended. */
export interface RecordedSpan {
  readonly name: string
  readonly kind: number
  readonly id: string
  readonly traceId: string
  readonly parent: string | undefined
  readonly isRemote: boolean
  readonly status: number
  readonly attributes: Readonly<Record<string, unknown>>
  readonly events: readonly string[]
}

export function recordedSpans(): readonly RecordedSpan[] {
  return exporter.getFinishedSpans().map((span: ReadableSpan) => ({
    name: span.name,
    kind: span.kind,
    id: span.spanContext().spanId,
    traceId: span.spanContext().traceId,
    parent: span.parentSpanContext?.spanId,
    isRemote: span.parentSpanContext?.isRemote ?? false,
    status: span.status.code,
    attributes: span.attributes,
    events: span.events.map(({ name }) => name),
  }))
}

export function forgetSpans(): void {
  exporter.reset()
}

/** Called by a command of the command line in the end. */
export function shutdown(): void {
  writeFileSync(process.env.RECORDED_SPANS!, JSON.stringify(recordedSpans()))
}

export { context, trace }
