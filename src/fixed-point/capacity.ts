/** What a lane has to hold: the sum of `clients` encoded values, each times a weight of at most `maximumWeight`. */
export interface Load {
  readonly bitsPerValue: number
  readonly maximumWeight: number
  readonly clients: number
}

/** The most seats that a round has. */
const MOST_CLIENTS = 65535
const MINIMUM_BITS_PER_VALUE = 2
/** More than the 24 that a Float32Array gives, and few enough that a level times a weight stays a safe integer. */
const MOST_BITS_PER_VALUE = 32

export const LIMITS: Readonly<Record<keyof Load, readonly [least: number, most: number]>> = {
  bitsPerValue: [MINIMUM_BITS_PER_VALUE, MOST_BITS_PER_VALUE],
  maximumWeight: [1, Number.MAX_SAFE_INTEGER],
  clients: [1, MOST_CLIENTS],
}

/** The greatest encoded value, 2L = 2^b − 2: levels are whole numbers from −L to L, shifted by L. */
export function maximumValue(bitsPerValue: number): number {
  return 2 ** bitsPerValue - 2
}

/** n · 2L · W. */
export function largestSum({ bitsPerValue, maximumWeight, clients }: Load): bigint {
  return BigInt(clients) * BigInt(maximumValue(bitsPerValue)) * BigInt(maximumWeight)
}

/**
 * Whether no sum of such inputs overflows lanes of `bits` bits, whether the bound of one input, 2L · W + 1, is a safe
 * integer, and whether every total weight is one.
 */
export function fits(load: Load, bits: number): boolean {
  const { bitsPerValue, maximumWeight, clients } = load
  return (
    largestSum(load) < 1n << BigInt(bits) &&
    Number.isSafeInteger(maximumValue(bitsPerValue) * maximumWeight + 1) &&
    Number.isSafeInteger(clients * maximumWeight)
  )
}

/** The greatest value of each quantity that fits while the others are as in `load`; 0 where none does. */
export function maximumFitting(load: Load, bits: number): Load {
  const greatest = (quantity: keyof Load): number => {
    const [least, most] = LIMITS[quantity]
    let low = least - 1
    let high = most
    while (low < high) {
      const middle = low + Math.ceil((high - low) / 2)
      if (fits({ ...load, [quantity]: middle }, bits)) low = middle
      else high = middle - 1
    }
    return low < least ? 0 : low
  }
  return {
    bitsPerValue: greatest('bitsPerValue'),
    maximumWeight: greatest('maximumWeight'),
    clients: greatest('clients'),
  }
}
