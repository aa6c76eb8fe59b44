import { randomBytes } from 'node:crypto'
import type { IncomingMessage, Server } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import { defaultCrypto } from 'secagg'
import { type WebSocket, WebSocketServer } from 'ws'
import { seatOf } from './certificates.js'
import type { Enrolment } from './enrolment.js'
import { challengeText, claim, nextText, readAnswer } from './handshake.js'
import { log } from './log.js'
import type { Metrics } from './metrics.js'
import { Rate } from './rate.js'

/** How many connections may be unidentified at the same time, and for how many milliseconds each of them. */
const STRANGERS = { most: 200, patience: 5000 } as const

/** How long a client may take to confirm that its connection is being closed, in milliseconds. Then it is terminated. */
const CLOSING = 2000

/** How often an identified client may connect, and how many messages it may send. */
const CONNECTIONS = { burst: 20, perSecond: 1 } as const
const MESSAGES = { burst: 200, perSecond: 20 } as const

export interface DoorOptions {
  readonly http: Server | TlsServer
  /** The name by which clients know this server. */
  readonly name: string
  readonly enrolment: Enrolment
  /** The length of the longest message that a client may send, in bytes. */
  readonly longest: number
  readonly metrics: Metrics
  /** Clients identify themselves by the certificate of the connection, and not by a signature. `false` if not given. */
  readonly certificates?: boolean
  readonly strangers?: { readonly most: number; readonly patience: number }
  /** Called with each client that has proven its identity. */
  enter(seat: number, socket: WebSocket): void
}

/** Accepts WebSocket connections from enrolled clients only. */
export function openDoor({
  http,
  name: server,
  enrolment,
  longest,
  metrics,
  certificates = false,
  strangers: { most, patience } = STRANGERS,
  enter,
}: DoorOptions): WebSocketServer {
  const limits = { maxPayload: longest, perMessageDeflate: false, closeTimeout: CLOSING }
  const sockets = new WebSocketServer({ server: http, ...limits })
  const seats = new Map(enrolment.names.map((name, seat) => [name, seat]))
  const rates = enrolment.names.map(() => new Rate(CONNECTIONS.burst, CONNECTIONS.perSecond))
  /** Unidentified connections, the oldest first. */
  const strangers = new Set<WebSocket>()
  let connected = 0

  const refuse = (socket: WebSocket, reason: string, details = {}): void => {
    metrics.count('connections_total', reason)
    log('refused', { reason, ...details })
    socket.close(1008, reason)
  }

  const identify = async (socket: WebSocket, request: IncomingMessage): Promise<number | undefined> => {
    const seat = certificates ? certified(socket, request) : await signed(socket)
    // Counted only now. Otherwise, anybody who knows a client's name could use up its allowance and lock it out.
    if (seat === undefined || rates[seat]!.take()) return seat
    refuse(socket, 'too_many_connections', { seat })
    return undefined
  }

  const certified = (socket: WebSocket, request: IncomingMessage): number | undefined => {
    const seat = seatOf(request, enrolment)
    if (seat === undefined) refuse(socket, 'unknown_certificate')
    return seat
  }

  const signed = async (socket: WebSocket): Promise<number | undefined> => {
    const challenge = Uint8Array.from(randomBytes(32))
    const answering = nextText(socket, readAnswer)
    socket.send(challengeText({ server, challenge }))
    const answer = await answering.catch(() => undefined)
    if (answer === undefined) {
      refuse(socket, 'no_answer')
      return undefined
    }
    const { name, signature } = answer
    const seat = seats.get(name)
    if (seat === undefined) {
      refuse(socket, 'unknown_identity')
      return undefined
    }
    const { ed25519 } = await defaultCrypto()
    if (!(await ed25519.verify(enrolment.publicKeys[seat]!, claim(server, challenge), signature))) {
      refuse(socket, 'wrong_signature', { seat })
      return undefined
    }
    return seat
  }

  const greet = async (socket: WebSocket, request: IncomingMessage): Promise<void> => {
    // A message was longer than `maxPayload`, or was not a valid WebSocket frame. The socket is already closed.
    socket.on('error', ({ code }: Error & { code?: string }) => {
      const reason = code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' ? 'message_too_long' : 'broken'
      metrics.count('connections_total', reason)
      log('refused', { reason })
    })
    const messages = new Rate(MESSAGES.burst, MESSAGES.perSecond)
    socket.on('message', () => {
      if (messages.take() || socket.readyState !== socket.OPEN) return
      refuse(socket, 'too_many_messages')
      socket.terminate()
    })
    // Close the oldest connection, not the newest: otherwise silent connections would keep everybody else out.
    const [oldest] = strangers.size >= most ? strangers : []
    oldest?.terminate()
    strangers.add(socket)
    // Not `close`, because it waits for an answer from the other side.
    const timer = setTimeout(() => socket.terminate(), patience)
    const seat = await identify(socket, request).finally(() => {
      clearTimeout(timer)
      strangers.delete(socket)
    })
    if (seat === undefined || socket.readyState !== socket.OPEN) return
    metrics.count('connections_total', 'accepted')
    metrics.set('clients_connected', ++connected)
    socket.on('close', () => metrics.set('clients_connected', --connected))
    enter(seat, socket)
  }

  sockets.on('connection', (socket, request) => {
    greet(socket, request).catch((error: unknown) => {
      log('failed', { error: String(error) })
      socket.terminate()
    })
  })
  return sockets
}
