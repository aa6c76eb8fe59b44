import { SEALED_SHARES_LENGTH } from '../../wire/index.js'
import type { SharingClient } from './states.js'

/** The bytes of ciphertexts that are sorted together, few enough for a processor's cache. */
const TILE_BYTES = 2 ** 22

/** The maximum number of tiles. Each looks at all senders, so their number must not grow with the number of clients. */
const MAXIMUM_TILES = 64

/** Ciphertexts are copied word by word, because a call for each of them would cost more than the copying. */
const WORDS = SEALED_SHARES_LENGTH / 4

/** The ciphertexts for some receivers that follow each other. */
interface Tile {
  /** The first receiver, and the one after the last. Receivers without ciphertexts in between count too. */
  readonly from: number
  readonly to: number
  /** By ciphertext: the seat that has sealed it. */
  readonly senders: Uint32Array
  readonly words: Uint32Array
}

/**
 * The sealed shares of a round, sorted by receiver instead of sender. They are sorted in tiles of several receivers: what a
 * sender has sealed to the receivers of a tile is in one piece, which is read from its beginning to its end, and the tile that
 * it goes to stays in the processor's cache.
 */
export class SealedShares {
  readonly #clients: readonly SharingClient[]
  readonly #words: readonly Uint32Array[]
  /** By receiver: the number of ciphertexts for the receivers before it; and at the end the number of all. */
  readonly #starts: Uint32Array
  readonly #tileLength: number
  #tile: Tile = { from: 0, to: 0, senders: new Uint32Array(0), words: new Uint32Array(0) }

  /** @param seats - The number of seats in the round. */
  constructor(seats: number, clients: readonly SharingClient[]) {
    this.#clients = clients
    this.#words = clients.map(({ ciphertexts }) => wordsOf(ciphertexts))
    const starts = new Uint32Array(seats + 1)
    for (const { peers } of clients) countPeers(peers, starts)
    for (let seat = 0; seat < seats; seat++) starts[seat + 1]! += starts[seat]!
    this.#starts = starts
    this.#tileLength = Math.max(TILE_BYTES / SEALED_SHARES_LENGTH, starts[seats]! / MAXIMUM_TILES)
  }

  /** The seats that have sealed shares to this one, ascending. */
  sendersTo(receiver: number): readonly number[] {
    const { from, senders } = this.#tileOf(receiver)
    const first = this.#starts[from]!
    const seats: number[] = []
    const end = this.#starts[receiver + 1]! - first
    for (let entry = this.#starts[receiver]! - first; entry < end; entry++) seats.push(senders[entry]!)
    return seats
  }

  /** What they have sealed, in this order. */
  bytesFor(receiver: number): Uint8Array {
    const { from, words } = this.#tileOf(receiver)
    const [first, start, end] = [this.#starts[from]!, this.#starts[receiver]!, this.#starts[receiver + 1]!]
    return new Uint8Array(
      words.buffer,
      (start - first) * SEALED_SHARES_LENGTH,
      (end - start) * SEALED_SHARES_LENGTH,
    )
  }

  #tileOf(receiver: number): Tile {
    const { from, to } = this.#tile
    if (receiver < from || receiver >= to) this.#tile = this.#tileFrom(receiver)
    return this.#tile
  }

  #tileFrom(from: number): Tile {
    const starts = this.#starts
    const first = starts[from]!
    let to = from + 1
    while (to + 1 < starts.length && starts[to + 1]! - first <= this.#tileLength) to++
    const count = starts[to]! - first
    const tile: Tile = { from, to, senders: new Uint32Array(count), words: new Uint32Array(count * WORDS) }
    /** By receiver: where its next ciphertext goes. */
    const next = new Uint32Array(to - from)
    for (let receiver = from; receiver < to; receiver++) next[receiver - from] = starts[receiver]! - first
    this.#clients.forEach(({ seat, peers }, sender) => {
      sortInto(tile, next, seat, peers, this.#words[sender]!)
    })
    return tile
  }
}

function countPeers(peers: readonly number[], starts: Uint32Array): void {
  for (const peer of peers) starts[peer + 1]!++
}

/** Copies what the sender has sealed to receivers of the tile. */
function sortInto(
  { from, to, senders, words }: Tile,
  next: Uint32Array,
  sender: number,
  peers: readonly number[],
  sealed: Uint32Array,
): void {
  for (let position = firstFrom(peers, from); position < peers.length && peers[position]! < to; position++) {
    const entry = next[peers[position]! - from]!++
    senders[entry] = sender
    const source = position * WORDS
    const target = entry * WORDS
    for (let word = 0; word < WORDS; word++) words[target + word] = sealed[source + word]!
  }
}

/** The index of the first of these ascending seats that is at least `seat`. */
function firstFrom(seats: readonly number[], seat: number): number {
  let from = 0
  let to = seats.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if (seats[middle]! < seat) from = middle + 1
    else to = middle
  }
  return from
}

/** The same memory as words, in the byte order of the machine; a copy if it does not begin at a word. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  const { buffer, byteOffset, length } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes)
  return new Uint32Array(buffer, byteOffset, length / 4)
}
