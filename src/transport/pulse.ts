import type { Bytes } from '../crypto/bytes.js'
import { SecAggError } from '../errors.js'
import { type Clock, checkTime, timerIfAny } from './clock.js'
import { decodeNotice, encodeNotice } from './notices.js'

/** Options of a {@link Pulse}. */
export interface PulseOptions {
  readonly clock: Clock
  /** The connection counts as lost after this many milliseconds of silence from the other side; `Infinity` for never. */
  readonly maximumSilence: number
  /**
   * When silence counts: always; once something was sent, because a heartbeat could have answered it; or only if the other
   * side has sent a heartbeat before, and thus supports them.
   */
  readonly counts: 'always' | 'asked' | 'known'
  /** Whether to send heartbeats even if the other side is not silent, so that it does not have to ask for them. */
  readonly speaks: boolean
  /** Sends a heartbeat after the current message. Called again before that, it sends only one. */
  readonly send: (bytes: Bytes) => void
  /** Called when the connection counts as lost. `known` tells whether the other side has sent heartbeats. */
  readonly lost: (reason: SecAggError, known: boolean) => void
}

/** The longest time between two checks, in milliseconds. */
const INTERVAL = 10_000

/** The number of checks within the longest silence, so that there is time for a heartbeat and its answer. */
const LOOKS = 4

/**
 * How many heartbeats a client may send between two checks of the server before they count as useless messages. What it
 * does not use, it may send later, because many heartbeats can arrive at once when the server reads again. With the
 * shortest `maximumSilence`, a client needs twenty.
 */
const PER_LOOK = 32

/** A client begins with this. To a server of an earlier version, it is a useless message. */
export const PING: Bytes = encodeNotice({ kind: 'ping' })
const PONG = encodeNotice({ kind: 'pong' })

/** @throws {SecAggError} `invalid-argument` if `maximumSilence` is not a time, or is too short for heartbeats. */
export function checkSilence(maximumSilence: number | undefined): void {
  if (maximumSilence !== undefined) checkTime('maximumSilence', maximumSilence, 1000)
}

/**
 * Sends heartbeats over one connection, and notices when the other side has been silent for too long. It sends none to a
 * side that has sent none, because that side may not support them. Silence is counted in checks, not in milliseconds: when
 * timers fire late, as in a hidden tab, answers still arrive between two checks.
 */
export class Pulse {
  /** Whether this side reads from the connection at the moment. While it does not, silence does not count. */
  listening = true
  readonly #options: PulseOptions
  readonly #interval: number
  #cancel = (): void => {}
  /** Whether the other side sends heartbeats. */
  #known = false
  #heard = true
  #sent = true
  #hasSent = false
  /** Whether a heartbeat of this side is unanswered. */
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

  /** Call this after something was sent. */
  sent(): void {
    this.#sent = true
    this.#hasSent = true
  }

  /** Call this when something has arrived. Returns `true` if it was a heartbeat, which needs no further handling. */
  heard(bytes: Uint8Array): boolean {
    this.#heard = true
    this.#asked = false
    this.#quiet = 0
    const kind = decodeNotice(bytes)?.kind
    if (kind !== 'ping' && kind !== 'pong') return false
    this.#known = true
    // The budget protects a server from hostile clients. A client needs no such protection from its server.
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
      const text = `the other side was silent for ${Math.round(maximumSilence)} milliseconds`
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
