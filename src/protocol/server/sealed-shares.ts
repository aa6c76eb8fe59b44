import { SEALED_SHARES_LENGTH } from '../../wire/index.js'
import type { SharingClient } from './states.js'

/** The bytes of ciphertexts that are gathered together, few enough for a processor's cache. */
const TILE_BYTES = 2 ** 19

/** From how many senders in turn a tile is filled. Their ciphertexts for the receivers of a tile fit into the cache too. */
const TILE_SENDERS = 64

/** Ciphertexts are copied word by word, because a call for each of them would cost more than the copying. */
const WORDS = SEALED_SHARES_LENGTH / 4

/** The ciphertexts for some receivers that follow each other. */
interface Tile {
  /** The first receiver, and the one after the last. Receivers without ciphertexts in between count too. */
  readonly from: number
  readonly to: number
  readonly words: Uint32Array
}

/**
 * The sealed shares of a round, sorted by receiver instead of sender. They are gathered in tiles of several receivers:
 * collecting one receiver's ciphertexts from all senders would read a place of memory for each that is not in the processor's
 * cache.
 */
export class SealedShares {
  readonly #clients: readonly SharingClient[]
  readonly #words: readonly Uint32Array[]
  /** By receiver: where its entries begin in the two lists after this one; and at the end their number. */
  readonly #starts: Uint32Array
  /** The index of each entry's sender, ascending for each receiver. */
  readonly #senders: Uint32Array
  /** Which of the sender's ciphertexts it is. */
  readonly #positions: Uint32Array
  #tile: Tile = { from: 0, to: 0, words: new Uint32Array(0) }

  /** @param seats - The number of seats in the round. */
  constructor(seats: number, clients: readonly SharingClient[]) {
    this.#clients = clients
    this.#words = clients.map(({ ciphertexts }) => wordsOf(ciphertexts))
    const starts = new Uint32Array(seats + 1)
    for (const { peers } of clients) for (const peer of peers) starts[peer + 1]!++
    for (let seat = 0; seat < seats; seat++) starts[seat + 1]! += starts[seat]!
    const next = starts.slice()
    this.#senders = new Uint32Array(starts[seats]!)
    this.#positions = new Uint32Array(starts[seats]!)
    for (let sender = 0; sender < clients.length; sender++) {
      const { peers } = clients[sender]!
      for (let position = 0; position < peers.length; position++) {
        const entry = next[peers[position]!]!++
        this.#senders[entry] = sender
        this.#positions[entry] = position
      }
    }
    this.#starts = starts
  }

  /** The seats that have sealed shares to this one, ascending. */
  sendersTo(receiver: number): readonly number[] {
    const seats: number[] = []
    const end = this.#starts[receiver + 1]!
    for (let entry = this.#starts[receiver]!; entry < end; entry++) {
      seats.push(this.#clients[this.#senders[entry]!]!.seat)
    }
    return seats
  }

  /** What they have sealed, in this order. */
  bytesFor(receiver: number): Uint8Array {
    if (receiver < this.#tile.from || receiver >= this.#tile.to) this.#tile = this.#tileFrom(receiver)
    const { from, words } = this.#tile
    const [first, start, end] = [this.#starts[from]!, this.#starts[receiver]!, this.#starts[receiver + 1]!]
    return new Uint8Array(
      words.buffer,
      (start - first) * SEALED_SHARES_LENGTH,
      (end - start) * SEALED_SHARES_LENGTH,
    )
  }

  #tileFrom(from: number): Tile {
    const starts = this.#starts
    const first = starts[from]!
    let to = from + 1
    while (to + 1 < starts.length && (starts[to + 1]! - first) * SEALED_SHARES_LENGTH <= TILE_BYTES) to++
    const words = new Uint32Array((starts[to]! - first) * WORDS)
    const next = starts.slice(from, to)
    for (let sender = 0; sender < this.#words.length; sender += TILE_SENDERS) {
      for (let receiver = from; receiver < to; receiver++) {
        next[receiver - from] = this.#gather(
          words,
          first,
          next[receiver - from]!,
          starts[receiver + 1]!,
          sender + TILE_SENDERS,
        )
      }
    }
    return { from, to, words }
  }

  /** Copies entries from `entry` on whose sender is below `limit`. Returns the first entry that is not copied. */
  #gather(target: Uint32Array, first: number, entry: number, end: number, limit: number): number {
    const [senders, positions, sources] = [this.#senders, this.#positions, this.#words]
    let next = entry
    for (; next < end && senders[next]! < limit; next++) {
      const source = sources[senders[next]!]!
      const from = positions[next]! * WORDS
      const to = (next - first) * WORDS
      for (let word = 0; word < WORDS; word++) target[to + word] = source[from + word]!
    }
    return next
  }
}

/** The same memory as words, in the byte order of the machine; a copy if it does not begin at a word. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  const { buffer, byteOffset, length } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes)
  return new Uint32Array(buffer, byteOffset, length / 4)
}
