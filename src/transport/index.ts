/**
 * `secagg/transport`: whole rounds over whatever carries bytes. {@link serveRound} is the server's side,
 * {@link runClient} a client's; both drive the sessions of `secagg` and add what those leave to their host: connections that come and go,
 * deadlines, limits, and an end that everybody hears of.
 *
 * @module
 */

export { type MessageLimits, messageLimits } from '../session/index.js'
export type { ClientEvent, ClientResult, Connect, RunClientOptions } from './client-options.js'
export type { Clock } from './clock.js'
export type { Connection, OwnConnection } from './connection.js'
export { type ByteStream, framedConnection, type WebReadable } from './framing.js'
export { Inbox, type InboxOptions } from './inbox.js'
export { messagePortConnection, type Port } from './message-port.js'
export { connectionPair } from './pair.js'
export { runClient } from './run-client.js'
export { serveRound } from './serve-round.js'
export type {
  Patience,
  RoundResult,
  ServedRound,
  ServeRoundOptions,
  ServerEvent,
} from './server-options.js'
export { type Socket, type SocketOptions, socketConnection } from './socket.js'
