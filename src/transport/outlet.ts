import { type Clock, timerIfAny } from './clock.js'

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
