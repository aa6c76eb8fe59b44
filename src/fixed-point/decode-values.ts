import { SecAggError, usageError } from '../errors.js'
import { checkVector, firstOutOfRange } from '../vector/arithmetic.js'
import { type FloatKernel, withFloatKernel } from '../vector/kernels/kernel-floats.js'
import { checkHost, plainLanes, requireLanes, wordsOf } from '../vector/lanes.js'
import type { Lanes } from '../vector/segments.js'
import { checkedEncoding, type FixedPoint } from './encoding.js'

/**
 * The weighted mean of values that clients encoded with `encodeValues`. It differs from the mean of the clipped values by at
 * most the encoding's `errorBound`.
 *
 * @param sum - The sum of the clients' lanes.
 * @param encoding - The encoding that the clients used.
 * @param totalWeight - The sum of the clients' weights. If no weights are used, this is the number of survivors.
 * @returns The mean of each value.
 * @throws {SecAggError} `invalid-argument` if the lanes or the total weight are not possible for this encoding.
 *
 *   `input-out-of-range`, fault `peer`, if an element is larger than the total weight allows; the message has its index. Then
 *   a client did not use this encoding, or sum and total weight are from different rounds.
 *
 *   `zero-weight`, fault `peer` without culprits, if the total weight is 0, so that the mean does not exist.
 * @example
 * ```ts
 * import { createFixedPoint, decodeMean, encodeValues } from 'secagg/fixed-point'
 * import { addInto } from 'secagg/vector'
 *
 * const encoding = createFixedPoint({ clip: 1, bitsPerValue: 16, clients: 2, rounding: 'nearest' })
 * const { lanes: sum } = encodeValues([0.25, -1], encoding)
 * addInto([sum], [encodeValues([0.75, -1], encoding).lanes], [{ length: 2, bits: encoding.bits }])
 * const mean = decodeMean(sum, encoding, 2)
 * console.log(Array.from(mean, (value) => value.toFixed(3))) // [ '0.500', '-1.000' ]
 * ```
 * @public
 */
export function decodeMean(sum: Lanes, encoding: FixedPoint, totalWeight: number): Float64Array {
  const checked = checkedEncoding(encoding)
  const { bits, clients, maximumWeight } = checked
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
  return withFloatKernel((kernel) => decodeWith(kernel, sum, checked, totalWeight))
}

/** Like {@link decodeMean}, with this kernel, or in plain TypeScript. Its arguments have been checked, except the elements. */
export function decodeWith(
  kernel: FloatKernel | undefined,
  sum: Lanes,
  { clip, levels }: FixedPoint,
  totalWeight: number,
): Float64Array {
  const maximumLevel = (levels - 1) / 2
  const shift = BigInt(maximumLevel) * BigInt(totalWeight)
  if (kernel !== undefined && totalWeight > 0) {
    checkHost()
    const mean = new Float64Array(sum.length)
    const unscaling = { shift, totalWeight, maximumLevel, clip, maximum: 2n * shift }
    if (kernel.decode(plainLanes(sum), unscaling, mean)) return mean
  }
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
      'the mean does not exist, because the total weight of all clients in the sum is 0',
    )
  }
  const mean = unshift(sum, shift)
  for (let i = 0; i < mean.length; i++) {
    // In this order of operations, the largest sum gives exactly the clip, and no sum gives more.
    mean[i] = (mean[i]! / totalWeight / maximumLevel) * clip
  }
  return mean
}

/** sum − shift. It is rounded once if it needs more than the 53 bits of a double. */
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
