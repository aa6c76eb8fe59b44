/**
 * `secagg/transport`: whole rounds over any transport that carries bytes. {@link serveRound} runs the server's side and
 * {@link runClient} a client's. Both drive the sessions of `secagg`, and do what sessions leave to their host: they
 * reconnect, keep deadlines and limits, and tell every client how the round ended.
 *
 * @module
 */

export {
  createTelemetry,
  type OpenTelemetryApi,
  type OpenTelemetrySpan,
  type OpenTelemetrySpanContext,
  type OpenTelemetryTracer,
} from '../telemetry/telemetry.js'
export type { SpanAttributes, Telemetry } from '../telemetry/tracing.js'
export * from './client/index.js'
export { connectionPair } from './connections/pair.js'
export { serveRound } from './server/serve-round.js'
export type {
  Patience,
  RoundHandle,
  RoundResult,
  ServeRoundOptions,
  ServerEvent,
} from './server/server-options.js'
