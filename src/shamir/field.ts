/**
 * A binary field GF(2^bits), elements as polynomials over GF(2). Bytes hold its elements little-endian, one byte or two
 * per element. No table is indexed by a whole element: the shift-and-add product has no data-dependent branch, and the
 * bulk operation looks up nibbles in tables of 32 bytes.
 */
export interface Field {
  readonly bits: 8 | 16
  /** The reduction polynomial, its leading term included. */
  readonly polynomial: number
}

/** The field of AES and of `shamir-secret-sharing`: x^8 + x^4 + x^3 + x + 1. */
export const GF256: Field = { bits: 8, polynomial: 0x11b }

/** x^16 + x^5 + x^3 + x + 1, irreducible. */
export const GF65536: Field = { bits: 16, polynomial: 0x1002b }

/** The field in which secrets with `holders` holders are shared; it follows from the configuration alone. */
export function fieldFor(holders: number): Field {
  return holders < 2 ** GF256.bits ? GF256 : GF65536
}

export function multiply(field: Field, a: number, b: number): number {
  let product = 0
  let shifted = a
  for (let i = 0; i < field.bits; i++) {
    product ^= -((b >>> i) & 1) & shifted
    shifted <<= 1
    shifted ^= -((shifted >>> field.bits) & 1) & field.polynomial
  }
  return product
}

/** The inverse of a nonzero element, as its power 2^bits − 2. */
export function invert(field: Field, a: number): number {
  let power = a
  let inverse = 1
  for (let i = 1; i < field.bits; i++) {
    power = multiply(field, power, power)
    inverse = multiply(field, inverse, power)
  }
  return inverse
}

/** The multiples of one public factor: for each nibble position of an element, its 16 products. */
export type MultiplicationTable = Uint16Array

export function multiplicationTable(field: Field, factor: number): MultiplicationTable {
  const table = new Uint16Array(field.bits * 4)
  for (let position = 0; position < field.bits / 4; position++) {
    for (let nibble = 0; nibble < 16; nibble++) {
      table[position * 16 + nibble] = multiply(field, factor, nibble << (4 * position))
    }
  }
  return table
}

/** `target` += factor · `source`, element by element; both of the same length, a multiple of the element's bytes. */
export function addScaled(
  field: Field,
  target: Uint8Array,
  table: MultiplicationTable,
  source: Uint8Array,
): void {
  if (field.bits === 8) {
    for (let i = 0; i < source.length; i++) target[i]! ^= scaledByte(table, source[i]!)
    return
  }
  for (let i = 0; i < source.length; i += 2) {
    const product = scaledWord(table, source[i]!, source[i + 1]!)
    target[i]! ^= product
    target[i + 1]! ^= product >>> 8
  }
}

/** Writes the elements of GF(2^16) that bytes hold to `words`, without a copy of them elsewhere. */
export function setWords(words: Uint16Array, bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length / 2; i++) words[i] = bytes[2 * i]! | (bytes[2 * i + 1]! << 8)
}

/** The bytes of elements of GF(2^16). */
export function bytesOfWords(words: Uint16Array): Uint8Array {
  return Uint8Array.from({ length: 2 * words.length }, (_, i) => words[i >> 1]! >>> (8 * (i & 1)))
}

function scaledByte(table: MultiplicationTable, byte: number): number {
  return table[byte & 15]! ^ table[16 + (byte >>> 4)]!
}

function scaledWord(table: MultiplicationTable, low: number, high: number): number {
  return table[low & 15]! ^ table[16 + (low >>> 4)]! ^ table[32 + (high & 15)]! ^ table[48 + (high >>> 4)]!
}
