import { integerOf, uint } from './bytes.js'

// Section "Sharing secrets" of the specification. Field elements are bigints whose bit i is the coefficient of x^i.

export interface Field {
  readonly name: 'GF(2^8)' | 'GF(2^16)'
  /** Bytes of an element. */
  readonly size: 1 | 2
  readonly polynomial: bigint
}

export function fieldFor(holders: number): Field {
  return holders <= 255
    ? { name: 'GF(2^8)', size: 1, polynomial: 0x11bn }
    : { name: 'GF(2^16)', size: 2, polynomial: 0x1002bn }
}

/** The product as polynomials over GF(2), modulo the field's polynomial. */
function multiply({ size, polynomial }: Field, a: bigint, b: bigint): bigint {
  let product = 0n
  for (let i = 0n; i < 8 * size; i++) if ((b >> i) & 1n) product ^= a << i
  for (let i = BigInt(16 * size); i >= 8 * size; i--) {
    if ((product >> i) & 1n) product ^= polynomial << (i - BigInt(8 * size))
  }
  return product
}

/** a^(q − 2) in a field of q elements. */
function inverse(field: Field, a: bigint): bigint {
  let result = 1n
  for (let i = 1; i < 8 * field.size; i++) {
    result = multiply(field, result, result)
    result = multiply(field, result, a)
  }
  return multiply(field, result, result)
}

function elementsOf({ size }: Field, bytes: Uint8Array): bigint[] {
  return Array.from({ length: bytes.length / size }, (_, i) =>
    integerOf(bytes.slice(size * i, size * (i + 1))),
  )
}

function bytesOf({ size }: Field, elements: readonly bigint[]): Uint8Array {
  return Uint8Array.from(elements.flatMap((element) => [...uint(size, element)]))
}

/**
 * The share at coordinate x: for each element, its polynomial's value there. `coefficients` are those of x, x², …, each as
 * long as the secret, which is the one of x⁰.
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
    sum.map((value, i) => multiply(field, value, BigInt(x)) ^ row[i]!),
  )
  return bytesOf(field, values)
}

/** The value at 0 of the polynomials through shares at distinct coordinates: Lagrange's formula. */
export function interpolate(
  field: Field,
  points: readonly { readonly x: number; readonly share: Uint8Array }[],
): Uint8Array {
  const sum = elementsOf(field, points[0]!.share).map(() => 0n)
  for (const { x, share } of points) {
    let weight = 1n
    for (const other of points) {
      if (other.x === x) continue
      const fraction = multiply(field, BigInt(other.x), inverse(field, BigInt(other.x ^ x)))
      weight = multiply(field, weight, fraction)
    }
    for (const [i, element] of elementsOf(field, share).entries()) sum[i]! ^= multiply(field, weight, element)
  }
  return bytesOf(field, sum)
}
