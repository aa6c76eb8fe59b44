import type { Clock } from '../transport/clock.js'
import { type Ending, ignore } from '../transport/notices.js'
import { UploadPlaces } from '../transport/server/upload-places.js'
import type { Group } from './group.js'

/** The clients that send vectors of one group in one epoch. */
export class Senders {
  readonly #group: Group
  /** The connection over which a seat sends its vector. A later connection replaces it. */
  readonly #connections = new Map<number, Ending>()
  readonly #places: UploadPlaces
  readonly #onVector: () => void

  /**
   * `silence`: after how many milliseconds without a message a connection is closed. `onVector` is called for each vector that
   * is complete.
   */
  constructor(group: Group, clock: Clock, silence: number, onVector: () => void) {
    this.#group = group
    this.#onVector = onVector
    const evict = (seat: number): void => this.#connections.get(seat)?.end('evicted')
    this.#places = new UploadPlaces(clock, 2 * silence, evict)
  }

  /** How many wait because too many vectors are incomplete. */
  get waiting(): number {
    return this.#places.waiting
  }

  /**
   * Reads the vector of a seat, until it is complete.
   * @throws what `next` throws if the connection ends, and what {@link Group.receive} throws.
   */
  async collect(seat: number, next: () => Promise<Uint8Array>, ending: Ending): Promise<void> {
    const earlier = this.#connections.get(seat)
    earlier?.end('replaced')
    this.#connections.set(seat, ending)
    try {
      // The vector comes again from the beginning.
      if (earlier !== undefined) await this.#discard(seat)
      while (!(await this.#deliver(seat, await next(), ending))) this.#places.progress(seat)
    } finally {
      if (this.#connections.get(seat) === ending) {
        this.#connections.delete(seat)
        await this.#discard(seat)
      }
    }
  }

  /** Closes all connections, because the group is not served any more: no place in it becomes free. */
  drop(): void {
    for (const ending of this.#connections.values()) ending.end('dropped')
  }

  /**
   * Returns whether the vector is complete. While there is no room, nothing is read from the connection, so the client
   * waits.
   */
  async #deliver(seat: number, bytes: Uint8Array, ending: Ending): Promise<boolean> {
    let isComplete = false
    await this.#places.deliver(seat, ending, async () => {
      if (ending.over) throw ending.reason
      const arrival = await this.#group.receive(seat, bytes)
      if (arrival === 'complete') this.#onVector()
      isComplete = arrival === 'complete' || arrival === 'known'
      return typeof arrival === 'string' ? { status: 'accepted' } : { status: 'busy', ...arrival }
    })
    return isComplete
  }

  /** Forgets an incomplete vector, and frees its place. */
  async #discard(seat: number): Promise<void> {
    await this.#group.discard(seat).catch(ignore)
    this.#places.end(seat)
  }
}
