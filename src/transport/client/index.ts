/**
 * `secagg/transport/client`: the part of `secagg/transport` that a client needs, without that of the server. Most bundlers make
 * the same of both. Those that keep whole modules, such as Metro in React Native, make a smaller bundle of this entry.
 *
 * @module
 */

export { type MessageLimits, messageLimits } from '../../session/message-limits.js'
export type { Clock } from '../clock.js'
export type { Connection, OwnConnection } from '../connections/connection.js'
export { Inbox, type InboxOptions } from '../connections/connection.js'
export { type ByteStream, framedConnection, type WebReadable } from '../connections/framing.js'
export { messagePortConnection, type Port } from '../connections/message-port.js'
export { type Socket, type SocketOptions, socketConnection } from '../connections/socket.js'
export type { ClientEvent, ClientResult, OpenConnection, RunClientOptions } from './client-options.js'
export { runClient } from './run-client.js'
export type { OpenUpload } from './upload.js'
