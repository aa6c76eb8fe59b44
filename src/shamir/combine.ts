import { SecAggError } from '../errors.js'
import {
  addScaled,
  type Field,
  logarithms,
  logOfDifferences,
  type MultiplicationTables,
  multiplicationTables,
} from './field.js'

/** The number of random bytes that {@link shareDigest} needs for shares of `length` bytes. */
export function digestFactorsLength(field: Field, length: number): number {
  return (16 / field.bits) * length
}

/**
 * Makes a 16-bit word of each share of one owner: a linear combination of its elements with random factors; in GF(2^8), two
 * such combinations.
 *
 * The words of right shares lie on a polynomial of the same degree as the shares. The word of a wrong share lies on it with
 * probability 2^−16 only. To find the holders that have a wrong share of any of several owners, draw separate factors for
 * each owner and add up each holder's words.
 */
export function shareDigest(field: Field, factors: Uint8Array): (share: Uint8Array) => number {
  const words = Array.from(
    { length: factors.length / 2 },
    (_, i) => factors[2 * i]! | (factors[2 * i + 1]! << 8),
  )
  // For each byte of a share: what its lower nibble adds to the word, then what its upper nibble adds.
  const tables = field.bits === 16 ? multiplicationTables(field, words) : pairsOfProducts(field, words)
  return (share) => {
    let word = 0
    for (let i = 0, at = 0; i < share.length; i++, at += 32) {
      word ^= tables[at + (share[i]! & 15)]! ^ tables[at + 16 + (share[i]! >>> 4)]!
    }
    return word
  }
}

/** In GF(2^8): the products with the low byte of each word in the low byte, those with its high byte in the high byte. */
function pairsOfProducts(field: Field, words: readonly number[]): Uint16Array {
  const [low, high] = [0, 8].map((shift) =>
    multiplicationTables(
      field,
      words.map((word) => (word >>> shift) & 255),
    ),
  )
  return low!.map((product, entry) => product | (high![entry]! << 8))
}

/** The words of {@link shareDigest} as columns of field elements, in which an `ErrorLocator` locates errors. */
export function digestColumns(field: Field, words: Uint16Array): readonly Uint16Array[] {
  return field.bits === 16 ? [words] : [words.map((word) => word & 255), words.map((word) => word >>> 8)]
}

/** The number of random bytes that {@link consistencyCheck} needs for each of the other coordinates. */
export const CONSISTENCY_BYTES = 8

/**
 * Returns a function that checks whether all shares `rest`, at the coordinates `others`, lie on the polynomials through the
 * shares `chosen`, at the coordinates of `through`. It compares random combinations of all shares. If a share is wrong, it
 * notices with probability 1 − 2^−64.
 *
 * @param random - {@link CONSISTENCY_BYTES} random bytes for each of `others`.
 */
export function consistencyCheck(
  field: Field,
  through: Interpolation,
  others: readonly number[],
  random: Uint8Array,
): (chosen: readonly Uint8Array[], rest: readonly Uint8Array[]) => boolean {
  const { log, exp } = logarithms(field)
  const size = field.bits / 8
  const combinations = Array.from({ length: CONSISTENCY_BYTES / size }, (_, k) => {
    const factors = others.map((_, index) => {
      const at = CONSISTENCY_BYTES * index + size * k
      return size === 1 ? random[at]! : random[at]! | (random[at + 1]! << 8)
    })
    return { factors, weights: new Uint16Array(through.size) }
  })
  others.forEach((x, index) => {
    const logWeights = through.logWeightsAt(x)
    for (const { factors, weights } of combinations) {
      if (factors[index] === 0) continue
      const logFactor = log[factors[index]!]!
      for (let i = 0; i < weights.length; i++) weights[i]! ^= exp[logFactor + logWeights[i]!]!
    }
  })
  const tables = combinations.map(({ factors, weights }) =>
    multiplicationTables(field, [...weights, ...factors]),
  )
  const addTo = (sums: readonly Uint8Array[], shares: readonly Uint8Array[], first: number): void => {
    shares.forEach((share, index) => {
      for (let k = 0; k < sums.length; k++) addScaled(field, sums[k]!, share, tables[k]!, first + index)
    })
  }
  return (chosen, rest) => {
    const sums = tables.map(() => new Uint8Array(chosen[0]!.length))
    addTo(sums, chosen, 0)
    addTo(sums, rest, chosen.length)
    return sums.every((sum) => sum.every((byte) => byte === 0))
  }
}

