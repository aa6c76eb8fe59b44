import type { SeededRandom } from './random.js'

/** The number of pixels of an MNIST image, 28 × 28. */
export const PIXELS = 784

/** Labeled images of handwritten digits. */
export interface Examples {
  readonly count: number
  /** {@link PIXELS} bytes per image, from 0 (background) to 255 (ink). */
  readonly images: Uint8Array
  /** The digit, 0 to 9, that each image shows. */
  readonly labels: Uint8Array
}

/**
 * Splits the examples among the clients. Each part is a list of indices, and no example is in two parts. The parts are
 * uneven, as real ones would be: the largest can be six times the smallest, and half of each part shows only one or two
 * digits.
 */
export function splitUnevenly(
  { count, labels }: Examples,
  clients: number,
  random: SeededRandom,
): readonly Uint32Array[] {
  const shuffled = random.permutation(count)
  const half = count >> 1
  const mixed = shuffled.subarray(0, half)
  const byDigit = shuffled.slice(half).sort((one, other) => labels[one]! - labels[other]!)

  const sizes = Array.from({ length: clients }, () => 0.3 + 1.5 * random.fraction())
  const total = sizes.reduce((sum, size) => sum + size, 0)
  let end = 0
  return sizes.map((size) => {
    const start = end
    end += size / total
    return Uint32Array.of(...cut(mixed, start, end), ...cut(byDigit, start, end))
  })
}

/** The part of `values` between two fractions of its length. */
function cut(values: Uint32Array, from: number, to: number): Uint32Array {
  return values.subarray(Math.round(from * values.length), Math.round(to * values.length))
}
