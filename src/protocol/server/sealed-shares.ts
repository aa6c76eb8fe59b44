import type { Bytes } from '../../crypto/bytes.js'
import { graphOf, isChosen, placesIn, visibleFrom } from '../../graph/index.js'
import { createMessage, SEALED_SHARES_LENGTH, type SeatColumn } from '../../wire/index.js'
import { requireState } from '../checks.js'
import { type Outbound, requireRecipient } from './accepted.js'
import type { ServerMasking, SharingClient } from './states.js'

/** The bytes of ciphertexts that are sorted together, few enough for a processor's cache. */
const TILE_BYTES = 2 ** 22

/** The maximum number of tiles. Each looks at all senders, so their number must not grow with the number of clients. */
const MAXIMUM_TILES = 64

/** Ciphertexts are copied word by word, because a call for each of them would cost more than the copying. */
const WORDS = SEALED_SHARES_LENGTH / 4

/** What is sealed to one receiver. */
interface Sealed {
  readonly senders: Uint32Array
  /** A ciphertext of each sender, in this order. */
  readonly bytes: Uint8Array
}

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
  readonly #ownersOf: (receiver: number) => readonly number[]
  #tile: Tile = { from: 0, to: 0, senders: new Uint32Array(0), words: new Uint32Array(0) }

  /**
   * @param seats - The number of seats in the round.
   * @param ownersOf - The seats that may have sealed something to a receiver, ascending.
   */
  constructor(
    seats: number,
    clients: readonly SharingClient[],
    ownersOf: (receiver: number) => readonly number[],
  ) {
    this.#clients = clients
    this.#ownersOf = ownersOf
    this.#words = clients.map(({ ciphertexts }) => wordsOf(ciphertexts))
    const starts = new Uint32Array(seats + 1)
    for (const { peers } of clients) countPeers(peers, starts)
    for (let seat = 0; seat < seats; seat++) starts[seat + 1]! += starts[seat]!
    this.#starts = starts
    this.#tileLength = Math.max(TILE_BYTES / SEALED_SHARES_LENGTH, starts[seats]! / MAXIMUM_TILES)
  }

  /**
   * What the others have sealed to this seat, ascending by sender. Seats in ascending order are the fastest. After a restart,
   * clients come in any order, so a seat out of order does not cost more than what is sealed to it.
   */
  sealedTo(receiver: number): Sealed {
    const { from, senders, words } = this.#tileOf(receiver)
    const first = this.#starts[from]!
    const start = this.#starts[receiver]! - first
    const end = this.#starts[receiver + 1]! - first
    const length = (end - start) * SEALED_SHARES_LENGTH
    const bytes = new Uint8Array(words.buffer, start * SEALED_SHARES_LENGTH, length)
    return { senders: senders.subarray(start, end), bytes }
  }

  #tileOf(receiver: number): Tile {
    const { from, to } = this.#tile
    if (receiver >= from && receiver < to) return this.#tile
    const places = placesIn(this.#clients)
    const before = this.#clients[places[receiver]! - 1]?.seat
    const isNext = before === undefined || (before < to && to <= receiver)
    if (isNext) this.#tile = this.#sort(receiver, this.#endOf(receiver), this.#words.keys())
    if (isNext) return this.#tile
    const owners = this.#ownersOf(receiver).map((owner) => places[owner]!)
    return this.#sort(
      receiver,
      receiver + 1,
      owners.filter((place) => place >= 0),
    )
  }

  /** Where a tile ends that begins with this receiver. */
  #endOf(from: number): number {
    const starts = this.#starts
    let to = from + 1
    while (to + 1 < starts.length && starts[to + 1]! - starts[from]! <= this.#tileLength) to++
    return to
  }

  /** A tile. `places`: of the clients that may have sealed something to its receivers, ascending. */
  #sort(from: number, to: number, places: Iterable<number>): Tile {
    const starts = this.#starts
    const first = starts[from]!
    const count = starts[to]! - first
    const tile: Tile = { from, to, senders: new Uint32Array(count), words: new Uint32Array(count * WORDS) }
    /** By receiver: where its next ciphertext goes. */
    const next = new Uint32Array(to - from)
    for (let receiver = from; receiver < to; receiver++) next[receiver - from] = starts[receiver]! - first
    for (const place of places) {
      const { seat, peers } = this.#clients[place]!
      sortInto(tile, next, seat, peers, this.#words[place]!)
    }
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

/** A {@link SeatColumn}, and on the chosen graph the seats that have sealed something to the receiver. */
interface SealedColumn extends SeatColumn {
  readonly sealing: ReadonlySet<number> | undefined
}

/** What is sealed to each client of U2. */
function sealedToClients({ config, graph, clients }: ServerMasking): Outbound<Sealed> {
  const recipients = clients.map(({ seat }) => seat)
  let shares: SealedShares | undefined
  return {
    recipients,
    messageFor: (receiver) => {
      requireRecipient(recipients, receiver)
      shares ??= new SealedShares(config.clients, clients, graphOf(graph, config.clients).owners)
      return shares.sealedTo(receiver)
    },
  }
}

/** The messages of `sharesToForward`, each in one piece. */
export function columnsToForward(state: ServerMasking): Outbound<SealedColumn> {
  requireState(state, 'server-masking')
  const { config, graph } = state
  const { recipients, messageFor } = sealedToClients(state)
  return {
    recipients,
    messageFor: (receiver) => {
      const { senders, bytes } = messageFor(receiver)
      if (!isChosen(graph)) return { seats: [...senders], bytes, sealing: undefined }
      // The receiver also shares masks with clients that have sealed nothing to it.
      const visible = visibleFrom(graph, config.clients, receiver, recipients)
      return { seats: visible.filter((seat) => seat !== receiver), bytes, sealing: new Set(senders) }
    },
  }
}

/** The same messages as bytes. Not for the chosen graph, where they also name clients that have sealed nothing. */
export function bytesToForward(state: ServerMasking): Outbound<Bytes> {
  const { clients } = state
  const { recipients, messageFor } = sealedToClients(state)
  return {
    recipients,
    messageFor: (receiver) => {
      const { senders, bytes } = messageFor(receiver)
      return forwardedMessage(clients[placesIn(clients)[receiver]!]!.peers, senders, bytes)
    },
  }
}

/**
 * Makes a ForwardedShares message whose ciphertexts are in one piece already. There are n·k of them in a round. The bytes are
 * those of `forwardedColumnCoder`.
 *
 * @param senders - Those of the peers that have sealed these ciphertexts, ascending.
 */
function forwardedMessage(peers: readonly number[], senders: Uint32Array, ciphertexts: Uint8Array): Bytes {
  const at = Math.ceil(peers.length / 8)
  const { message, content } = createMessage('forwardedShares', at + ciphertexts.length)
  let index = 0
  for (let sender = 0; sender < senders.length; sender++, index++) {
    while (index < peers.length && peers[index] !== senders[sender]) index++
    content[index >>> 3]! |= 1 << (index & 7)
  }
  content.set(ciphertexts, at)
  return message
}
