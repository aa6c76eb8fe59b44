import { partsOf, requireInteger, requireMethods } from '../arguments.js'
import { isArrayBuffer } from '../crypto/bytes.js'
import { SecAggError } from '../errors.js'
import { type Clock, requireClock, systemClock, timerIfAny } from './clock.js'
import { type OwnConnection, requireMessage } from './connection.js'
import { Inbox, otherThanBytes } from './inbox.js'
import { type Buffered, Outlet } from './outlet.js'
import { closingError, type SocketEnd, sendingError } from './socket-closing.js'

/** What browsers' `WebSocket` and `RTCDataChannel` have in common, and the `WebSocket` of the package `ws`. */
export interface Socket {
  binaryType: string
  readonly readyState: number | string
  readonly bufferedAmount: number
  send(data: ArrayBuffer): void
  close(): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  addEventListener(type: 'open' | 'close' | 'error', listener: (event: unknown) => void): void
  /** Where there is one, as in `ws`: stops reading from the network. */
  pause?(): void
  resume?(): void
}

/** Options of {@link socketConnection}. */
export interface SocketOptions {
  /**
   * Bytes that may wait to be sent, before `send` does; default 1 MiB. For a WebSocket it rises to 64 times that where the
   * network takes it faster than can be noticed, as in a hidden tab.
   */
  readonly highWater?: number | undefined
  /** Where waiting takes its time from; default: the host's `setTimeout`. */
  readonly clock?: Clock | undefined
}

/** Milliseconds between an error of a socket and its close event, at most. */
const CLOSING = 1000

/**
 * A connection over a WebSocket or a WebRTC data channel, which may still be opening. The server has to limit the size of
 * messages itself (`maxPayload` in `ws`): here they are in memory already.
 *
 * @throws {SecAggError} `invalid-argument` where `socket` is none, or an option does not fit.
 */
export function socketConnection(socket: Socket, options: SocketOptions = {}): OwnConnection {
  requireMethods('a socket', socket, 'send', 'close', 'addEventListener')
  const { highWater = 2 ** 20, clock = systemClock } = partsOf('the options of a socket', options)
  requireInteger('highWater', highWater, 0, Number.MAX_SAFE_INTEGER)
  requireClock(clock)
  const inbox = new Inbox({
    pause: () => socket.pause?.(),
    resume: () => socket.resume?.(),
    close: () => close(),
  })
  const close = (): void => {
    inbox.end()
    // Or the other side's farewell would not be read, and waited for.
    socket.resume?.()
    socket.close()
  }
  // Only data channels have the event.
  const outlet = new Outlet(socket as unknown as Buffered, highWater, clock)
  let closed = false
  let failure: SecAggError | undefined
  let end: SocketEnd = { longest: 0 }
  let isOpening = socket.readyState === 0 || socket.readyState === 'connecting'
  const opened = new Promise<void>((resolve) => {
    const open = (): void => {
      isOpening = false
      resolve()
    }
    const over = (): void => {
      if (!closed) failure = closingError(end)
      closed = true
      inbox.end(failure)
      outlet.end()
      open()
    }
    socket.addEventListener('open', open)
    socket.addEventListener('close', (event) => {
      end = { ...end, close: event as SocketEnd['close'] }
      over()
    })
    socket.addEventListener('error', (event) => {
      end = { ...end, error: event as SocketEnd['error'] }
      // The code comes with the close event, which follows; but not from all there are.
      timerIfAny(clock, CLOSING, over)
    })
    // It has said so before anybody listened.
    if (!isOpening && socket.readyState !== 1 && socket.readyState !== 'open') over()
  })
  socket.binaryType = 'arraybuffer'
  socket.addEventListener('message', ({ data }) => {
    outlet.look()
    const bytes = bytesOf(data)
    if (bytes !== undefined) return inbox.push(bytes)
    inbox.end(otherThanBytes(data))
    close()
  })
  return {
    messages: inbox,
    send: async (bytes) => {
      requireMessage(bytes)
      // Without a turn where it is open: it may be closed right after.
      if (isOpening) await opened
      if (outlet.isFull) await outlet.room()
      if (closed) throw failure ?? new SecAggError('connection-lost', 'network', 'the socket is closed')
      end = { ...end, longest: Math.max(end.longest, bytes.length) }
      try {
        // A copy, as the message may lie within a larger buffer.
        socket.send(new Uint8Array(bytes).buffer)
      } catch (error) {
        throw sendingError(error, typeof socket.readyState === 'string', bytes.length)
      }
    },
    close,
  }
}

/** The bytes of a message, whichever kind of socket it comes from; `undefined` where it is text or anything else. */
function bytesOf(data: unknown): Uint8Array | undefined {
  if (isArrayBuffer(data)) return new Uint8Array(data)
  if (!ArrayBuffer.isView(data)) return undefined
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)
}
