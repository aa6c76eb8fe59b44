import * as P from 'micro-packed'
import { type Bytes, isBytes, plainBytes } from '../crypto/bytes.js'
import { SecAggError } from '../errors.js'

/**
 * Bytes: `length` of them, or as many as a number before them says. Those to encode may be of another realm; anything
 * else is refused here, as the package would quote it in its error, and it may be secret.
 */
export function byteString(length: number | P.CoderType<number>): P.CoderType<Uint8Array> {
  return P.apply(P.bytes(length), {
    encode: (bytes: Uint8Array) => bytes,
    decode: (bytes) => {
      if (isBytes(bytes)) return plainBytes(bytes)
      throw new TypeError('these are not bytes')
    },
  })
}

/**
 * The bytes of a value of this program.
 * @throws {SecAggError} `crypto-failure` where a part of it, which a provider, splitter or signer gave, is not what it
 *   should be.
 */
export function encodeOwn<T>(coder: P.CoderType<T>, value: T): Bytes {
  try {
    // Each time a new array, which its type does not tell.
    return coder.encode(value) as Bytes
  } catch {
    // Without a cause, as everywhere: the coder's own error can quote what it was given.
    throw new SecAggError('crypto-failure', 'crypto', 'cryptography gave other bytes than were asked for')
  }
}

/**
 * A value that belongs to one seat.
 * @public
 */
export interface Seated<T> {
  readonly seat: number
  readonly value: T
}

/**
 * A subset of `universe`, which both sides know: one bit per seat of it, in its order, low bit first, padded with zero
 * bits. Every set has one encoding, and neither a seat outside the universe nor one named twice can be written down.
 */
export function seatSet(universe: readonly number[]): P.CoderType<readonly number[]> {
  const length = Math.ceil(universe.length / 8)
  return P.wrap({
    encodeStream: (writer, seats) => {
      const bitmap = new Uint8Array(length)
      let index = 0
      for (const seat of seats) {
        while (index < universe.length && universe[index] !== seat) index++
        if (index === universe.length) throw writer.err('seats are distinct, ascending and of the universe')
        bitmap[index >>> 3]! |= 1 << (index & 7)
        index++
      }
      writer.bytes(bitmap)
    },
    decodeStream: (reader) => {
      const bitmap = reader.bytes(length)
      const padding = length * 8 - universe.length
      if (padding > 0 && bitmap[length - 1]! >>> (8 - padding) !== 0)
        throw reader.err('padding bits are zero')
      return universe.filter((_, index) => ((bitmap[index >>> 3]! >>> (index & 7)) & 1) === 1)
    },
  })
}

/**
 * At most `most` entries with their seats, for a receiver that does not know which seats to expect; strictly ascending,
 * so that a seat cannot be named twice.
 */
export function seatList<T>(most: number, entry: P.CoderType<T>): P.CoderType<readonly Seated<T>[]> {
  return P.wrap({
    encodeStream: (writer, entries) => {
      P.U16LE.encodeStream(writer, entries.length)
      for (const { seat, value } of entries) {
        P.U32LE.encodeStream(writer, seat)
        entry.encodeStream(writer, value)
      }
    },
    decodeStream: (reader) => {
      const count = P.U16LE.decodeStream(reader)
      if (count > most) throw reader.err(`there are at most ${most} entries`)
      let previous = -1
      return Array.from({ length: count }, () => {
        const seat = P.U32LE.decodeStream(reader)
        if (seat <= previous) throw reader.err('seats are distinct and ascending')
        previous = seat
        return { seat, value: entry.decodeStream(reader) }
      })
    },
  })
}

/** A {@link seatSet}, then one entry for each of its seats. */
export function seatMap<T>(
  universe: readonly number[],
  entry: P.CoderType<T>,
): P.CoderType<readonly Seated<T>[]> {
  const seats = seatSet(universe)
  return P.wrap({
    encodeStream: (writer, entries) => {
      seats.encodeStream(
        writer,
        entries.map(({ seat }) => seat),
      )
      for (const { value } of entries) entry.encodeStream(writer, value)
    },
    decodeStream: (reader) =>
      seats.decodeStream(reader).map((seat) => ({ seat, value: entry.decodeStream(reader) })),
  })
}

/**
 * A {@link seatSet}, then for each of its seats as many bytes as `lengthOf` says, all in one piece: there are n² of
 * these in a round.
 */
export function seatBytes(
  universe: readonly number[],
  lengthOf: (seat: number) => number,
): P.CoderType<readonly Seated<Uint8Array>[]> {
  const seats = seatSet(universe)
  const lengthOfAll = (named: readonly number[]): number =>
    named.reduce((sum, seat) => sum + lengthOf(seat), 0)
  return P.wrap({
    encodeStream: (writer, entries) => {
      const named = entries.map(({ seat }) => seat)
      seats.encodeStream(writer, named)
      const bytes = new Uint8Array(lengthOfAll(named))
      let at = 0
      for (const { seat, value } of entries) {
        if (value.length !== lengthOf(seat)) throw writer.err('an entry has the wrong length')
        bytes.set(value, at)
        at += value.length
      }
      writer.bytes(bytes)
    },
    decodeStream: (reader) => {
      const named = seats.decodeStream(reader)
      const bytes = reader.bytes(lengthOfAll(named))
      let at = 0
      return named.map((seat) => {
        const from = at
        at += lengthOf(seat)
        return { seat, value: bytes.subarray(from, at) }
      })
    },
  })
}