/**
 * The value at one coordinate of the polynomial of minimum degree through `shares`. There is one share for each coordinate of
 * the interpolation, and all have the same length.
 *
 * It cannot tell right shares from wrong ones: the caller compares the result with something public.
 *
 * @throws {SecAggError} `internal` if the number of shares or their lengths are wrong.
 */
export type Evaluator = (shares: readonly Uint8Array[]) => Uint8Array

/**
 * The polynomials through shares at given coordinates. Lagrange's weights depend only on the coordinates. So one
 * interpolation is enough for all owners whose shares come from the same holders.
 */
export interface Interpolation {
  /** The number of coordinates. */
  readonly size: number
  /** Gives the value at 0, which is the secret. Its weights are computed once and kept. */
  readonly secret: Evaluator
  /** The secret of the shares at `indices` among `count` shares of equal length, which follow each other in `bytes`. */
  secretIn(bytes: Uint8Array, count: number, indices: readonly number[]): Uint8Array
  /** Gives the value at `x`. The evaluator keeps its weights, 128 bytes for each coordinate. */
  at(x: number): Evaluator
  /** The discrete logarithms of Lagrange's weights for the value at `x`, which is not one of the coordinates. */
  logWeightsAt(x: number): Uint16Array
}

/**
 * Prepares interpolation through shares at `coordinates`.
 * @throws {SecAggError} `internal` if the coordinates are not distinct nonzero elements of the field. A peer cannot cause
 *   this, because coordinates follow from the configuration.
 */
export function interpolation(field: Field, coordinates: readonly number[]): Interpolation {
  const valid = coordinates.every((x) => Number.isInteger(x) && x >= 1 && x < 2 ** field.bits)
  if (!valid || coordinates.length === 0 || new Set(coordinates).size !== coordinates.length) {
    throw misuse('coordinates must be distinct nonzero elements of the field')
  }
  const logs = logarithms(field)
  const { log, exp, order } = logs
  const denominators = coordinates.map((x) => logOfDifferences(logs, coordinates, x) % order)
  const logWeightsAt = (x: number): Uint16Array => {
    const numerator = logOfDifferences(logs, coordinates, x) % order
    const weights = new Uint16Array(coordinates.length)
    for (let i = 0; i < weights.length; i++) {
      let weight = numerator - denominators[i]!
      if (weight < 0) weight += order
      weight -= log[x ^ coordinates[i]!]!
      weights[i] = weight < 0 ? weight + order : weight
    }
    return weights
  }
  const tablesAt = (x: number): MultiplicationTables =>
    multiplicationTables(
      field,
      logWeightsAt(x).map((weight) => exp[weight]!),
    )
  const at = (x: number): Evaluator => {
    const tables = tablesAt(x)
    return (shares) => {
      const length = shares[0]?.length ?? 0
      if (shares.length !== coordinates.length) throw misuse('there must be one share per coordinate')
      if (length === 0 || length % (field.bits / 8) !== 0) {
        throw misuse('a share must consist of whole elements')
      }
      const value = new Uint8Array(length)
      for (let index = 0; index < shares.length; index++) {
        const share = shares[index]!
        if (share.length !== length) throw misuse('all shares must have the same length')
        addScaled(field, value, share, tables, index)
      }
      return value
    }
  }
  let atZero: Evaluator | undefined
  let tablesAtZero: MultiplicationTables | undefined
  return {
    size: coordinates.length,
    secret: (shares) => {
      atZero ??= at(0)
      return atZero(shares)
    },
    secretIn: (bytes, count, indices) => {
      tablesAtZero ??= tablesAt(0)
      const length = bytes.length / count
      if (indices.length !== coordinates.length) throw misuse('there must be one share per coordinate')
      if (length === 0 || length % (field.bits / 8) !== 0) {
        throw misuse('a share must consist of whole elements')
      }
      const value = new Uint8Array(length)
      for (let index = 0; index < indices.length; index++) {
        addScaled(field, value, bytes, tablesAtZero, index, indices[index]! * length)
      }
      return value
    },
    at,
    logWeightsAt,
  }
}

function misuse(message: string): SecAggError {
  return new SecAggError('internal', 'internal', message)
}
