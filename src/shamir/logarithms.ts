import { type Field, multiply } from './field.js'

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
