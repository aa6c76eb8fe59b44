/**
 * `secagg/transport`: whole rounds over any transport that carries bytes. {@link serveRound} runs the server's side and
 * {@link runClient} a client's. Both drive the sessions of `secagg`, and do what sessions leave to their host: they
 * reconnect, keep deadlines and limits, and tell every client how the round ended.
 *
 * @module
 */

export { type MessageLimits, messageLimits } from '../session/index.js'
export {
  createTelemetry,
  type OpenTelemetryApi,
  type OpenTelemetrySpan,
  type OpenTelemetrySpanContext,
  type OpenTelemetryTracer,
} from '../telemetry/telemetry.js'
export type { SpanAttributes, SpanPlace, Telemetry } from '../telemetry/tracing.js'
export type { ClientEvent, ClientResult, OpenConnection, RunClientOptions } from './client/client-options.js'
export { runClient } from './client/run-client.js'
export type { OpenUpload } from './client/upload.js'
export type { Clock } from './clock.js'
export type { Connection, OwnConnection } from './connections/connection.js'
export { Inbox, type InboxOptions } from './connections/connection.js'
export { type ByteStream, framedConnection, type WebReadable } from './connections/framing.js'
export { messagePortConnection, type Port } from './connections/message-port.js'
export { connectionPair } from './connections/pair.js'
export { type Socket, type SocketOptions, socketConnection } from './connections/socket.js'
export { serveRound } from './server/serve-round.js'
export type {
  Patience,
  RoundHandle,
  RoundResult,
  ServeRoundOptions,
  ServerEvent,
} from './server/server-options.js'
