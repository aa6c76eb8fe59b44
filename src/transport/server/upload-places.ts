import { type Receipt, UPLOADS } from '../../session/index.js'
import { type Clock, timer } from '../clock.js'
import { type Ending, ignore } from '../notices.js'
import { DEADLINE, type ServeRoundOptions } from './server-options.js'

/** A vector in slices that is not whole yet. */
interface Upload {
  /** It has had its place for longer than it may. */
  overdue: boolean
  /** No slice has come for longer than that may be. */
  stalled: boolean
  /** A slice of it is being stored: that time is the host's. */
  taking: boolean
  /** Its connection is being closed, so its place is about to be free. */
  evicted: boolean
  cancelTotal(): void
  cancelStall(): void
}

/** A seat that waits for a place. */
interface Ticket {
  readonly seat: number
  /** Lets it try. */
  call(): void
}

/** The longest that one message may go without a slice, as a part of the time of the whole vector. */
const STALL = 1 / 4

/** In milliseconds; no shorter time is chosen for a host, since a slice takes a while over a slow connection. */
const SHORTEST = 4000

/**
 * The default of `uploadTime`, in milliseconds: twice what a vector may take on average if the minimum cohort is to be
 * through by the deadline, and never more than half of that. So a few clients that keep their places for as long as they
 * can leave the others time enough.
 */
export function uploadTimeFor(options: ServeRoundOptions): number {
  const { config, deadline = DEADLINE, phases, maximumUploads = UPLOADS } = options
  const { deadline: own = deadline } = phases?.['masked-input'] ?? {}
  const collecting = own === Number.POSITIVE_INFINITY ? DEADLINE : own
  const share = (2 * maximumUploads) / config.minimumCohort
  return Math.min(collecting / 2, Math.max(SHORTEST, collecting * share))
}

/**
 * The places for unfinished vectors in slices: who has one and for how long, and who waits for one. While others wait, a
 * place is taken away from a client that makes no progress or takes too long in all. Those who have lost a place come
 * after those who have not, and nobody overtakes.
 */
export class UploadPlaces {
  readonly #clock: Clock
  readonly #time: number
  readonly #evict: (seat: number) => void
  readonly #uploads = new Map<number, Upload>()
  readonly #waiting = new Set<Ticket>()
  /** How often each seat has lost its place. */
  readonly #evictions = new Map<number, number>()
  /** Who is trying at the moment: one at a time, or the order would be left to chance. */
  #called: Ticket | undefined
  /** Whether somebody who waits may find a place. */
  #hasRoom = false

  /** `time`: milliseconds for a vector. `evict` closes the connection of a seat, after which {@link end} is called. */
  constructor(clock: Clock, time: number, evict: (seat: number) => void) {
    this.#clock = clock
    this.#time = time
    this.#evict = evict
  }

