interface Due {
  readonly time: number
  /** Whose this is; what is nobody's is done alone. */
  readonly seat: number | undefined
  readonly order: number
  readonly action: () => void | Promise<void>
}

/**
 * Simulated time, in whole milliseconds. What is due at the same moment is done at once, as far as it concerns different
 * seats. The order depends on times and seats only, never on what happened to be done first.
 */
export class Clock {
  #now = 0
  readonly #due: Due[] = []
  readonly #orders = new Map<number | undefined, number>()

  get now(): number {
    return this.#now
  }

  /** Has `action` done in `delay` milliseconds. */
  after(delay: number, seat: number | undefined, action: Due['action']): void {
    const order = this.#orders.get(seat) ?? 0
    this.#orders.set(seat, order + 1)
    this.#push({ time: this.#now + Math.max(Math.round(delay), 0), seat, order, action })
  }

  /** Lets time pass until `end`, or until there is nothing to be done any more. */
  async run(end: number): Promise<void> {
    for (let next = this.#due[0]; next !== undefined && next.time <= end; next = this.#due[0]) {
      this.#now = next.time
      const batch = [this.#pop()]
      const seats = new Set([next.seat])
      for (let other = this.#due[0]; other?.time === this.#now; other = this.#due[0]) {
        if (next.seat === undefined || other.seat === undefined || seats.has(other.seat)) break
        seats.add(other.seat)
        batch.push(this.#pop())
      }
      await Promise.all(batch.map(({ action }) => action()))
    }
    if (Number.isFinite(end)) this.#now = end
  }

  #push(due: Due): void {
    const heap = this.#due
    let at = heap.push(due) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(due, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = due
  }

  #pop(): Due {
    const heap = this.#due
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return first
  }
}

function isBefore(a: Due, b: Due): boolean {
  const [seatA, seatB] = [a.seat ?? -1, b.seat ?? -1]
  return a.time - b.time < 0 || (a.time === b.time && (seatA - seatB || a.order - b.order) < 0)
}
