/**
 * `secagg/transport`: whole rounds over whatever carries bytes. {@link serveRound} is the server's side,
 * {@link runClient} a client's; both drive the sessions of `secagg` and add what those leave to their host: connections that come and go,
 * deadlines, limits, and an end that everybody hears of.
 *
 * @module
 */

export { type MessageLimits, messageLimits } from '../session/index.js'
export type { ClientEvent, ClientResult, OpenConnection, RunClientOptions } from './client/client-options.js'
export { runClient } from './client/run-client.js'
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
