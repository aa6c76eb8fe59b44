import type { RandomWords } from '../../crypto/random.js'
import { type Fineness, type Hat, hatOf } from './hat.js'
import type { Weight } from './weights.js'

/**
 * Draws exactly from a log-concave distribution on the whole numbers, by von Neumann's rejection sampling. It draws a point
 * uniformly from the area under a hat, which is an upper bound on the weights. If the point is below the weight of its
 * number, it keeps the number; otherwise it draws again. The numbers that are kept have the desired distribution.
 *
 * The hat is a staircase with steps of equal width. Each step has a floor, a lower bound on the weights of all its numbers. A
 * point below the floor is kept without computing a weight. Only about 1 % of the points are above a floor. For these, the
 * weight is computed in integer arithmetic, with proven bounds and as many digits as the comparison needs.
 *
 * A table of whole-numbered areas decides in which part of the hat a point is. Rounding these areas changes the hat, but not
 * the distribution. In a tail, the weight at least halves from each piece to the next, and the hat halves. Nothing here uses
 * floating-point arithmetic.
 */
export class Staircase {
  private readonly weight: Weight
  private readonly hat: Hat
  private readonly stepDigits: number
  private readonly stepMask: number
  /** Picks an area of the hat, or the rest of the total area, which means drawing again. */
  private readonly table: AliasTable
  /** The first number of each step, relative to the mode and modulo 2^32. */
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

  /** Draws a number. It is relative to the mode, and reduced modulo 2^32 into the signed range. */
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

  /** Draws a number from the part of a step above its floor, or from a tail; `undefined` if the point is rejected. */
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

/** Draws i with probability 2^−(i+1). */
function drawPiece(words: RandomWords): number {
  let piece = 0
  for (;;) {
    const zeros = Math.clz32(words.next())
    piece += zeros
    if (zeros < 32) return piece
  }
}

/**
 * Picks an index with probability area / 2^digits, from one random word (Walker's alias method). The areas are whole numbers
 * with sum 2^digits, so nothing is rounded.
 */
export class AliasTable {
  private readonly drop: number
  private readonly columnDigits: number
  private readonly mask: number
  /** In each column, points below the mark mean the index of the column, and all others mean its alias. */
  private readonly marks: Uint32Array
  private readonly aliases: Uint32Array

  constructor(areas: readonly number[], digits: number) {
    const columns = 2 ** Math.max(32 - Math.clz32(areas.length - 1), 1)
    const capacity = 2 ** digits / columns
    this.drop = 32 - digits
    this.columnDigits = digits - (31 - Math.clz32(columns))
    this.mask = capacity - 1
    this.marks = new Uint32Array(columns)
    this.aliases = new Uint32Array(columns)
    const left = Array.from({ length: columns }, (_, index) => areas[index] ?? 0)
    const small = [...left.keys()].filter((index) => left[index]! < capacity)
    const large = [...left.keys()].filter((index) => left[index]! >= capacity)
    while (small.length > 0) {
      const index = small.pop()!
      const donor = large.at(-1)!
      this.marks[index] = left[index]!
      this.aliases[index] = donor
      left[donor]! -= capacity - left[index]!
      if (left[donor]! < capacity) small.push(large.pop()!)
    }
    for (const index of large) {
      this.marks[index] = capacity
      this.aliases[index] = index
    }
  }

  /** The index for a random word that is uniform in [0, 2^32). */
  pick(word: number): number {
    const point = word >>> this.drop
    const column = point >>> this.columnDigits
    return (point & this.mask) < this.marks[column]! ? column : this.aliases[column]!
  }
}

/** A source of uniform random numbers: the part of {@link RandomWords} that a comparison needs. */
export interface RandomDigits {
  /** Uniform in [0, 2^`bits`). */
  integer(bits: number): bigint
}

/** An interval of heights above one number, in units in which a weight of 1 is `unit`. */
export interface Stretch {
  readonly bottom: bigint
  /** The length of the interval is `length` / 2^`halvings`. */
  readonly length: bigint
  readonly halvings: number
  readonly unit: bigint
}

/** How many random digits are drawn at first, and again each time that they do not decide the comparison. */
const DIGITS = 32

/**
 * Whether a point drawn uniformly from an interval of heights is below the weight of k. The point gets more digits until the
 * comparison is certain, and the weight is computed with at least twice as many, so the answer is exact.
 */
export function isBelow(
  weight: Weight,
  k: bigint,
  { bottom, length, halvings, unit }: Stretch,
  random: RandomDigits,
): boolean {
  let drawn = 0n
  for (let digits = DIGITS; ; digits += DIGITS) {
    drawn = (drawn << BigInt(DIGITS)) | random.integer(DIGITS)
    const precision = 2 * digits + halvings
    const { low, high } = weight.bracket(k, precision)
    // All heights are multiplied by 2^(precision + digits + halvings). The point is between height(drawn) and height(drawn + 1).
    const shift = BigInt(digits + halvings)
    const height = (u: bigint): bigint =>
      (bottom << (BigInt(precision) + shift)) + ((u * length) << BigInt(precision))
    if (height(drawn + 1n) <= (low * unit) << shift) return true
    if (height(drawn) >= (high * unit) << shift) return false
  }
}
