import { isBytes, plainBytes } from '../crypto/bytes.js'
import { type Coder, coder, converted } from './coder.js'

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
