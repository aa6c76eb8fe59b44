import type { Bytes } from '../crypto/bytes.js'
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
    encode(value) {
      const writer = new Writer()
      encodeTo(writer, value)
      return writer.end()
    },
    decode(bytes) {
      const reader = new Reader(bytes)
      const value = decodeFrom(reader)
      reader.end()
      return value
    },
  }
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
