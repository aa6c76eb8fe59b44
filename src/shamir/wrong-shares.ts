import { type Field, invert, multiply } from './field.js'
import { denominatorsOf } from './interpolation.js'

/**
 * Which of `shares` are wrong, by their indices, if at most ⌊(r − t)/2⌋ of the r are: the others then lie on one
 * polynomial of degree below t = `threshold`, and no other has so many on it. `undefined` where more are wrong. A wrong
 * share may be wrong in some of its elements only.
 *
 * Shares at distinct coordinates are a generalized Reed–Solomon code word for each element; errors are located by their
 * syndromes and Massey's algorithm (IEEE Transactions on Information Theory, 1969).
 */
export function locateWrongShares(
  field: Field,
  coordinates: readonly number[],
  threshold: number,
  shares: readonly Uint8Array[],
): readonly number[] | undefined {
  const elements = (8 * shares[0]!.length) / field.bits
  let fitting = coordinates.map((_, index) => index)
  for (let element = 0; element < elements; element++) {
    const wrong = locateErrors(
      field,
      fitting.map((index) => coordinates[index]!),
      threshold,
      fitting.map((index) => elementOf(field, shares[index]!, element)),
    )
    if (wrong === undefined) return undefined
    if (wrong.length > 0) fitting = fitting.filter((_, position) => !wrong.includes(position))
  }
  const wrong = coordinates.map((_, index) => index).filter((index) => !fitting.includes(index))
  return 2 * wrong.length <= shares.length - threshold ? wrong : undefined
}

/** The positions of wrong `values`, at most half as many as there are more than `threshold`. */
function locateErrors(
  field: Field,
  coordinates: readonly number[],
  threshold: number,
  values: readonly number[],
): readonly number[] | undefined {
  const syndromes = syndromesOf(field, coordinates, threshold, values)
  if (syndromes.every((syndrome) => syndrome === 0)) return []
  const recurrence = shortestRecurrence(field, syndromes)
  const errors = recurrence.length - 1
  if (2 * errors > syndromes.length) return undefined
  // The roots of the reversed polynomial are the coordinates of the errors.
  const wrong = coordinates.flatMap((x, position) => {
    const value = recurrence.reduce((sum, coefficient) => multiply(field, sum, x) ^ coefficient, 0)
    return value === 0 ? [position] : []
  })
  return wrong.length === errors ? wrong : undefined
}

/**
 * Σ y_i · x_i^j / Π_{m≠i} (x_i − x_m) for j = 0, … r − t − 1: all zero exactly where the values y_i are those of a
 * polynomial of degree below t.
 */
function syndromesOf(
  field: Field,
  coordinates: readonly number[],
  threshold: number,
  values: readonly number[],
): number[] {
  const terms = denominatorsOf(field, coordinates).map((denominator, i) =>
    multiply(field, invert(field, denominator), values[i]!),
  )
  return Array.from({ length: Math.max(values.length - threshold, 0) }, () => {
    let sum = 0
    coordinates.forEach((x, i) => {
      sum ^= terms[i]!
      terms[i] = multiply(field, terms[i]!, x)
    })
    return sum
  })
}

/** The shortest Λ with Λ_0 = 1 and Σ_j Λ_j · S_{k−j} = 0 for every k that has so many before it. */
function shortestRecurrence(field: Field, sequence: readonly number[]): number[] {
  let current = [1]
  let previous = [1]
  let length = 0
  let shift = 1
  let lastDiscrepancy = 1
  sequence.forEach((_, k) => {
    let discrepancy = 0
    for (let j = 0; j <= length; j++) {
      discrepancy ^= multiply(field, current[j] ?? 0, sequence[k - j]!)
    }
    if (discrepancy === 0) {
      shift++
      return
    }
    const factor = multiply(field, discrepancy, invert(field, lastDiscrepancy))
    const before = current
    current = Array.from(
      { length: Math.max(current.length, previous.length + shift) },
      (_, j) => (current[j] ?? 0) ^ multiply(field, factor, previous[j - shift] ?? 0),
    )
    if (2 * length > k) {
      shift++
      return
    }
    length = k + 1 - length
    previous = before
    lastDiscrepancy = discrepancy
    shift = 1
  })
  return Array.from({ length: length + 1 }, (_, j) => current[j] ?? 0)
}

function elementOf(field: Field, bytes: Uint8Array, element: number): number {
  return field.bits === 8 ? bytes[element]! : bytes[2 * element]! | (bytes[2 * element + 1]! << 8)
}
