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
  /** Bounds that decide most points above a floor without computing a weight. */
  private readonly bounds: StepBounds

  constructor(weight: Weight, fineness: Fineness) {
    this.weight = weight
    this.hat = hatOf(weight, fineness)
    this.stepDigits = fineness.stepDigits
    this.stepMask = 2 ** fineness.stepDigits - 1
    this.table = new AliasTable(this.hat.areas, fineness.areaDigits)
    this.starts = Int32Array.from(this.hat.steps, ({ start }) =>
      Number(BigInt.asIntN(32, start - weight.mode)),
    )
    this.bounds = new StepBounds(this.hat, weight.mode, fineness.stepDigits)
  }

  /** Fills `target` with numbers as {@link draw} gives them, from the same random words. */
  fill(target: Int32Array, words: RandomWords): void {
    const { starts, stepMask, table } = this
    const wordsPerDraw = this.stepDigits === 0 ? 1 : 2
    for (let i = 0; i < target.length; i++) {
      const unused = words.unused()
      let used = 0
      for (const last = unused.length - 2; i < target.length && used <= last; i++) {
        const part = table.pick(unused[used]!)
        if (part >= starts.length) break
        target[i] = starts[part]! + (unused[used + 1]! & stepMask)
        used += wordsPerDraw
      }
      words.skip(used)
      // A rare part, or the last words of a batch.
      if (i < target.length) target[i] = this.draw(words)
    }
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
      const offset = stepDigits === 0 ? 0 : words.next() & this.stepMask
      const digits = words.next()
      const k = start + BigInt(offset)
      const quick = this.bounds.decide(part, offset, digits)
      if (quick !== undefined) return quick ? k : undefined
      const sliver = { bottom: floor, length: ceiling - floor, halvings: 0, unit }
      return isBelow(weight, k, sliver, words, BigInt(digits)) ? k : undefined
    }
    const tail = tails[part - steps.length]
    if (tail === undefined) return undefined
    const { start, direction, digits, ceiling } = tail
    const halvings = drawPiece(words)
    const k = start + direction * ((BigInt(halvings) << BigInt(digits)) + words.integer(digits))
    return isBelow(weight, k, { bottom: 0n, length: ceiling, halvings, unit }, words) ? k : undefined
  }
}

/** A relative margin for the rounding errors of a few operations on doubles, each of which is below 2^−52. */
const MARGIN = 2 ** -46

/**
 * Bounds on the weights within each step, which need a few operations on doubles. They are proven, so a decision by them is
 * the one that the exact weight would give. About one point in a hundred is between the bounds.
 *
 * Let a be the number of the step that is closest to the mode, b the farthest, and k a number between them. The logarithm of
 * the weight w is concave. So ln w(k) is at least on the line between ln w(a) and ln w(b), and at most on the line through
 * ln w(a) and the logarithm at the corresponding number a′ of the previous step:
 * - With t = (k − a)/(b − a): w(k) ≥ w(a)^(1−t) w(b)^t ≥ 1/((1 − t)/w(a) + t/w(b)), because a geometric mean is at least
 *   the harmonic mean.
 * - With s = (k − a)/(a − a′): w(k) ≤ w(a) (w(a)/w(a′))^s ≤ w(a) (1 − s + s w(a)/w(a′)), because a geometric mean is at most
 *   the arithmetic mean.
 *
 * In units of the hat, a floor is at most w(b), and a ceiling is above w(a) by less than 2.
 */
export class StepBounds {
  private readonly floors: Float64Array
  private readonly ceilings: Float64Array
  /** A lower bound on 1 − w(a)/w(a′); 0 for the steps next to the mode. */
  private readonly drops: Float64Array
  /** The index of the first step on the other side of the mode. There, a is the last number of the step. */
  private readonly turn: number
  private readonly width: number

