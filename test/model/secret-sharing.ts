import { integerOf, uint } from './bytes.js'

// Section "Sharing secrets" of the specification. Field elements are numbers whose bit i is the coefficient of x^i.

interface Field {
  readonly name: 'GF(2^8)' | 'GF(2^16)'
  /** Bytes of an element. */
  readonly size: 1 | 2
  readonly polynomial: number
}

export function fieldFor(holders: number): Field {
  return holders <= 255
    ? { name: 'GF(2^8)', size: 1, polynomial: 0x11b }
    : { name: 'GF(2^16)', size: 2, polynomial: 0x1002b }
}

/** The product as polynomials over GF(2), of at most 31 bits, modulo the field's polynomial. */
function multiply({ size, polynomial }: Field, a: number, b: number): number {
  const degree = 8 * size
  let product = 0
  for (let i = 0; i < degree; i++) if ((b >> i) & 1) product ^= a << i
  for (let i = 2 * degree - 2; i >= degree; i--) if ((product >> i) & 1) product ^= polynomial << (i - degree)
  return product
}

/** a^(q − 2) in a field of q elements. */
function inverse(field: Field, a: number): number {
  let result = 1
  for (let i = 1; i < 8 * field.size; i++) {
    result = multiply(field, result, result)
    result = multiply(field, result, a)
  }
  return multiply(field, result, result)
}

function elementsOf({ size }: Field, bytes: Uint8Array): number[] {
  return Array.from({ length: bytes.length / size }, (_, i) =>
    Number(integerOf(bytes.slice(size * i, size * (i + 1)))),
  )
}

function bytesOf({ size }: Field, elements: readonly number[]): Uint8Array {
  return Uint8Array.from(elements.flatMap((element) => [...uint(size, element)]))
}

/**
 * The share at coordinate x: for each element, its polynomial's value there. `coefficients` are those of x, x², …, each as
 * long as the secret, which is the coefficient of x⁰.
 */
export function shareAt(
  field: Field,
  secret: Uint8Array,
  coefficients: readonly Uint8Array[],
  x: number,
): Uint8Array {
  const polynomial = [secret, ...coefficients].map((bytes) => elementsOf(field, bytes))
  // Horner's rule, from the highest coefficient down.
  const values = polynomial.reduceRight((sum, row) =>
    sum.map((value, i) => multiply(field, value, x) ^ row[i]!),
  )
  return bytesOf(field, values)
}

/** The value at 0 of the polynomials through shares at distinct coordinates: Lagrange's formula. */
export function interpolate(
  field: Field,
  points: readonly { readonly x: number; readonly share: Uint8Array }[],
): Uint8Array {
  const sum = elementsOf(field, points[0]!.share).map(() => 0)
  for (const { x, share } of points) {
    let weight = 1
    for (const other of points) {
      if (other.x === x) continue
      const fraction = multiply(field, other.x, inverse(field, other.x ^ x))
      weight = multiply(field, weight, fraction)
    }
    for (const [i, element] of elementsOf(field, share).entries()) sum[i]! ^= multiply(field, weight, element)
  }
  return bytesOf(field, sum)
}
