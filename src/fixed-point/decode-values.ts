import { SecAggError, usageError } from '../errors.js'
import { checkVector, firstOutOfRange } from '../vector/arithmetic.js'
import { checkHost, plainLanes, requireLanes, wordsOf } from '../vector/lanes.js'
import type { Lanes } from '../vector/segments.js'
import { checkedEncoding, type FixedPoint } from './encoding.js'

/**
 * The weighted mean of what `encodeValues` encoded, from the sum of the lanes and the sum of the weights; without weights
 * that is the number of survivors. Within the encoding's `errorBound` of the mean of the clipped values.
 *
 * @throws {SecAggError} `invalid-argument` where lanes or total weight are none of this encoding's; `input-out-of-range`,
 *   fault `peer`, where an element is larger than that total weight allows, so that a client's input was none of this
 *   encoding's, or sum and total weight are of different rounds, naming the index; `zero-weight`, fault `peer` without
 *   culprits, where the total weight is 0, so that there is no mean.
 * @public
 */
export function decodeMean(sum: Lanes, encoding: FixedPoint, totalWeight: number): Float64Array {
  const { clip, levels, bits, clients, maximumWeight } = checkedEncoding(encoding)
  requireLanes('a sum', sum)
  checkVector([sum], [{ length: sum.length, bits }])
  if (!Number.isSafeInteger(totalWeight) || totalWeight < 0 || totalWeight > clients * maximumWeight) {
    throw usageError(
      'invalid-argument',
      'a total weight must be a whole number from 0 to clients · maximumWeight',
      {
        expected: `0 to ${clients * maximumWeight}`,
        got: totalWeight,
      },
    )
  }
  const maximumLevel = (levels - 1) / 2
  const shift = BigInt(maximumLevel) * BigInt(totalWeight)
  const impossible = firstOutOfRange(sum, 2n * shift + 1n)
  if (impossible >= 0) {
    throw new SecAggError(
      'input-out-of-range',
      'peer',
      `element ${impossible} of the sum is larger than a total weight of ${totalWeight} allows`,
    )
  }
  if (totalWeight === 0) {
    throw new SecAggError(
      'zero-weight',
      'peer',
      'there is no mean: the total weight is 0, so none of the clients in the sum counted for anything',
    )
  }
  const mean = unshift(sum, shift)
  for (let i = 0; i < mean.length; i++) {
    // In this order the largest sum becomes the clip exactly, and none gets beyond it.
    mean[i] = (mean[i]! / totalWeight / maximumLevel) * clip
  }
  return mean
}

/** sum − shift, rounded once where it takes more than the 53 bits of a double. */
function unshift(sum: Lanes, shift: bigint): Float64Array {
  const plain = plainLanes(sum)
  if (plain.BYTES_PER_ELEMENT < 8) {
    const difference = new Float64Array(plain as Uint32Array)
    const subtrahend = Number(shift)
    for (let i = 0; i < difference.length; i++) difference[i] = difference[i]! - subtrahend
    return difference
  }
  checkHost()
  const words = wordsOf(plain as BigUint64Array)
  const difference = new Float64Array(plain.length)
  const low = Number(shift & 0xffff_ffffn)
  const high = Number(shift >> 32n)
  for (let i = 0; i < difference.length; i++) {
    difference[i] = (words[2 * i + 1]! - high) * 2 ** 32 + (words[2 * i]! - low)
  }
  return difference
}
