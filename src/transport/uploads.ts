import { type Clock, timer } from './clock.js'

/** The unfinished vectors in slices, and how long each has had its place. */
export class UploadTimes {
  readonly #clock: Clock
  readonly #time: number
  readonly #evict: (seat: number) => void
  readonly #begun = new Map<number, { overdue: boolean; cancel(): void }>()
  /** How many wait for a place. */
  #waiting = 0

  constructor(clock: Clock, time: number, evict: (seat: number) => void) {
    this.#clock = clock
    this.#time = time
    this.#evict = evict
  }

  /** A slice has come of a vector that is not whole yet. */
  begin(seat: number): void {
    if (this.#begun.has(seat)) return
    const upload = { overdue: false, cancel: () => {} }
    this.#begun.set(seat, upload)
    upload.cancel = timer(this.#clock, this.#time, () => {
      upload.overdue = true
      this.#evictOverdue()
    })
  }

  /** It is whole, or given up. */
  end(seat: number): void {
    this.#begun.get(seat)?.cancel()
    this.#begun.delete(seat)
  }

  endAll(): void {
    for (const seat of [...this.#begun.keys()]) this.end(seat)
  }

  /** Somebody waits for a place. */
  async waiting<T>(room: Promise<T>): Promise<T> {
    this.#waiting++
    try {
      this.#evictOverdue()
      return await room
    } finally {
      this.#waiting--
    }
  }

  #evictOverdue(): void {
    if (this.#waiting === 0) return
    for (const [seat, { overdue }] of [...this.#begun]) if (overdue) this.#evict(seat)
  }
}
