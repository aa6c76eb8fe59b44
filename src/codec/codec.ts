// Coders of values as bytes, from which all messages, saved states and contexts are composed.
import { type Bytes, isBytes, plainBytes } from '../crypto/bytes.js'
import { Reader, Writer } from './streams.js'

/**
 * Writes values as bytes and reads them back. Both throw an ordinary error if they cannot; its text never contains the value
 * or the bytes, which can be secret.
 */
export interface Coder<T> {
  /** The bytes of `value`. */
  encode(value: T): Bytes
  /** The value that exactly these bytes stand for. Arrays of bytes in it are views of them. */
  decode(bytes: Uint8Array): T
  /** Appends the bytes of `value`. */
  encodeTo(writer: Writer, value: T): void
  /** Reads a value from the next bytes. */
  decodeFrom(reader: Reader): T
}

/** The type of the values of a coder. */
export type ValueOf<C> = C extends Coder<infer T> ? T : never

/** The coder with these two methods. */
export function coder<T>({ encodeTo, decodeFrom }: Pick<Coder<T>, 'encodeTo' | 'decodeFrom'>): Coder<T> {
  return {
    encodeTo,
    decodeFrom,
    encode: (value) => written((writer) => encodeTo(writer, value)),
    decode(bytes) {
      const reader = new Reader(bytes)
      const value = decodeFrom(reader)
      reader.end()
      return value
    },
  }
}

/** The bytes that `write` appends. */
export function written(write: (writer: Writer) => void): Bytes {
  const writer = new Writer()
  write(writer)
  return writer.end()
}

/** Stores `toStored(value)` instead of a value, and reads it back by `toValue`. */
export function converted<T, S>(
  stored: Coder<S>,
  { toStored, toValue }: { toStored: (value: T) => S; toValue: (stored: S) => T },
): Coder<T> {
  return coder({
    encodeTo: (writer, value) => stored.encodeTo(writer, toStored(value)),
    decodeFrom: (reader) => toValue(stored.decodeFrom(reader)),
  })
}

/** Stores one of these names as its number. */
export function oneOf<N extends string>(
  number: Coder<number>,
  numbers: Readonly<Record<N, number>>,
): Coder<N> {
  const names = new Map<number, N>()
  for (const name of Object.keys(numbers) as N[]) names.set(numbers[name], name)
  return converted<N, number>(number, {
    toStored(name) {
      if (Object.hasOwn(numbers, name)) return numbers[name]
      throw new TypeError('a value to encode has an unknown name')
    },
    toValue(stored) {
      const name = names.get(stored)
      if (name === undefined) throw new RangeError('an encoding has an unknown number')
      return name
    },
  })
}

/** A whole number of 1, 2 or 4 bytes, without a sign, low byte first. */
function unsigned(
  length: 1 | 2 | 4,
  get: (view: DataView, at: number) => number,
  put: (view: DataView, at: number, value: number) => void,
): Coder<number> {
  return coder({
    encodeTo(writer, value) {
      if (!Number.isInteger(value) || value < 0 || value >= 256 ** length) {
        throw new RangeError('a number to encode is out of range')
      }
      writer.number(length, (view, at) => put(view, at, value))
    },
    decodeFrom: (reader) => reader.number(length, get),
  })
}

/** One byte. */
export const U8: Coder<number> = /* @__PURE__ */ unsigned(
  1,
  (view, at) => view.getUint8(at),
  (view, at, value) => view.setUint8(at, value),
)

/** Two bytes, low byte first. */
export const U16LE: Coder<number> = /* @__PURE__ */ unsigned(
  2,
  (view, at) => view.getUint16(at, true),
  (view, at, value) => view.setUint16(at, value, true),
)

/** Four bytes, low byte first. */
export const U32LE: Coder<number> = /* @__PURE__ */ unsigned(
  4,
  (view, at) => view.getUint32(at, true),
  (view, at, value) => view.setUint32(at, value, true),
)

/** A double, low byte first. */
export const F64LE: Coder<number> = /* @__PURE__ */ coder<number>({
  encodeTo(writer, value) {
    if (typeof value !== 'number') throw new TypeError('a value to encode must be a number')
    writer.number(8, (view, at) => view.setFloat64(at, value, true))
  },
  decodeFrom: (reader) => reader.number(8, (view, at) => view.getFloat64(at, true)),
})

