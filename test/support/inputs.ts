import type { Lanes, RoundConfig, Vector } from 'secagg'
import type { Random } from './seeded.js'

/** Seeded values below the bound of each segment, the largest of them among the first few. */
export function inputFor({ segments }: Pick<RoundConfig, 'segments'>, random: Random): Vector {
  return segments.map(({ length, bits, bound }) => {
    const limit = bound === 'modular' ? 1n << BigInt(bits) : bound
    const values = Array.from({ length }, () => (random.below(4) === 0 ? limit - 1n : random.bigBelow(limit)))
    return lanesOf(bits, values)
  })
}

/** Values in the narrowest lanes for `bits` bits. */
export function lanesOf(bits: number, values: readonly bigint[]): Lanes {
  if (bits > 32) return BigUint64Array.from(values)
  const numbers = values.map(Number)
  if (bits > 16) return Uint32Array.from(numbers)
  return bits > 8 ? Uint16Array.from(numbers) : Uint8Array.from(numbers)
}

/** The sum of the inputs at `seats` modulo 2^k, one element at a time. */
export function sumOf(
  { segments }: Pick<RoundConfig, 'segments'>,
  seats: readonly number[],
  inputs: readonly Vector[],
): Vector {
  return segments.map(({ length, bits }, segment) =>
    lanesOf(
      bits,
      Array.from({ length }, (_, element) => {
        const total = seats.reduce((sum, seat) => sum + BigInt(inputs[seat]![segment]![element]!), 0n)
        return BigInt.asUintN(bits, total)
      }),
    ),
  )
}
