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

/**
 * Picks an index with probability its area / 2^digits from one random word (Walker's alias method). The areas are whole
 * and make up 2^digits, so nothing is rounded.
 */
export class AliasTable {
  private readonly drop: number
  private readonly columnDigits: number
  private readonly mask: number
  /** A column is all one index below this mark, and another one from it on. */
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

  /** The index for a word that is uniform in [0, 2^32). */
  pick(word: number): number {
    const point = word >>> this.drop
    const column = point >>> this.columnDigits
    return (point & this.mask) < this.marks[column]! ? column : this.aliases[column]!
  }
}

/** Uniform random numbers; as much of {@link RandomWords} as a comparison takes. */
export interface RandomDigits {
  /** Uniform in [0, 2^`bits`). */
  integer(bits: number): bigint
}

/** A stretch of heights over one number, in units of which a weight of 1 has `unit`. */
export interface Stretch {
  readonly bottom: bigint
  /** Its length is `length` / 2^`halvings`. */
  readonly length: bigint
  readonly halvings: number
  readonly unit: bigint
}

/** Random digits drawn at first, and then again each time that they do not settle it. */
const DIGITS = 32

/**
 * Whether a point drawn uniformly from a stretch lies below the weight of k. The point gets as many digits as it takes to
 * tell, and the weight twice as many, so the answer is never in doubt.
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
    // All heights times 2^(precision + digits + halvings); the point is between those of drawn and drawn + 1.
    const shift = BigInt(digits + halvings)
    const height = (u: bigint): bigint =>
      (bottom << (BigInt(precision) + shift)) + ((u * length) << BigInt(precision))
    if (height(drawn + 1n) <= (low * unit) << shift) return true
    if (height(drawn) >= (high * unit) << shift) return false
  }
}
