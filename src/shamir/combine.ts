import { SecAggError } from '../errors.js'
import { addScaled, type Field, logarithms, logOfDifferences, multiplicationTables } from './field.js'

/** The bytes that {@link shareDigest} needs for shares of `length` bytes. */
export function digestFactorsLength(field: Field, length: number): number {
  return (16 / field.bits) * length
}

/**
 * Makes one word of each share of one owner: a combination of its elements with random factors, in GF(2^8) two such.
 * Where a share is wrong its word is that of another polynomial, but for one in 2^16; so words of several owners may be
 * added up, each owner with factors of its own, to find the holders with wrong shares of any of them.
 */
export function shareDigest(field: Field, factors: Uint8Array): (share: Uint8Array) => number {
  const words = Array.from(
    { length: factors.length / 2 },
    (_, i) => factors[2 * i]! | (factors[2 * i + 1]! << 8),
  )
  // For each byte of a share what its lower nibble adds to the word, and what its upper one does.
  const tables = field.bits === 16 ? multiplicationTables(field, words) : pairsOfProducts(field, words)
  return (share) => {
    let word = 0
    for (let i = 0, at = 0; i < share.length; i++, at += 32) {
      word ^= tables[at + (share[i]! & 15)]! ^ tables[at + 16 + (share[i]! >>> 4)]!
    }
    return word
  }
}

/** The products with both bytes of each word, in GF(2^8). */
function pairsOfProducts(field: Field, words: readonly number[]): Uint16Array {
  const [low, high] = [0, 8].map((shift) =>
    multiplicationTables(
      field,
      words.map((word) => (word >>> shift) & 255),
    ),
  )
  return low!.map((product, entry) => product | (high![entry]! << 8))
}

/** Words of {@link shareDigest} by element of the field, as errors in them are located. */
export function digestColumns(field: Field, words: Uint16Array): readonly Uint16Array[] {
  return field.bits === 16 ? [words] : [words.map((word) => word & 255), words.map((word) => word >>> 8)]
}

/** The random bytes that {@link consistencyCheck} needs for each of the other coordinates. */
export const CONSISTENCY_BYTES = 8

/**
 * Whether shares at `others` all lie on the polynomials through the shares that `through` is for. Wrong ones pass once in
 * 2^64, where `random` is so: it compares as many combinations of all of them.
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
 * The value at one place of the polynomial of least degree through `shares`, one for each coordinate and all of the same
 * length.
 *
 * Shares are taken as they are: the caller checks the value against something public.
 *
 * @throws {SecAggError} `internal` where the shares are not as the caller promised.
 */
export type Evaluator = (shares: readonly Uint8Array[]) => Uint8Array

/**
 * The polynomials through shares at given coordinates. The weights depend on the coordinates alone, so one of these
 * serves all owners whose shares lie with the same holders.
 */
export interface Interpolation {
  /** The number of coordinates. */
  readonly size: number
  /** The value at 0, which is the secret. Its weights are kept. */
  readonly secret: Evaluator
  /** The value at `x`. Its weights, 128 bytes for each coordinate, live as long as the evaluator. */
  at(x: number): Evaluator
  /**
   * The discrete logarithms of Lagrange's weights, with which values at the coordinates give the value at `x`, which is
   * none of them.
   */
  logWeightsAt(x: number): Uint16Array
}

/**
 * @throws {SecAggError} `internal` where coordinates are not distinct nonzero elements of the field. No bytes of a peer
 *   can bring this about, since coordinates follow from the configuration and lengths from the codec.
 */
export function interpolation(field: Field, coordinates: readonly number[]): Interpolation {
  const valid = coordinates.every((x) => Number.isInteger(x) && x >= 1 && x < 2 ** field.bits)
  if (!valid || coordinates.length === 0 || new Set(coordinates).size !== coordinates.length) {
    throw misuse('coordinates are distinct nonzero elements of the field')
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
  const at = (x: number): Evaluator => {
    const weights = logWeightsAt(x).map((weight) => exp[weight]!)
    const tables = multiplicationTables(field, weights)
    return (shares) => {
      const length = shares[0]?.length ?? 0
      if (shares.length !== weights.length) throw misuse('there is one share per coordinate')
      if (length === 0 || length % (field.bits / 8) !== 0) {
        throw misuse('a share is a number of whole elements')
      }
      const value = new Uint8Array(length)
      for (let index = 0; index < shares.length; index++) {
        const share = shares[index]!
        if (share.length !== length) throw misuse('all shares are of the same length')
        addScaled(field, value, share, tables, index)
      }
      return value
    }
  }
  let atZero: Evaluator | undefined
  return {
    size: coordinates.length,
    secret: (shares) => {
      atZero ??= at(0)
      return atZero(shares)
    },
    at,
    logWeightsAt,
  }
}

function misuse(message: string): SecAggError {
  return new SecAggError('internal', 'internal', message)
}
