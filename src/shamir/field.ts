/**
 * A binary field GF(2^bits), whose elements are polynomials over GF(2). An element has one or two bytes, little-endian.
 *
 * To keep the time independent of secret elements, {@link multiply} has no branch that depends on data, and bulk operations
 * look up nibbles in tables of 32 bytes. No table is indexed by a whole secret element.
 */
export interface Field {
  readonly bits: 8 | 16
  /** The reduction polynomial, including its leading term. */
  readonly polynomial: number
}

/** The field of AES and of `shamir-secret-sharing`: x^8 + x^4 + x^3 + x + 1. */
export const GF256: Field = { bits: 8, polynomial: 0x11b }

/** x^16 + x^5 + x^3 + x + 1, irreducible. */
export const GF65536: Field = { bits: 16, polynomial: 0x1002b }

/** The field in which secrets are shared among `holders` holders. It follows from the configuration. */
export function fieldFor(holders: number): Field {
  return holders < 2 ** GF256.bits ? GF256 : GF65536
}

/** The product of two elements. */
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

/** The inverse of a nonzero element a, computed as a^(2^bits − 2). */
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
 * The multiples of public factors. For each factor and each nibble position of an element there are 16 products. All are in
 * one array, because engines are slow at creating many small arrays.
 */
export type MultiplicationTables = Uint16Array

export function multiplicationTables(field: Field, factors: ArrayLike<number>): MultiplicationTables {
  const tables = new Uint16Array(factors.length * field.bits * 4)
  for (let index = 0; index < factors.length; index++) {
    let multiple = factors[index]!
    for (let bit = 0; bit < field.bits; bit++) {
      const start = (index * field.bits + (bit & 12)) * 4
      const power = 1 << (bit & 3)
      // The multiples of the lower bits of this nibble are in the table already.
      for (let nibble = 0; nibble < power; nibble++) {
        tables[start + power + nibble] = multiple ^ tables[start + nibble]!
      }
      multiple = (multiple << 1) ^ (-((multiple >>> (field.bits - 1)) & 1) & field.polynomial)
    }
  }
  return tables
}

/**
 * `target` += factor · `source`, element by element, for the factor at `index` of the tables. The length of `target` is a whole
 * number of elements, and as many bytes of `source` are read, beginning at `from`.
 */
export function addScaled(
  field: Field,
  target: Uint8Array,
  source: Uint8Array,
  tables: MultiplicationTables,
  index: number,
  from = 0,
): void {
  const at = 4 * field.bits * index
  if (field.bits === 8) {
    for (let i = 0; i < target.length; i++) {
      const byte = source[from + i]!
      target[i]! ^= tables[at + (byte & 15)]! ^ tables[at + 16 + (byte >>> 4)]!
    }
    return
  }
  for (let i = 0; i < target.length; i += 2) {
    const low = source[from + i]!
    const high = source[from + i + 1]!
    const product =
      tables[at + (low & 15)]! ^
      tables[at + 16 + (low >>> 4)]! ^
      tables[at + 32 + (high & 15)]! ^
      tables[at + 48 + (high >>> 4)]!
    target[i]! ^= product
    target[i + 1]! ^= product >>> 8
  }
}

/** Copies elements of GF(2^16) from `bytes` to `words`, without a copy in between. */
export function setWords(words: Uint16Array, bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length / 2; i++) words[i] = bytes[2 * i]! | (bytes[2 * i + 1]! << 8)
}

/** Elements of GF(2^16) as bytes. */
export function bytesOfWords(words: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(2 * words.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = words[i >> 1]! >>> (8 * (i & 1))
  return bytes
}

/**
 * Discrete logarithms in a field, to the base x + 1, which generates the nonzero elements of both fields. The tables are
 * indexed by whole elements. So they must be used only for elements that are not secret: coordinates, and values that depend
 * only on coordinates and errors.
 */
export interface Logarithms {
  /** The logarithm of each element; the entry of 0 has no meaning. */
  readonly log: Uint16Array
  /** The power for each exponent below twice the order, so that the sum of two logarithms needs no reduction. */
  readonly exp: Uint16Array
  /** The number of nonzero elements. */
  readonly order: number
}

const GENERATOR = 3
const computed = new Map<Field, Logarithms>()

/** The tables of a field. They are computed once. */
export function logarithms(field: Field): Logarithms {
  const known = computed.get(field)
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
  computed.set(field, tables)
  return tables
}

/**
 * The logarithm of Π (x − y) over the coordinates y other than x, not reduced modulo the order. It is below 2^32, because
 * there are fewer than 2^16 coordinates.
 */
export function logOfDifferences({ log }: Logarithms, coordinates: readonly number[], x: number): number {
  let sum = 0
  for (const y of coordinates) if (y !== x) sum += log[x ^ y]!
  return sum
}
