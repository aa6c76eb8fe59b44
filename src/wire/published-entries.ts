import { type Bytes, createBytes } from '../crypto/bytes.js'
import { countCoder, encodeOwn, type Seated } from './coders.js'
import { encodeMessage } from './envelope.js'
import { publishedKeysCoder } from './key-coders.js'
import type { PublicKeys } from './messages.js'

/**
 * Makes the PublishedKeys messages of a round whose clients do not know the seats of the others. These messages have n·k
 * entries, so the entry of each client is encoded once, and copied from then on. The bytes are those of `publishedKeysCoder`.
 *
 * @param clients - The keys of all clients, ascending by seat.
 * @param most - The maximum number of entries of a message.
 * @returns A function that makes the message with the keys of these seats, ascending.
 * @throws {SecAggError} `crypto-failure` if a key or a signature has the wrong length.
 */
export function publishedEntries(
  clients: readonly Seated<PublicKeys>[],
  most: number,
  signatureLength: number,
  choiceLength: number,
  isHybrid: boolean,
): (seats: readonly number[]) => Bytes {
  const coder = publishedKeysCoder(2 ** 32 - 1, signatureLength, choiceLength, isHybrid)
  const entries = encodeOwn(coder, clients).subarray(COUNT_LENGTH)
  const step = entries.length / Math.max(clients.length, 1)
  // By seat, because a map takes several times as long, and there are n·k entries.
  const places = new Uint32Array((clients.at(-1)?.seat ?? 0) + 1)
  clients.forEach(({ seat }, place) => {
    places[seat] = place
  })
  const copy = copier(entries, step, places)
  let head = encodeMessage('publishedKeys', countCoder(most), 0)
  let counted = 0
  return (seats) => {
    if (seats.length !== counted) {
      head = encodeMessage('publishedKeys', countCoder(most), seats.length)
      counted = seats.length
    }
    const message = createBytes(head.length + seats.length * step)
    message.set(head)
    copy(seats, message, head.length)
    return message
  }
}

/** The length of the number of entries in front of a list of any length. */
const COUNT_LENGTH = 4

/** Copies the entries of some seats to `target`, from byte `at` on. */
type Copy = (seats: readonly number[], target: Bytes, at: number) => void

/** Entries that are longer are copied by a call for each. */
const LONG = 512

/** Copies short entries word by word if it can: a call for each would cost more than the copying. */
function copier(entries: Bytes, step: number, places: Uint32Array): Copy {
  const words =
    step <= LONG && step % 4 === 0 && entries.byteOffset % 4 === 0 ? wordsFrom(entries, 0) : undefined
  return (seats, target, at) => {
    if (words === undefined || at % 4 !== 0) {
      seats.forEach((seat, index) => {
        const place = places[seat]!
        target.set(entries.subarray(place * step, (place + 1) * step), at + index * step)
      })
      return
    }
    const to = wordsFrom(target, at)
    const size = step / 4
    let next = 0
    for (const seat of seats) {
      const from = places[seat]! * size
      for (let word = 0; word < size; word++) to[next + word] = words[from + word]!
      next += size
    }
  }
}

/** The bytes from `at` on as words, in the byte order of the machine. */
function wordsFrom({ buffer, byteOffset, length }: Bytes, at: number): Uint32Array {
  return new Uint32Array(buffer, byteOffset + at, (length - at) / 4)
}
