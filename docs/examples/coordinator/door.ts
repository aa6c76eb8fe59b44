import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import { defaultCrypto } from 'secagg'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Enrolment } from './enrolment.js'
import { challengeText, claim, nextText, readAnswer } from './handshake.js'
import { log } from './log.js'
import type { Metrics } from './metrics.js'
import { Rate } from './rate.js'

/** Connections that have not said yet who they are: how many there may be, and for how many milliseconds. */
const STRANGERS = { most: 200, patience: 5000 } as const

/** Milliseconds in which a client may answer that its connection is being closed; then it is cut. */
const CLOSING = 2000

/** How often one client may connect once it has shown who it is, and how many messages it may send. */
const CONNECTIONS = { burst: 20, perSecond: 1 } as const
const MESSAGES = { burst: 200, perSecond: 20 } as const

export interface DoorOptions {
  readonly http: Server
  /** What clients know this server by. */
  readonly name: string
  readonly enrolment: Enrolment
  /** Bytes of the longest message that a client may send. */
  readonly longest: number
  readonly metrics: Metrics
  readonly strangers?: { readonly most: number; readonly patience: number }
  /** A client that is who it says it is. */
  enter(seat: number, socket: WebSocket): void
}

/** Lets in who is enrolled, and nobody else. */
export function openDoor({
  http,
  name: server,
  enrolment,
  longest,
  metrics,
  strangers: { most, patience } = STRANGERS,
  enter,
}: DoorOptions): WebSocketServer {
  const limits = { maxPayload: longest, perMessageDeflate: false, closeTimeout: CLOSING }
  const sockets = new WebSocketServer({ server: http, ...limits })
  const seats = new Map(enrolment.names.map((name, seat) => [name, seat]))
  const rates = enrolment.names.map(() => new Rate(CONNECTIONS.burst, CONNECTIONS.perSecond))
  /** The oldest first. */
  const strangers = new Set<WebSocket>()
  let connected = 0

  const refuse = (socket: WebSocket, reason: string, details = {}): void => {
    metrics.count('connections_total', reason)
    log('refused', { reason, ...details })
    socket.close(1008, reason)
  }

  const identify = async (socket: WebSocket): Promise<number | undefined> => {
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
    // Not before: else whoever knows its name could use up what the client may do, and lock it out.
    if (rates[seat]!.take()) return seat
    refuse(socket, 'too_many_connections', { seat })
    return undefined
  }

  const greet = async (socket: WebSocket): Promise<void> => {
    // Too long for `maxPayload`, or no WebSocket at all; the socket is closed by then.
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
    // Silent ones would keep the door shut if the newest had to go.
    const [oldest] = strangers.size >= most ? strangers : []
    oldest?.terminate()
    strangers.add(socket)
    // Not `close`, for which the other side would have to answer.
    const timer = setTimeout(() => socket.terminate(), patience)
    const seat = await identify(socket).finally(() => {
      clearTimeout(timer)
      strangers.delete(socket)
    })
    if (seat === undefined || socket.readyState !== socket.OPEN) return
    metrics.count('connections_total', 'accepted')
    metrics.set('clients_connected', ++connected)
    socket.on('close', () => metrics.set('clients_connected', --connected))
    enter(seat, socket)
  }

  sockets.on('connection', (socket) => {
    greet(socket).catch((error: unknown) => {
      log('failed', { error: String(error) })
      socket.terminate()
    })
  })
  return sockets
}
