import { partsOf, requireInteger, requireMethods } from '../../arguments.js'
import { isArrayBuffer } from '../../crypto/bytes.js'
import { SecAggError } from '../../errors.js'
import { type Clock, requireClock, systemClock, timerIfAny } from '../clock.js'
import { TOO_LONG } from '../failures.js'
import { Inbox, type OwnConnection, otherThanBytes, requireMessage } from './connection.js'

/**
 * What {@link socketConnection} needs from a socket. The `WebSocket` and `RTCDataChannel` of browsers have it, and so
 * does the `WebSocket` of the package `ws`.
 * @public
 */
export interface Socket {
  binaryType: string
  readonly readyState: number | string
  readonly bufferedAmount: number
  /** Sends one binary message. */
  send(data: ArrayBuffer): void
  /** Starts to close the socket. */
  close(): void
  /** Calls `listener` for each message. */
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  /** Calls `listener` when the socket opens, closes or fails. */
  addEventListener(type: 'open' | 'close' | 'error', listener: (event: unknown) => void): void
  /** Stops reading from the network. Optional; `ws` has it. */
  pause?(): void
  /** Starts to read again. */
  resume?(): void
}

/**
 * Options of {@link socketConnection}.
 * @public
 */
export interface SocketOptions {
  /**
   * How many bytes may be buffered before `send` waits. Default 1 MiB. For a WebSocket the limit rises to up to 64 times
   * this number when the buffer empties faster than the library can notice, as in a hidden tab.
   */
  readonly highWater?: number | undefined
  /** The timers to wait with. Default: the host's `setTimeout`. */
  readonly clock?: Clock | undefined
}

/** The longest time between an error of a socket and its close event, in milliseconds. */
const CLOSING = 1000

/**
 * Makes a connection from a WebSocket or a WebRTC data channel. The socket may still be opening.
 *
 * A server must limit the size of messages in its WebSocket library (`maxPayload` in `ws`), because a message is already
 * in memory when it arrives here.
 *
 * @param socket The socket. Pass it immediately after it was made, so that no message is missed.
 * @param options Buffering and timers.
 * @returns The connection.
 * @throws {SecAggError} `invalid-argument` if `socket` is not a socket, or an option is out of range.
 * @example
 * ```ts
 * import { socketConnection } from 'secagg/transport'
 *
 * // For runClient; it is called again when a connection is lost.
 * const connect = () => socketConnection(new WebSocket('wss://example.org/rounds/7?seat=3'))
 * ```
 * @public
 */
export function socketConnection(socket: Socket, options: SocketOptions = {}): OwnConnection {
  requireMethods('a socket', socket, 'send', 'close', 'addEventListener')
  const { highWater = 2 ** 20, clock = systemClock } = partsOf('the options of a socket', options)
  requireInteger('highWater', highWater, 0, Number.MAX_SAFE_INTEGER)
  requireClock(clock)
  const inbox = new Inbox({
    pause: () => socket.pause?.(),
    resume: () => socket.resume?.(),
    close: (reason) => {
      failure = reason
      close()
    },
  })
  const close = (): void => {
    inbox.end()
    // A paused socket would not read the other side's close frame, and would wait for it.
    socket.resume?.()
    socket.close()
  }
  // The cast adds an event that only data channels have.
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
      if (!closed) failure ??= closingError(end)
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
      // The close event has the code and follows the error, but some sockets never emit it.
      timerIfAny(clock, CLOSING, over)
    })
    // The socket was closed before the listeners were added.
    if (!isOpening && socket.readyState !== 1 && socket.readyState !== 'open') over()
  })
  socket.binaryType = 'arraybuffer'
  socket.addEventListener('message', ({ data }) => {
    outlet.look()
    const bytes = bytesOf(data)
    if (bytes !== undefined) return inbox.push(bytes)
    failure = otherThanBytes(data)
    inbox.end(failure)
    close()
  })
  return {
    messages: inbox,
    send: async (bytes) => {
      requireMessage(bytes)
      // If the socket is open, send without a turn of the event loop: the caller may close it immediately afterwards.
      if (isOpening) await opened
      if (outlet.isFull) await outlet.room()
      if (closed) throw failure ?? new SecAggError('connection-lost', 'network', 'the socket is closed')
      end = { ...end, longest: Math.max(end.longest, bytes.length) }
      try {
        // A copy, because the message may be a view of a larger buffer.
        socket.send(new Uint8Array(bytes).buffer)
      } catch (error) {
        throw sendingError(error, typeof socket.readyState === 'string', bytes.length)
      }
    },
    close,
  }
}

/** The bytes of a message from any kind of socket; `undefined` if it is text or anything else. */
function bytesOf(data: unknown): Uint8Array | undefined {
  if (isArrayBuffer(data)) return new Uint8Array(data)
  if (!ArrayBuffer.isView(data)) return undefined
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)
}

/** What is known about the end of a socket: its close event, and the error before it. */
export interface SocketEnd {
  readonly close?: { readonly code?: unknown; readonly reason?: unknown } | undefined
  readonly error?: { readonly error?: unknown; readonly message?: unknown } | undefined
  /** The length of the longest message that was sent, in bytes. */
  readonly longest: number
}

const NORMAL = 1000
const NO_CODE = 1005
const MESSAGE_TOO_BIG = 1009

