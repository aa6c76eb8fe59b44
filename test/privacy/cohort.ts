import type { Lanes } from 'secagg'
import { createPrivateEncoder, type PrivacySetting, type PrivateValues } from 'secagg/privacy'
import { randomOf } from '../support/seeded.js'
import { seededCrypto } from './support.js'

export const rotationSeed: Uint8Array = Uint8Array.from({ length: 32 }, (_, i) => 3 * i)

/** `count` vectors of this norm in random directions. */
export function vectorsOf(count: number, length: number, norm: number, seed: number): Float64Array[] {
  const random = randomOf(seed)
  return Array.from({ length: count }, () => {
    const vector = Float64Array.from({ length }, () => random.word() / 2 ** 31 - 1)
    const factor = norm / Math.hypot(...vector)
    return vector.map((value) => value * factor)
  })
}

/** The unmasked vectors of all clients. One encoder is enough, because every call draws new noise. */
export function encodeAll(
  setting: PrivacySetting,
  vectors: readonly Float64Array[],
  seed: number,
): PrivateValues[] {
  const encoder = createPrivateEncoder(setting, seededCrypto(seed))
  return vectors.map((vector) => encoder.encode(vector, rotationSeed))
}

/** The sum over Z_2^bits, bits ≤ 32. */
export function sumLanes(lanes: readonly Lanes[], bits: number): Lanes {
  const sum = lanes[0]!.slice() as Uint32Array
  const mask = bits === 32 ? 0xffffffff : 2 ** bits - 1
  for (const other of lanes.slice(1) as Uint32Array[]) {
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i]! + other[i]!) & mask
  }
  return sum
}

export function sumOfVectors(vectors: readonly Float64Array[]): Float64Array {
  return vectors[0]!.map((_, i) => vectors.reduce((sum, vector) => sum + vector[i]!, 0))
}

/** The mean of the squared differences. */
export function meanSquare(one: Float64Array, other: Float64Array): number {
  return one.reduce((sum, value, i) => sum + (value - other[i]!) ** 2, 0) / one.length
}
