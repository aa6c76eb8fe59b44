import { SecAggError } from '../errors.js'
import { addScaled, type Field, multiplicationTables } from './field.js'
import { logarithms, logOfDifferences } from './logarithms.js'

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
