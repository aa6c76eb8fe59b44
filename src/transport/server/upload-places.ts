import { type Receipt, type SumSink, UPLOADS } from '../../session/index.js'
import { type Clock, timer } from '../clock.js'
import { type Ending, ignore } from '../notices.js'
import { DEADLINE, type ServeRoundOptions } from './server-options.js'

/** A vector in slices that is not complete yet. */
interface Upload {
  /** It has had its place for too long. */
  overdue: boolean
  /** No slice has arrived for too long. */
  stalled: boolean
  /** A slice of it is being stored. The client is not responsible for that time. */
  taking: boolean
  /** Its connection is being closed, so its place will be free soon. */
  evicted: boolean
  cancelTotal(): void
  cancelStall(): void
}

/** A seat that waits for a place. */
interface Ticket {
  readonly seat: number
  /** Makes the seat try to get a place. */
  call(): void
}

/** The longest time without a new slice, as a fraction of the time for a whole vector. */
const STALL = 1 / 4

/** The minimum of the default for `uploadTime`, in milliseconds: over a slow connection, even one slice takes a while. */
const SHORTEST = 4000

/**
 * The default of `uploadTime`, in milliseconds. It is twice the average time per vector that lets the minimum cohort finish
 * by the deadline, and at most half of the deadline. So a few clients that keep their places as long as possible leave
 * enough time for the others.
 */
export function uploadTimeFor(options: ServeRoundOptions<SumSink | undefined>): number {
  const { config, deadline = DEADLINE, phases, maximumUploads = UPLOADS } = options
  const { deadline: own = deadline } = phases?.['masked-input'] ?? {}
  const collecting = own === Number.POSITIVE_INFINITY ? DEADLINE : own
  const share = (2 * maximumUploads) / config.minimumCohort
  return Math.min(collecting / 2, Math.max(SHORTEST, collecting * share))
}

/**
 * The places for incomplete vectors in slices. While others wait, a client that stalls, or takes too long in total, loses
 * its place. Clients that have lost a place come after those that have not; otherwise, first come, first served.
 */
export class UploadPlaces {
  readonly #clock: Clock
  readonly #time: number
  readonly #evict: (seat: number) => void
  readonly #uploads = new Map<number, Upload>()
  readonly #waiting = new Set<Ticket>()
  /** How often each seat has lost its place. */
  readonly #evictions = new Map<number, number>()
  /** The seat that is trying to get a place. Only one tries at a time; otherwise the order would depend on timing. */
  #called: Ticket | undefined
  /** Whether there may be a free place. */
  #hasRoom = false

  /** A vector may take `time` milliseconds. `evict` closes the connection of a seat; then {@link end} must be called. */
  constructor(clock: Clock, time: number, evict: (seat: number) => void) {
    this.#clock = clock
    this.#time = time
    this.#evict = evict
  }

  /** The number of seats that wait for a place. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Delivers a message with `give` when it is the seat's turn. If there is no place, it tries again when there is one. */
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
        // A message that was not accepted is not progress: the upload may still count as stalled.
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

  /** A slice has arrived, and its vector is not complete yet. */
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

  /** The vector of this seat is complete, or was discarded. */
  end(seat: number): void {
    const upload = this.#uploads.get(seat)
    upload?.cancelTotal()
    upload?.cancelStall()
    this.#uploads.delete(seat)
  }

  /** No more vectors are collected, so nobody needs to wait. */
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

  /** Waits for the seat's turn. The ticket stays in line, so a seat that finds no place does not lose its turn. */
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

  /** Calls the next ticket. After its attempt, another one is called, because there may be more than one place. */
  #callNext(): void {
    if (this.#called !== undefined || !this.#hasRoom) return
    let next: Ticket | undefined
    for (const ticket of this.#waiting) {
      if (next === undefined || this.#evictionsOf(ticket) < this.#evictionsOf(next)) next = ticket
    }
    this.#called = next
    next?.call()
  }

  /** Frees as many places as there are waiting seats with the same right to them. */
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

/**
 * How many more useless messages (repeated or refused ones) than useful ones a seat may send. Each new connection may
 * repeat a message.
 */
const ALLOWANCE = 64

/** Detects seats that send too many messages. */
export class Floods {
  /** The number of useless messages minus the number of useful ones. */
  readonly #balances = new Map<number, number>()
  readonly #shutOut = new Map<number, string>()

  useful(seat: number): void {
    this.#count(seat, -1)
  }

  /** Counts a useless message, and tells whether the seat may continue. */
  useless(seat: number): boolean {
    return this.#count(seat, 1) <= ALLOWANCE
  }

  shutOut(seat: number, code: string): void {
    this.#shutOut.set(seat, code)
  }

  /** The code with which the seat was excluded, if it was. */
  isShutOut(seat: number): string | undefined {
    return this.#shutOut.get(seat)
  }

  #count(seat: number, change: 1 | -1): number {
    const balance = (this.#balances.get(seat) ?? 0) + change
    this.#balances.set(seat, balance)
    return balance
  }
}
