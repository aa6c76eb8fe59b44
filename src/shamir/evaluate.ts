import { type Field, invert, type MultiplicationTables, multiplicationTables, multiply } from './field.js'

/**
 * Evaluates a polynomial over GF(2^16), given in the basis of Lin, Chung and Han (FOCS 2014), at 0, 1, … 2^levels − 1, in
 * place: row i of `rows` goes from coefficient i to value i. Rows are vectors of `width` elements, one after the other,
 * for as many polynomials.
 *
 * The basis polynomial X_i is the product of the ŝ_b over the bits b of i. Here ŝ_b is the polynomial that vanishes on
 * 0, … 2^b − 1, scaled to give 1 at 2^b; it is additive. So X_i has degree i, X_0 is 1, all others are 0 at 0, and a
 * polynomial with P(0) in row 0 and random other rows is one with random coefficients.
 */
export function evaluateAtAll(field: Field, rows: Uint16Array, width: number, levels: number): void {
  for (let level = levels - 1; level >= 0; level--) {
    const half = (width * 2 ** level) | 0
    const scale = scaledVanishing(field, level)
    for (let start = 0; start < 2 ** levels; start += 2 ** (level + 1)) {
      butterfly(rows, start * width, half, multiplicationTables(field, [scale(start)]))
    }
  }
}

/** Within a block ŝ is constant on either half, and one more on the second. */
function butterfly(rows: Uint16Array, from: number, half: number, table: MultiplicationTables): void {
  for (let low = from; low < from + half; low++) {
    const word = rows[low + half]!
    const first =
      rows[low]! ^
      table[word & 15]! ^
      table[16 + ((word >>> 4) & 15)]! ^
      table[32 + ((word >>> 8) & 15)]! ^
      table[48 + (word >>> 12)]!
    rows[low] = first
    rows[low + half] = first ^ word
  }
}

/** ŝ of one level, from s_0(x) = x and s_{b+1}(x) = s_b(x) · (s_b(x) + s_b(2^b)). */
function scaledVanishing(field: Field, level: number): (x: number) => number {
  const atPower: number[] = []
  const vanishing = (x: number, of: number): number => {
    let value = x
    for (let b = 0; b < of; b++) value = multiply(field, value, value ^ atPower[b]!)
    return value
  }
  for (let b = 0; b <= level; b++) atPower.push(vanishing(2 ** b, b))
  const scale = invert(field, atPower[level]!)
  return (x) => multiply(field, scale, vanishing(x, level))
}
