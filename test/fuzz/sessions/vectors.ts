import type { RoundConfig, Vector } from 'secagg'
import { equalBytes } from '../../../src/crypto/bytes.js'
import { inclusionLength } from '../../../src/session/message-limits.js'
import { segmentsInRange, unpackVector } from '../../../src/vector/index.js'
import { sliceCount, sliceRange } from '../../../src/vector/segments.js'
import { openEnvelope } from '../../../src/wire/index.js'
import { valuesOf } from '../../vector/support.js'

/** The masked vector of one seat, slice by slice. */
export class Slices {
  readonly #config: RoundConfig
  readonly #slices = new Map<number, Uint8Array>()

  constructor(config: RoundConfig) {
    this.#config = config
  }

  /** Takes note of what `bytes` have of a masked vector, if anything. */
  put(bytes: Uint8Array): void {
    const { type, part, content } = openEnvelope(bytes) ?? { type: undefined, part: 0, content: bytes }
    if (type === 'maskedInput' || type === 'maskedSlice') this.#slices.set(part, Uint8Array.from(content))
  }

  get(part: number): Uint8Array | undefined {
    return this.#slices.get(part)
  }

  clear(): void {
    this.#slices.clear()
  }

  get isWhole(): boolean {
    return this.#slices.size === sliceCount(this.#config.segments, this.#config.sliceLength)
  }

  /** What this vector is more than `other`, element by element; `undefined` where one of them is not whole. */
  minus(other: Slices): bigint[][] | undefined {
    if (!this.isWhole || !other.isWhole) return undefined
    const { segments, sliceLength } = this.#config
    const difference: bigint[][] = segments.map(() => [])
    for (const [part, packed] of [...this.#slices].sort(([a], [b]) => a - b)) {
      const own = segmentsInRange(segments, sliceRange(segments, sliceLength, part))
      const others = other.get(part)!
      const isSame = equalBytes(packed, others)
      const values = (bytes: Uint8Array) => valuesOf(unpackVector(vectorIn(this.#config, part, bytes), own))
      const [left, right] = [values(packed), values(others)]
      left.forEach((values, segment) => {
        for (const [at, value] of values.entries()) {
          difference[segment]!.push(isSame ? 0n : value - right[segment]![at]!)
        }
      })
    }
    return difference
  }
}

/** The part of a slice that is the vector. Where clients choose their holders, their proof is in front of the first. */
export function vectorIn(config: RoundConfig, slice: number, content: Uint8Array): Uint8Array {
  return slice === 0 ? content.subarray(inclusionLength(config)) : content
}

/** `sum` and the differences, modulo 2^k. */
export function plus(config: RoundConfig, sum: Vector, differences: readonly bigint[][][]): bigint[][] {
  return valuesOf(sum).map((values, segment) =>
    values.map((value, at) => {
      const total = differences.reduce((before, difference) => before + difference[segment]![at]!, value)
      return BigInt.asUintN(config.segments[segment]!.bits, total)
    }),
  )
}
