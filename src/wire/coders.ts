import * as P from '../codec/codec.js'
import { type Bytes, joinBytes } from '../crypto/bytes.js'
import { SecAggError } from '../errors.js'

/**
 * Encodes a value that this program made.
 * @throws {SecAggError} `crypto-failure` if that fails. Then a part of the value, which came from a provider, splitter or
 *   signer, has the wrong type or length.
 */
export function encodeOwn<T>(coder: P.Coder<T>, value: T): Bytes {
  return writeOwn((writer) => coder.encodeTo(writer, value))
}

/** The same for what `write` appends. */
export function writeOwn(write: Parameters<typeof P.written>[0]): Bytes {
  try {
    return P.written(write)
  } catch {
    throw new SecAggError(
      'crypto-failure',
      'crypto',
      'a crypto provider, splitter or signer returned bytes that cannot be encoded',
    )
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
 * Codes a subset of `universe`, which both sides know. There is one bit per seat of the universe, in the same order, low bits
 * first, padded with zero bits. So every set has exactly one encoding, and a seat outside the universe, or the same seat
 * twice, cannot be encoded.
 */
export function seatSet(universe: readonly number[]): P.Coder<readonly number[]> {
  const length = Math.ceil(universe.length / 8)
  return P.coder({
    encodeTo: (writer, seats) => {
      const bitmap = new Uint8Array(length)
      let index = 0
      for (const seat of seats) {
        while (index < universe.length && universe[index] !== seat) index++
        if (index === universe.length) {
          throw new RangeError('seats must be distinct, ascending, and in the universe')
        }
        bitmap[index >>> 3]! |= 1 << (index & 7)
        index++
      }
      writer.bytes(bitmap)
    },
    decodeFrom: (reader) => {
      const bitmap = reader.bytes(length)
      const padding = length * 8 - universe.length
      if (padding > 0 && bitmap[length - 1]! >>> (8 - padding) !== 0) {
        throw new RangeError('padding bits must be zero')
      }
      const seats: number[] = []
      for (let index = 0; index < universe.length; index++) {
        if (((bitmap[index >>> 3]! >>> (index & 7)) & 1) === 1) seats.push(universe[index]!)
      }
      return seats
    },
  })
}

/** Codes values of one length. Many of them are written into one array, because each piece of a message costs time. */
export interface FixedCoder<T> extends P.Coder<T> {
  readonly length: number
  write(value: T, target: Uint8Array, at: number): void
}

/** The entries one after the other, each after its seat if `seatLength` is 4. */
function inOnePiece<T>(
  entries: readonly Seated<T>[],
  { length, write }: FixedCoder<T>,
  seatLength: 0 | 4,
): Uint8Array {
  const step = seatLength + length
  const bytes = new Uint8Array(step * entries.length)
  let at = 0
  for (const { seat, value } of entries) {
    for (let i = 0; i < seatLength; i++) bytes[at + i] = seat >>> (8 * i)
    write(value, bytes, at + seatLength)
    at += step
  }
  return bytes
}

function isFixed<T>(coder: P.Coder<T>): coder is FixedCoder<T> {
  return 'write' in coder
}

/** Codes the number of entries, at most `most`. No message has more than 65535 entries. Saved states of large rounds do. */
export function countCoder(most: number): P.Coder<number> {
  return most < 2 ** 16 ? P.U16LE : P.U32LE
}

/**
 * Codes at most `most` entries with their seats, for a receiver that does not know which seats to expect. Seats are strictly
 * ascending, so that no seat can occur twice.
 */
export function seatList<T>(most: number, entry: P.Coder<T>): P.Coder<readonly Seated<T>[]> {
  const number = countCoder(most)
  return P.coder({
    encodeTo: (writer, entries) => {
      number.encodeTo(writer, entries.length)
      if (isFixed(entry)) return writer.bytes(inOnePiece(entries, entry, 4))
      for (const { seat, value } of entries) {
        P.U32LE.encodeTo(writer, seat)
        entry.encodeTo(writer, value)
      }
    },
    decodeFrom: (reader) => {
      const count = number.decodeFrom(reader)
      if (count > most) throw new RangeError(`there must be at most ${most} entries`)
      let previous = -1
      return Array.from({ length: count }, () => {
        const seat = P.U32LE.decodeFrom(reader)
        if (seat <= previous) throw new RangeError('seats must be distinct and ascending')
        previous = seat
        return { seat, value: entry.decodeFrom(reader) }
      })
    },
  })
}

/** Codes a {@link seatSet}, then one entry for each of its seats. */
export function seatMap<T>(universe: readonly number[], entry: P.Coder<T>): P.Coder<readonly Seated<T>[]> {
  const seats = seatSet(universe)
  return P.coder({
    encodeTo: (writer, entries) => {
      seats.encodeTo(
        writer,
        entries.map(({ seat }) => seat),
      )
      if (isFixed(entry)) return writer.bytes(inOnePiece(entries, entry, 0))
      for (const { value } of entries) entry.encodeTo(writer, value)
    },
    decodeFrom: (reader) =>
      seats.decodeFrom(reader).map((seat) => ({ seat, value: entry.decodeFrom(reader) })),
  })
}

/**
 * Entries of some seats in one piece of memory. A round has n² entries, so an array for each of them would cost more than
 * their bytes.
 */
export interface SeatColumn {
  /** Ascending. */
  readonly seats: readonly number[]
  /** The bytes of all entries, one after the other. */
  readonly bytes: Uint8Array
}

/** Codes a {@link seatSet}, then `lengthOf(seat)` bytes for each of its seats. */
export function seatColumn(
  universe: readonly number[],
  lengthOf: (seat: number) => number,
): P.Coder<SeatColumn> {
  const set = seatSet(universe)
  const lengthOfAll = (seats: readonly number[]): number => {
    let sum = 0
    for (const seat of seats) sum += lengthOf(seat)
    return sum
  }
  return P.coder({
    encodeTo: (writer, { seats, bytes }) => {
      if (bytes.length !== lengthOfAll(seats)) throw new RangeError('an entry has the wrong length')
      set.encodeTo(writer, seats)
      writer.bytes(bytes)
    },
    decodeFrom: (reader) => {
      const seats = set.decodeFrom(reader)
      return { seats, bytes: reader.bytes(lengthOfAll(seats)) }
    },
  })
}

/** Entries with at least this many bytes on average are copied one by one, without a column of them in between. */
const LONG = 512

/** Codes the same bytes as {@link seatColumn}, with an array for each entry. */
export function seatBytes(
  universe: readonly number[],
  lengthOf: (seat: number) => number,
): P.Coder<readonly Seated<Uint8Array>[]> {
  const column = seatColumn(universe, lengthOf)
  const seats = seatSet(universe)
  return P.coder({
    encodeTo: (writer, entries) => {
      for (const { seat, value } of entries) {
        if (value.length !== lengthOf(seat)) throw new RangeError('an entry has the wrong length')
      }
      let length = 0
      for (const { value } of entries) length += value.length
      if (length < LONG * entries.length) return column.encodeTo(writer, columnOf(entries))
      seats.encodeTo(
        writer,
        entries.map(({ seat }) => seat),
      )
      for (const { value } of entries) writer.bytes(value)
    },
    decodeFrom: (reader) => entriesOf(column.decodeFrom(reader), lengthOf),
  })
}

export function columnOf(entries: readonly Seated<Uint8Array>[]): SeatColumn {
  return { seats: entries.map(({ seat }) => seat), bytes: joinBytes(entries.map(({ value }) => value)) }
}

/** The entries of a column, as views of its memory. */
export function entriesOf(
  { seats, bytes }: SeatColumn,
  lengthOf: (seat: number) => number,
): readonly Seated<Uint8Array>[] {
  let at = 0
  return seats.map((seat) => {
    const from = at
    at += lengthOf(seat)
    return { seat, value: at === from ? NOTHING : bytes.subarray(from, at) }
  })
}

const NOTHING = new Uint8Array(0)