  /** Hands over a message by `give`, in its turn; where there is no place for it, again when there is one. */
  async deliver(
    seat: number,
    ending: Ending,
    give: () => Promise<Receipt>,
  ): Promise<Exclude<Receipt, { status: 'busy' }>> {
    const ticket = { seat, call: ignore }
    let waits = this.#waiting.size > 0 && !this.#uploads.has(seat)
    try {
      for (;;) {
        if (waits) await this.#turn(ticket, ending)
        const upload = this.#uploads.get(seat)
        if (upload !== undefined) upload.taking = true
        const receipt = await give()
        // What is no progress does not make a stalled upload a better one.
        if (upload !== undefined && receipt.status !== 'accepted') {
          upload.taking = false
          this.#evictSome()
        }
        if (receipt.status !== 'busy') return receipt
        waits = true
        this.#hasRoom = false
        receipt.room.then(() => this.#roomFound()).catch(ignore)
        if (this.#called === ticket) this.#called = undefined
      }
    } finally {
      this.#waiting.delete(ticket)
      if (this.#called === ticket) this.#called = undefined
      this.#callNext()
    }
  }

  /** A slice has come of a vector that is not whole yet. */
  progress(seat: number): void {
    const upload = this.#uploads.get(seat) ?? this.#begin(seat)
    upload.cancelStall()
    upload.stalled = false
    upload.taking = false
    upload.cancelStall = timer(this.#clock, this.#time * STALL, () => {
      upload.stalled = true
      this.#evictSome()
    })
    // It may have become overdue while the slice was being stored.
    this.#evictSome()
  }

  /** It is whole, or given up. */
  end(seat: number): void {
    const upload = this.#uploads.get(seat)
    upload?.cancelTotal()
    upload?.cancelStall()
    this.#uploads.delete(seat)
  }

  /** No vectors are collected any more: there is nothing to wait for. */
  endAll(): void {
    for (const seat of [...this.#uploads.keys()]) this.end(seat)
    for (const { call } of [...this.#waiting]) call()
  }

  #begin(seat: number): Upload {
    const upload: Upload = {
      overdue: false,
      stalled: false,
      taking: false,
      evicted: false,
      cancelStall: ignore,
      cancelTotal: timer(this.#clock, this.#time, () => {
        upload.overdue = true
        this.#evictSome()
      }),
    }
    this.#uploads.set(seat, upload)
    return upload
  }

  /** The ticket stays, so that who tries in vain keeps its place in the line. */
  async #turn(ticket: { seat: number; call: () => void }, ending: Ending): Promise<void> {
    const turn = new Promise<void>((resolve) => {
      ticket.call = resolve
    })
    this.#waiting.add(ticket)
    this.#evictSome()
    this.#callNext()
    await ending.race(turn)
  }

  #roomFound(): void {
    this.#hasRoom = true
    this.#callNext()
  }

  /** After it the next one: there may be more than one place. */
  #callNext(): void {
    if (this.#called !== undefined || !this.#hasRoom) return
    let next: Ticket | undefined
    for (const ticket of this.#waiting) {
      if (next === undefined || this.#evictionsOf(ticket) < this.#evictionsOf(next)) next = ticket
    }
    this.#called = next
    next?.call()
  }

  /** Frees as many places as there are others to take them. */
  #evictSome(): void {
    for (const [seat, upload] of this.#uploads) {
      if (upload.evicted || upload.taking || !(upload.overdue || upload.stalled)) continue
      const evictions = this.#evictionsOf({ seat })
      const rivals = [...this.#waiting].filter(
        (ticket) => ticket !== this.#called && this.#evictionsOf(ticket) <= evictions,
      ).length
      const freed = [...this.#uploads.values()].filter(({ evicted }) => evicted).length
      if (freed >= rivals) continue
      upload.evicted = true
      this.#evictions.set(seat, evictions + 1)
      this.#evict(seat)
    }
  }

  #evictionsOf({ seat }: { readonly seat: number }): number {
    return this.#evictions.get(seat) ?? 0
  }
}

/** Messages of no use, repeated or refused ones, that a seat may send beyond those of use: each reconnect may repeat one. */
const ALLOWANCE = 64

/** Which seats send more than they may. */
export class Floods {
  /** Messages of no use less those of use. */
  readonly #balances = new Map<number, number>()
  readonly #shutOut = new Map<number, string>()

  useful(seat: number): void {
    this.#count(seat, -1)
  }

  /** Whether the seat may go on. */
  useless(seat: number): boolean {
    return this.#count(seat, 1) <= ALLOWANCE
  }

  shutOut(seat: number, code: string): void {
    this.#shutOut.set(seat, code)
  }

  /** Why the seat has no part in the round any more, where it has none. */
  isShutOut(seat: number): string | undefined {
    return this.#shutOut.get(seat)
  }

  #count(seat: number, change: 1 | -1): number {
    const balance = (this.#balances.get(seat) ?? 0) + change
    this.#balances.set(seat, balance)
    return balance
  }
}
