import { Inbox, type OwnConnection } from 'secagg/transport'
import type { Random } from '../support/seeded.js'
import type { VirtualClock } from './virtual-clock.js'

/** How bad a network is. */
export interface Weather {
  /** The longest delay of a message in milliseconds. Messages stay in order. */
  readonly delay?: number
  /** One in this many messages arrives twice. */
  readonly duplicates?: number
  /** One in this many messages breaks its connection. All messages in transit are lost. */
  readonly breaks?: number
}

/** A network in memory whose faults are drawn from a seed. */
export class Network {
  /** The number of connections that broke. */
  broken = 0
  readonly #clock: VirtualClock
  readonly #random: Random
  readonly #open = new Set<() => void>()
  weather: Weather

  constructor(clock: VirtualClock, random: Random, weather: Weather = {}) {
    this.#clock = clock
    this.#random = random
    this.weather = weather
  }

  /** Makes both ends of a new connection. */
  connection(): [OwnConnection, OwnConnection] {
    const inboxes = [new Inbox(), new Inbox()] as const
    const line = { open: true }
    const over = (error?: unknown): void => {
      line.open = false
      this.#open.delete(cut)
      for (const inbox of inboxes) inbox.end(error)
    }
    const cut = (): void => over(new Error('the network has failed'))
    this.#open.add(cut)
    const end = (own: 0 | 1): OwnConnection => {
      let last = 0
      const send = async (bytes: Uint8Array): Promise<void> => {
        if (!line.open) throw new Error('not connected')
        const { delay = 1, duplicates = 0, breaks = 0 } = this.weather
        if (breaks > 0 && this.#random.below(breaks) === 0) {
          this.broken++
          cut()
          throw new Error('the network has failed')
        }
        const copies = duplicates > 0 && this.#random.below(duplicates) === 0 ? 2 : 1
        const sent = bytes.slice()
        last = Math.max(last, this.#clock.now + this.#random.below(delay + 1))
        const arrival = this.#clock.sleep(last - this.#clock.now)
        await arrival
        for (let copy = 0; copy < copies && line.open; copy++) inboxes[1 - own]!.push(sent.slice())
      }
      return {
        send,
        messages: inboxes[own]!,
        close: () => void this.#clock.after(last - this.#clock.now, over),
      }
    }
    return [end(0), end(1)]
  }

  /** Breaks all connections. */
  fail(): void {
    for (const cut of [...this.#open]) cut()
  }
}
