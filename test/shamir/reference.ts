import type { Field } from '../../src/shamir/field.js'

/** The remainder of a polynomial over GF(2) by another, both with bit i as the coefficient of x^i. */
export function remainder(dividend: bigint, divisor: bigint): bigint {
  const degree = divisor.toString(2).length
  let rest = dividend
  for (
    let length = rest.toString(2).length;
    length >= degree && rest !== 0n;
    length = rest.toString(2).length
  ) {
    rest ^= divisor << BigInt(length - degree)
  }
  return rest
}

/** The product in a field, by long multiplication of polynomials and division with remainder. */
export function slowProduct({ polynomial }: Field, a: number, b: number): number {
  let product = 0n
  for (let i = 0; i < 17; i++) if ((b >> i) & 1) product ^= BigInt(a) << BigInt(i)
  return Number(remainder(product, BigInt(polynomial)))
}

/** Bytes as elements of a field. */
export function elementsOf({ bits }: Field, bytes: Uint8Array): number[] {
  if (bits === 8) return [...bytes]
  return Array.from({ length: bytes.length / 2 }, (_, i) => bytes[2 * i]! + 256 * bytes[2 * i + 1]!)
}

/** The value at zero of the polynomial through `points`, by Lagrange's formula. Inverses are found by trial. */
export function slowInterpolation(field: Field, points: readonly { x: number; y: number }[]): number {
  let sum = 0
  for (const { x, y } of points) {
    let term = y
    for (const { x: other } of points) {
      if (other === x) continue
      term = slowProduct(field, term, slowProduct(field, other, slowInverse(field, x ^ other)))
    }
    sum ^= term
  }
  return sum
}

const inverses = new Map<string, number>()

/** The inverse: in GF(2^16), a^(2^bits − 2); in GF(2^8), the element whose product with a is 1, by trial. */
function slowInverse(field: Field, a: number): number {
  const key = `${field.bits} ${a}`
  const known = inverses.get(key)
  if (known !== undefined) return known
  let inverse = 1
  if (field.bits === 8) while (slowProduct(field, a, inverse) !== 1) inverse++
  else for (let bit = 15; bit >= 0; bit--) inverse = squareTimes(field, inverse, bit === 0 ? 1 : a)
  inverses.set(key, inverse)
  return inverse
}

function squareTimes(field: Field, value: number, factor: number): number {
  return slowProduct(field, slowProduct(field, value, value), factor)
}
