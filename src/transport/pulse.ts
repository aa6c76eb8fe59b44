import type { Bytes } from '../crypto/bytes.js'
import { SecAggError } from '../errors.js'
import { type Clock, checkTime, timerIfAny } from './clock.js'
import { decodeNotice, encodeNotice } from './notices.js'

/** What a {@link Pulse} needs of its connection. */
export interface PulseOptions {
  readonly clock: Clock
  /** Milliseconds without a word of the other side that mean a lost connection; `Infinity` for never. */
  readonly maximumSilence: number
  /**
   * When that counts: always; once something was sent, to which a heartbeat could be the answer; or where the other side
   * has sent a heartbeat before, and does not just know of none.
   */
  readonly counts: 'always' | 'asked' | 'known'
  /** Whether heartbeats are due also where the other side is not silent, so that it does not have to ask. */
  readonly speaks: boolean
  /** Sends a heartbeat, after what is being sent; called again before that, it sends none more. */
  readonly send: (bytes: Bytes) => void
  /** The connection is lost; `known`: to a side that has sent heartbeats. */
  readonly lost: (reason: SecAggError, known: boolean) => void
}

/** Milliseconds between two looks, at most. */
const INTERVAL = 10_000

/** Looks within the longest silence, so that a heartbeat and its answer fit in. */
const LOOKS = 4

/**
 * Heartbeats that a client may send per look of the server before they count as messages of no use; what it has not used
 * it may send later, as it may come all at once when the server reads again. The shortest silence needs twenty.
 */
const PER_LOOK = 32

/** What a client begins with. A server that knows of no heartbeats takes it for a message of no use. */
export const PING: Bytes = encodeNotice({ kind: 'ping' })
const PONG = encodeNotice({ kind: 'pong' })

/** @throws {SecAggError} `invalid-argument` where `maximumSilence` is too short for heartbeats, or no time. */
export function checkSilence(maximumSilence: number | undefined): void {
  if (maximumSilence !== undefined) checkTime('maximumSilence', maximumSilence, 1000)
}

/**
 * Heartbeats over one connection, and how long the other side has been silent. None are sent to a side that has sent none:
 * it may know of none. Time is counted in looks, not in milliseconds: where timers come late, as in a hidden tab, answers
 * still come in between.
 */
export class Pulse {
  /** Whether what arrives is read at the moment; else silence counts for nothing. */
  listening = true
  readonly #options: PulseOptions
  readonly #interval: number
  #cancel = (): void => {}
  /** Whether the other side sends heartbeats. */
  #known = false
  #heard = true
  #sent = true
  #hasSent = false
  /** A question that was not answered yet. */
  #asked = false
  #quiet = 0
  #budget = PER_LOOK

  constructor(options: PulseOptions) {
    this.#options = options
    this.#interval = Math.min(INTERVAL, options.maximumSilence / LOOKS)
  }

  start(): void {
    this.#cancel = timerIfAny(this.#options.clock, this.#interval, () => {
      this.start()
      this.#look()
    })
  }

  stop(): void {
    this.#cancel()
  }

  /** Something was sent. */
  sent(): void {
    this.#sent = true
    this.#hasSent = true
  }

  /** Something has arrived. `true` where it was a heartbeat, and that is all there is to do about it. */
  heard(bytes: Uint8Array): boolean {
    this.#heard = true
    this.#asked = false
    this.#quiet = 0
    const kind = decodeNotice(bytes)?.kind
    if (kind !== 'ping' && kind !== 'pong') return false
    this.#known = true
    // The budget of a server is what bounds a hostile client; a client reads what its server says.
    if (this.#options.speaks && --this.#budget < 0) return false
    if (kind === 'ping') this.#options.send(PONG)
    return true
  }

  #look(): void {
    const { maximumSilence, counts, speaks, send, lost } = this.#options
    this.#budget += PER_LOOK
    const isCounted = this.#known || counts === 'always' || (counts === 'asked' && this.#hasSent)
    this.#quiet = this.listening && isCounted ? this.#quiet + 1 : 0
    if (this.#quiet * this.#interval >= maximumSilence) {
      this.stop()
      const text = `nothing was heard of the other side for ${maximumSilence} milliseconds`
      lost(new SecAggError('connection-lost', 'network', text, { expected: maximumSilence }), this.#known)
      return
    }
    const asks = this.listening && !this.#heard && !this.#asked
    if (this.#known && (asks || (speaks && !this.#sent))) {
      const isQuestion = this.listening && !this.#asked
      this.#asked ||= isQuestion
      send(isQuestion ? PING : PONG)
    }
    this.#heard = false
    this.#sent = false
  }
}