  constructor({ steps }: Hat, mode: bigint, stepDigits: number) {
    this.width = 2 ** stepDigits
    this.floors = Float64Array.from(steps, ({ floor }) => Number(floor))
    this.ceilings = Float64Array.from(steps, ({ ceiling }) => Number(ceiling))
    const below = steps.findIndex(({ start }) => start < mode)
    this.turn = below < 0 ? steps.length : below
    this.drops = this.ceilings.map((ceiling, index) => {
      const previous = this.ceilings[index - 1]
      if (previous === undefined || index === this.turn || previous <= 2) return 0
      return Math.max(1 - (ceiling / (previous - 2)) * (1 + MARGIN), 0)
    })
  }

  /**
   * Whether a point between floor and ceiling of a step is below the weight of the number at `offset`; `undefined` if the
   * bounds do not decide it. The point is at a height of at least floor + digits/2^32 of the sliver, and at most one digit more.
   */
  decide(step: number, offset: number, digits: number): boolean | undefined {
    const floor = this.floors[step]!
    const ceiling = this.ceilings[step]!
    const farthest = this.width - 1
    const distance = step < this.turn ? offset : farthest - offset
    const inner = ceiling - 2
    const sliver = (ceiling - floor) / 2 ** 32
    if (inner > floor && floor > 0 && farthest > 0) {
      const low = (inner * floor * farthest) / ((farthest - distance) * floor + distance * inner)
      if (floor + (digits + 1) * sliver <= low * (1 - MARGIN)) return true
    }
    const high = ceiling * (1 - (distance / this.width) * this.drops[step]!)
    if (floor + digits * sliver >= high * (1 + MARGIN)) return false
    return undefined
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
  /** The mark and the alias of each column. Points below the mark mean the index of the column, and all others its alias. */
  private readonly columns: Uint32Array

  constructor(areas: readonly number[], digits: number) {
    const columns = 2 ** Math.max(32 - Math.clz32(areas.length - 1), 1)
    const capacity = 2 ** digits / columns
    this.drop = 32 - digits
    this.columnDigits = digits - (31 - Math.clz32(columns))
    this.mask = capacity - 1
    this.columns = new Uint32Array(2 * columns)
    const left = Array.from({ length: columns }, (_, index) => areas[index] ?? 0)
    const small = [...left.keys()].filter((index) => left[index]! < capacity)
    const large = [...left.keys()].filter((index) => left[index]! >= capacity)
    while (small.length > 0) {
      const index = small.pop()!
      const donor = large.at(-1)!
      this.columns[2 * index] = left[index]!
      this.columns[2 * index + 1] = donor
      left[donor]! -= capacity - left[index]!
      if (left[donor]! < capacity) small.push(large.pop()!)
    }
    for (const index of large) {
      this.columns[2 * index] = capacity
      this.columns[2 * index + 1] = index
    }
  }

  /** The index for a random word that is uniform in [0, 2^32). */
  pick(word: number): number {
    const point = word >>> this.drop
    const column = point >>> this.columnDigits
    return (point & this.mask) < this.columns[2 * column]! ? column : this.columns[2 * column + 1]!
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
 * comparison is certain, and the weight is computed with at least twice as many, so the answer is exact. `first` are the first
 * {@link DIGITS} of them.
 */
export function isBelow(
  weight: Weight,
  k: bigint,
  { bottom, length, halvings, unit }: Stretch,
  random: RandomDigits,
  first: bigint = random.integer(DIGITS),
): boolean {
  let drawn = first
  for (let digits = DIGITS; ; digits += DIGITS) {
    const precision = 2 * digits + halvings
    const { low, high } = weight.bracket(k, precision)
    // All heights are multiplied by 2^(precision + digits + halvings). The point is between height(drawn) and height(drawn + 1).
    const shift = BigInt(digits + halvings)
    const height = (u: bigint): bigint =>
      (bottom << (BigInt(precision) + shift)) + ((u * length) << BigInt(precision))
    if (height(drawn + 1n) <= (low * unit) << shift) return true
    if (height(drawn) >= (high * unit) << shift) return false
    drawn = (drawn << BigInt(DIGITS)) | random.integer(DIGITS)
  }
}
