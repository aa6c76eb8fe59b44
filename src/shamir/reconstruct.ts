import { SecAggError } from '../errors.js'
import { addScaled, type Field, invert, multiplicationTable, multiply } from './field.js'

/**
 * The secrets of many owners whose shares lie with the same holders: `shares[owner][i]` is the share at
 * `coordinates[i]`. Uses all shares given; the caller passes exactly as many as the threshold. One set of Lagrange
 * weights serves every owner.
 *
 * Shares are taken as they are: whoever calls this checks the secret against something public.
 *
 * @throws {SecAggError} `internal` where coordinates or lengths are not as the caller promised. No bytes of a peer can
 *   bring this about, since coordinates follow from the configuration and lengths from the codec.
 */
export function reconstruct(
  field: Field,
  coordinates: readonly number[],
  shares: readonly (readonly Uint8Array[])[],
): Uint8Array[] {
  const valid = coordinates.every((x) => Number.isInteger(x) && x >= 1 && x < 2 ** field.bits)
  if (!valid || coordinates.length === 0 || new Set(coordinates).size !== coordinates.length) {
    throw misuse('coordinates are distinct nonzero elements of the field')
  }
  const tables = lagrangeWeights(field, coordinates).map((weight) => multiplicationTable(field, weight))
  return shares.map((row) => {
    const length = row[0]?.length ?? 0
    if (row.length !== coordinates.length || row.some((share) => share.length !== length)) {
      throw misuse('each owner has one share of the same length per coordinate')
    }
    if (length === 0 || length % (field.bits / 8) !== 0) throw misuse('a share is a number of whole elements')
    const secret = new Uint8Array(length)
    row.forEach((share, i) => {
      addScaled(field, secret, tables[i]!, share)
    })
    return secret
  })
}

/** The weights with which values at `coordinates` give the value at zero: the product of x_j / (x_j − x_i), j ≠ i. */
function lagrangeWeights(field: Field, coordinates: readonly number[]): number[] {
  return coordinates.map((own, i) => {
    let numerator = 1
    let denominator = 1
    coordinates.forEach((other, j) => {
      if (i === j) return
      numerator = multiply(field, numerator, other)
      denominator = multiply(field, denominator, other ^ own)
    })
    return multiply(field, numerator, invert(field, denominator))
  })
}

function misuse(message: string): SecAggError {
  return new SecAggError('internal', 'internal', message)
}