/** The error with which reading ends, or `undefined` after a normal close. Its cause has the close code and reason. */
export function closingError({ close, error, longest }: SocketEnd): SecAggError | undefined {
  const { code, reason } = close ?? {}
  const thrown: unknown = error?.error ?? error
  if (isTooLongToRead(thrown)) {
    const text =
      'the other side sent a message that is longer than this socket accepts: raise the limit (`maxPayload`) to the value from messageLimits'
    return new SecAggError('malformed-message', 'network', text, { cause: thrown })
  }
  if (typeof code !== 'number') {
    return thrown === undefined
      ? undefined
      : lost(`the socket has failed${textOf(thrown)}`, { cause: thrown })
  }
  const cause = { code, reason: String(reason ?? '') }
  if (code === MESSAGE_TOO_BIG) return tooLong(longest, cause)
  if ((code === NORMAL || code === NO_CODE) && cause.reason === '') return undefined
  const why = cause.reason === '' ? textOf(thrown) : `: ${JSON.stringify(cause.reason)}`
  return lost(`the socket was closed with code ${code}${why}`, { got: code, cause })
}

/** Translates what `send` of a socket has thrown. For a data channel, a TypeError means that the message is too long. */
export function sendingError(thrown: unknown, isChannel: boolean, bytes: number): unknown {
  const isTypeError = (thrown as { readonly name?: unknown } | undefined)?.name === 'TypeError'
  return isChannel && isTypeError ? tooLong(bytes, thrown) : thrown
}

function tooLong(bytes: number, cause: unknown): SecAggError {
  const text =
    `the other side, or something on the way there, refused a message of ${bytes} bytes as too long: choose a smaller ` +
    '`sliceLength`, so that vectors travel in shorter messages, or raise the limit there, such as `maxPayload`'
  return new SecAggError('message-refused', 'network', text, { got: TOO_LONG, cause })
}

function lost(text: string, details: { got?: number; cause: unknown }): SecAggError {
  return new SecAggError('connection-lost', 'network', text, details)
}

/** The package `ws` reports it with this code. */
function isTooLongToRead(thrown: unknown): boolean {
  return (thrown as { readonly code?: unknown } | undefined)?.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
}

function textOf(thrown: unknown): string {
  const { message } = (thrown ?? {}) as { readonly message?: unknown }
  return typeof message === 'string' && message !== '' ? `: ${message}` : ''
}

/** The part of a socket that reports how many bytes are buffered. */
export interface Buffered {
  readonly bufferedAmount: number
  addEventListener(type: 'bufferedamountlow', listener: () => void): void
  /** Only data channels have it: they emit an event when no more than this many bytes are buffered. */
  bufferedAmountLowThreshold?: number
}

/**
 * Milliseconds between two checks of the buffer. WebSockets have no event for an empty buffer. Data channels have one, and
 * are checked less often, in case the event does not come.
 */
const LOOK = 10
const SLOW_LOOK = 1000

/** The factor by which the allowance grows at a time, and the largest multiple of `highWater` that it reaches. */
const GROWTH = 4
const MOST = 64

/**
 * Makes a sender wait while too much is buffered. The buffer of a WebSocket can only be polled. In a hidden tab, browsers
 * delay timers, so the socket would be idle most of the time. Therefore the allowance grows when a check finds the buffer
 * empty, and shrinks when a check finds it more than half full.
 */
export class Outlet {
  readonly #socket: Buffered
  readonly #highWater: number
  readonly #clock: Clock
  readonly #speaks: boolean
  readonly #waiting = new Set<() => void>()
  #allowance: number
  #isOver = false

  constructor(socket: Buffered, highWater: number, clock: Clock) {
    this.#socket = socket
    this.#highWater = highWater
    this.#allowance = highWater
    this.#clock = clock
    this.#speaks = typeof socket.bufferedAmountLowThreshold === 'number'
    if (!this.#speaks) return
    socket.bufferedAmountLowThreshold = highWater
    socket.addEventListener('bufferedamountlow', () => this.look())
  }

  get isFull(): boolean {
    return !this.#isOver && this.#socket.bufferedAmount > this.#allowance
  }

  /** Resolves when there is room for a message, or the socket has ended. */
  async room(): Promise<void> {
    while (this.isFull) {
      await this.#moment()
      this.#adapt()
    }
  }

  /** Makes everybody who waits check again, because some bytes may have been sent in the meantime. */
  look(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const resolve of waiting) resolve()
  }

  /** Call this when the socket has ended: nobody waits for it any longer. */
  end(): void {
    this.#isOver = true
    this.look()
  }

  async #moment(): Promise<void> {
    let cancel = (): void => {}
    await new Promise<void>((resolve) => {
      this.#waiting.add(resolve)
      cancel = timerIfAny(this.#clock, this.#speaks ? SLOW_LOOK : LOOK, () => this.look())
    })
    cancel()
  }

  #adapt(): void {
    if (this.#speaks) return
    const left = this.#socket.bufferedAmount
    if (left === 0) this.#allowance = Math.min(this.#allowance * GROWTH, this.#highWater * MOST)
    else if (left > this.#allowance / 2) this.#allowance = Math.max(this.#highWater, this.#allowance / 2)
  }
}