/** A whole number of `length` bytes, without a sign, low byte first. */
export function unsignedBigInt(length: number): Coder<bigint> {
  return coder({
    encodeTo(writer, value) {
      if (typeof value !== 'bigint' || value < 0n || value >> BigInt(8 * length) !== 0n) {
        throw new RangeError('a number to encode is out of range')
      }
      const bytes = new Uint8Array(length)
      for (let i = 0; i < length; i++) bytes[i] = Number((value >> BigInt(8 * i)) & 0xffn)
      writer.bytes(bytes)
    },
    decodeFrom: (reader) =>
      reader.bytes(length).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n),
  })
}

/** Eight bytes, low byte first. */
export const U64LE: Coder<bigint> = /* @__PURE__ */ unsignedBigInt(8)

/** A byte that is 0 or 1. */
export const bool: Coder<boolean> = /* @__PURE__ */ converted<boolean, number>(U8, {
  toStored(value) {
    if (typeof value !== 'boolean') throw new TypeError('a value to encode must be a boolean')
    return value ? 1 : 0
  },
  toValue(stored) {
    if (stored > 1) throw new RangeError('a boolean in an encoding is neither 0 nor 1')
    return stored === 1
  },
})

/** Bytes: of this length, or after their number; with `null`, all that are left. */
export function bytes(length: number | Coder<number> | null): Coder<Uint8Array> {
  return coder({
    encodeTo(writer, value) {
      if (!isBytes(value)) throw new TypeError('a value to encode must be a Uint8Array')
      const plain = plainBytes(value)
      if (typeof length !== 'number') length?.encodeTo(writer, plain.length)
      else if (plain.length !== length) throw new RangeError('bytes to encode have the wrong length')
      writer.bytes(plain)
    },
    decodeFrom(reader) {
      if (length === null) return reader.bytes(reader.left)
      return reader.bytes(typeof length === 'number' ? length : length.decodeFrom(reader))
    },
  })
}

/** Whether there is a value, as a byte that is 0 or 1; then the value if there is one. */
export function optional<T>(value: Coder<T>): Coder<T | undefined> {
  return coder<T | undefined>({
    encodeTo(writer, present) {
      bool.encodeTo(writer, present !== undefined)
      if (present !== undefined) value.encodeTo(writer, present)
    },
    decodeFrom: (reader) => (bool.decodeFrom(reader) ? value.decodeFrom(reader) : undefined),
  })
}

/** The fields one after the other, without their names. */
export function struct<T>(fields: { readonly [K in keyof T]: Coder<T[K]> }): Coder<T> {
  const names = Object.keys(fields) as (keyof T)[]
  return coder({
    encodeTo(writer, value) {
      for (const name of names) fields[name].encodeTo(writer, value[name])
    },
    decodeFrom(reader) {
      const value = {} as T
      for (const name of names) value[name] = fields[name].decodeFrom(reader)
      return value
    },
  })
}

/** The number of entries, then the entries. Each entry needs at least one byte, so that the bytes bound their number. */
export function array<T>(number: Coder<number>, entry: Coder<T>): Coder<readonly T[]> {
  return coder({
    encodeTo(writer, entries) {
      number.encodeTo(writer, entries.length)
      for (const value of entries) entry.encodeTo(writer, value)
    },
    decodeFrom(reader) {
      const count = number.decodeFrom(reader)
      if (count > reader.left) throw new RangeError('an encoding has too few bytes for its entries')
      return Array.from({ length: count }, () => entry.decodeFrom(reader))
    },
  })
}

/**
 * The number of a kind, then the data of this kind.
 * @param kinds - For each kind its number and the coder of its data.
 */
export function tagged<T>(
  number: Coder<number>,
  kinds: { readonly [K in keyof T & string]: readonly [number, Coder<T[K]>] },
): Coder<Tagged<T>> {
  type Kind = keyof T & string
  const numbers = {} as Record<Kind, number>
  for (const kind of Object.keys(kinds) as Kind[]) numbers[kind] = kinds[kind][0]
  const kindCoder = oneOf(number, numbers)
  return coder<Tagged<T>>({
    encodeTo(writer, { kind, data }) {
      kindCoder.encodeTo(writer, kind)
      kinds[kind][1].encodeTo(writer, data)
    },
    decodeFrom(reader) {
      const kind = kindCoder.decodeFrom(reader)
      return { kind, data: kinds[kind][1].decodeFrom(reader) }
    },
  })
}

/** The kinds that {@link tagged} tells apart, each with its data. */
type Tagged<T> = { [K in keyof T & string]: { readonly kind: K; readonly data: T[K] } }[keyof T & string]
