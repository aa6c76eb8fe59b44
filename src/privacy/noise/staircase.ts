import { AliasTable } from './alias.js'
import { isBelow } from './comparison.js'
import { type Fineness, type Hat, hatOf } from './hat.js'
import type { Weight } from './weights.js'
import type { RandomWords } from './words.js'

/**
 * Draws from a log-concave law on the whole numbers, exactly, by von Neumann's rejection: a point drawn uniformly from
 * under a hat is kept where it lies below the weight of its number, and then the number has the law.
 *
 * The hat is a staircase of equally wide steps. Each is cut at a height that is certainly below the weights of all its
 * numbers: what lies under the cut is kept unseen. Only for the sliver above, about 1 % of all, a weight is computed, in
 * whole numbers with certain bounds and as many digits as the comparison takes. The part of the hat is drawn from a table
 * of whole-numbered areas; rounding them changes the hat and not the law. Beyond the steps the weight at least halves over
 * each piece of a tail, and so does the hat. There is no floating point in it.
 */
export class Staircase {
  private readonly weight: Weight
  private readonly hat: Hat
  private readonly stepDigits: number
  private readonly stepMask: number
  /** Picks an area of the hat, or what is left: then one draws again. */
  private readonly table: AliasTable
  /** Where the steps start, relative to the mode and modulo 2^32. */
  private readonly starts: Int32Array

  constructor(weight: Weight, fineness: Fineness) {
    this.weight = weight
    this.hat = hatOf(weight, fineness)
    this.stepDigits = fineness.stepDigits
    this.stepMask = 2 ** fineness.stepDigits - 1
    this.table = new AliasTable(this.hat.areas, fineness.areaDigits)
    this.starts = Int32Array.from(this.hat.steps, ({ start }) =>
      Number(BigInt.asIntN(32, start - weight.mode)),
    )
  }

  /** A number relative to the mode, modulo 2^32 and signed. */
  draw(words: RandomWords): number {
    for (;;) {
      const part = this.table.pick(words.next())
      if (part < this.starts.length) {
        const start = this.starts[part]!
        return this.stepDigits === 0 ? start : (start + (words.next() & this.stepMask)) | 0
      }
      const k = this.drawRarely(part - this.starts.length, words)
      if (k !== undefined) return Number(BigInt.asIntN(32, k - this.weight.mode))
    }
  }

  /** A number from the part of a step above its cut, or from a tail; `undefined` where it is rejected. */
  private drawRarely(part: number, words: RandomWords): bigint | undefined {
    const { weight, stepDigits } = this
    const { steps, tails, unit } = this.hat
    const step = steps[part]
    if (step !== undefined) {
      const { start, floor, ceiling } = step
      const k = start + words.integer(stepDigits)
      const sliver = { bottom: floor, length: ceiling - floor, halvings: 0, unit }
      return isBelow(weight, k, sliver, words) ? k : undefined
    }
    const tail = tails[part - steps.length]
    if (tail === undefined) return undefined
    const { start, direction, digits, ceiling } = tail
    const halvings = drawPiece(words)
    const k = start + direction * ((BigInt(halvings) << BigInt(digits)) + words.integer(digits))
    return isBelow(weight, k, { bottom: 0n, length: ceiling, halvings, unit }, words) ? k : undefined
  }
}

/** i with probability 2^−(i+1). */
function drawPiece(words: RandomWords): number {
  let piece = 0
  for (;;) {
    const zeros = Math.clz32(words.next())
    piece += zeros
    if (zeros < 32) return piece
  }
}
