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

/**
 * The multiples of public factors: for each factor and each nibble position of an element, its 16 products. All are in
 * one array, as engines make small arrays slowly.
 */
export type MultiplicationTables = Uint16Array

export function multiplicationTables(field: Field, factors: ArrayLike<number>): MultiplicationTables {
  const tables = new Uint16Array(factors.length * field.bits * 4)
  for (let index = 0; index < factors.length; index++) {
    let multiple = factors[index]!
    for (let bit = 0; bit < field.bits; bit++) {
      const start = (index * field.bits + (bit & 12)) * 4
      const power = 1 << (bit & 3)
      // The multiples of the lower bits of this nibble are there.
      for (let nibble = 0; nibble < power; nibble++) {
        tables[start + power + nibble] = multiple ^ tables[start + nibble]!
      }
      multiple = (multiple << 1) ^ (-((multiple >>> (field.bits - 1)) & 1) & field.polynomial)
    }
  }
  return tables
}

/**
 * `target` += factor · `source`, element by element, with the factor at `index` of the tables; both are of the same length,
 * a multiple of the element's bytes.
 */
export function addScaled(
  field: Field,
  target: Uint8Array,
  source: Uint8Array,
  tables: MultiplicationTables,
  index: number,
): void {
  const at = 4 * field.bits * index
  if (field.bits === 8) {
    for (let i = 0; i < source.length; i++) {
      const byte = source[i]!
      target[i]! ^= tables[at + (byte & 15)]! ^ tables[at + 16 + (byte >>> 4)]!
    }
    return
  }
  for (let i = 0; i < source.length; i += 2) {
    const [low, high] = [source[i]!, source[i + 1]!]
    const product =
      tables[at + (low & 15)]! ^
      tables[at + 16 + (low >>> 4)]! ^
      tables[at + 32 + (high & 15)]! ^
      tables[at + 48 + (high >>> 4)]!
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

/**
 * Discrete logarithms in a field, to the base x + 1, which generates either field's nonzero elements. The tables are
 * indexed by whole elements, so they are for elements that are not secret: coordinates, and what follows from errors.
 */
export interface Logarithms {
  /** By element; that of 0 means nothing. */
  readonly log: Uint16Array
  /** The powers, by exponents below twice the order, so that a sum of two logarithms needs no reduction. */
  readonly exp: Uint16Array
  /** The number of nonzero elements. */
  readonly order: number
}

const GENERATOR = 3
const made = new Map<Field, Logarithms>()

export function logarithms(field: Field): Logarithms {
  const known = made.get(field)
  if (known !== undefined) return known
  const order = 2 ** field.bits - 1
  const log = new Uint16Array(order + 1)
  const exp = new Uint16Array(2 * order)
  let power = 1
  for (let exponent = 0; exponent < order; exponent++) {
    log[power] = exponent
    exp[exponent] = power
    exp[order + exponent] = power
    power = multiply(field, power, GENERATOR)
  }
  const tables = { log, exp, order }
  made.set(field, tables)
  return tables
}

/**
 * The logarithm of Π (x − y) over the coordinates y other than x, up to multiples of the order. Below 2^16 coordinates
 * a sum of logarithms is below 2^32.
 */
export function logOfDifferences({ log }: Logarithms, coordinates: readonly number[], x: number): number {
  let sum = 0
  for (const y of coordinates) if (y !== x) sum += log[x ^ y]!
  return sum
}
