import { partsOf, requireInteger, requireMethods } from '../../arguments.js'
import { isArrayBuffer } from '../../crypto/bytes.js'
import { SecAggError } from '../../errors.js'
import { type Clock, requireClock, systemClock, timerIfAny } from '../clock.js'
import { TOO_LONG } from '../failures.js'
import { Inbox, type OwnConnection, otherThanBytes, requireMessage } from './connection.js'

/**
 * What browsers' `WebSocket` and `RTCDataChannel` have in common, and the `WebSocket` of the package `ws`.
 * @public
 */
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

/**
 * Options of {@link socketConnection}.
 * @public
 */
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

/** What is known of the end of a socket: its close event, and the error before it. */
export interface SocketEnd {
  readonly close?: { readonly code?: unknown; readonly reason?: unknown } | undefined
  readonly error?: { readonly error?: unknown; readonly message?: unknown } | undefined
  /** Bytes of the longest message that was sent. */
  readonly longest: number
}

const NORMAL = 1000
const NO_CODE = 1005
const MESSAGE_TOO_BIG = 1009

/** What an end means to who reads; `undefined` where it is in good order. Code and reason come along as the cause. */
export function closingError({ close, error, longest }: SocketEnd): SecAggError | undefined {
  const { code, reason } = close ?? {}
  const thrown: unknown = error?.error ?? error
  if (isTooLongToRead(thrown)) {
    const text =
      'the other side sends a message that is longer than this socket takes: raise its limit (`maxPayload`) to what messageLimits says'
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

/** What `send` of a socket has thrown, which for a data channel may be that the message is too long. */
export function sendingError(thrown: unknown, isChannel: boolean, bytes: number): unknown {
  const isTypeError = (thrown as { readonly name?: unknown } | undefined)?.name === 'TypeError'
  return isChannel && isTypeError ? tooLong(bytes, thrown) : thrown
}

function tooLong(bytes: number, cause: unknown): SecAggError {
  const text =
    `the other side or what lies in between takes no message as long as one of ${bytes} bytes: with a smaller ` +
    '`sliceLength` a vector goes in shorter ones; or raise the limit there, such as `maxPayload`'
  return new SecAggError('message-refused', 'network', text, { got: TOO_LONG, cause })
}

function lost(text: string, details: { got?: number; cause: unknown }): SecAggError {
  return new SecAggError('connection-lost', 'network', text, details)
}

/** As the package `ws` says it. */
function isTooLongToRead(thrown: unknown): boolean {
  return (thrown as { readonly code?: unknown } | undefined)?.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
}

function textOf(thrown: unknown): string {
  const { message } = (thrown ?? {}) as { readonly message?: unknown }
  return typeof message === 'string' && message !== '' ? `: ${message}` : ''
}

/** A socket, as far as it says how much waits to be sent. */
export interface Buffered {
  readonly bufferedAmount: number
  addEventListener(type: 'bufferedamountlow', listener: () => void): void
  /** Where there is one, as of data channels: an event says that no more than this waits. */
  bufferedAmountLowThreshold?: number
}

/** Milliseconds between two looks: sockets do not say when what waits is gone. And of those that do, to be sure. */
const LOOK = 10
const SLOW_LOOK = 1000

/** How much the allowance grows at a time, and at most. */
const GROWTH = 4
const MOST = 64

/**
 * Lets a sender wait while too much is buffered. Where that can only be seen by looking, and looks come late, as browsers
 * have it in hidden tabs, the socket would be idle most of the time; so the allowance grows when a look finds nothing
 * left, and shrinks when most of it is.
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

  /** Resolves when there is room for a message, or the socket is over. */
  async room(): Promise<void> {
    while (this.isFull) {
      await this.#moment()
      this.#adapt()
    }
  }

  /** Something may have been sent meanwhile. */
  look(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const resolve of waiting) resolve()
  }

  /** The socket is over; nobody waits any longer. */
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
