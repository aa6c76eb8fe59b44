import { SecAggError } from '../errors.js'
import {
  addScaled,
  type Field,
  invert,
  type MultiplicationTable,
  multiplicationTable,
  multiply,
} from './field.js'

/**
 * The polynomials through shares at given coordinates. The weights depend on the coordinates alone, so one of these
 * serves all owners whose shares lie with the same holders.
 */
export interface Interpolation {
  /**
   * The value at `x` of the polynomial of least degree through `shares`, one for each coordinate and all of the same
   * length; at 0 it is the secret.
   *
   * Shares are taken as they are: whoever calls this checks the secret against something public.
   *
   * @throws {SecAggError} `internal` where the shares are not as the caller promised.
   */
  valueAt(x: number, shares: readonly Uint8Array[]): Uint8Array
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
  const denominators = denominatorsOf(field, coordinates)
  const known = new Map<number, readonly MultiplicationTable[]>()
  const tablesAt = (x: number): readonly MultiplicationTable[] => {
    const made = known.get(x)
    if (made !== undefined) return made
    const tables = weightsAt(field, coordinates, denominators, x).map((weight) =>
      multiplicationTable(field, weight),
    )
    known.set(x, tables)
    return tables
  }
  return {
    valueAt: (x, shares) => {
      const length = shares[0]?.length ?? 0
      if (shares.length !== coordinates.length || shares.some((share) => share.length !== length)) {
        throw misuse('there is one share of the same length per coordinate')
      }
      if (length === 0 || length % (field.bits / 8) !== 0)
        throw misuse('a share is a number of whole elements')
      const tables = tablesAt(x)
      const value = new Uint8Array(length)
      shares.forEach((share, i) => {
        addScaled(field, value, tables[i]!, share)
      })
      return value
    },
  }
}

/** Of each coordinate the product of its differences from all others. */
export function denominatorsOf(field: Field, coordinates: readonly number[]): number[] {
  return coordinates.map((own, i) => {
    let product = 1
    coordinates.forEach((other, j) => {
      if (i !== j) product = multiply(field, product, other ^ own)
    })
    return product
  })
}

/** Lagrange's weights, with which values at `coordinates` give the value at `x`, which is none of them. */
function weightsAt(
  field: Field,
  coordinates: readonly number[],
  denominators: readonly number[],
  x: number,
): number[] {
  const numerator = coordinates.reduce((product, other) => multiply(field, product, x ^ other), 1)
  return coordinates.map((own, i) => {
    const denominator = multiply(field, denominators[i]!, x ^ own)
    return multiply(field, numerator, invert(field, denominator))
  })
}

function misuse(message: string): SecAggError {
  return new SecAggError('internal', 'internal', message)
}
