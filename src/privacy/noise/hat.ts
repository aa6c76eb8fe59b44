import type { Weight } from './weights.js'

/** How fine a hat is; what is drawn does not depend on it, only how long it takes. */
export interface Fineness {
  /** A step is 2^stepDigits numbers wide. */
  readonly stepDigits: number
  /** Steps go on until the weight has fallen to 2^−reachDigits of its greatest. */
  readonly reachDigits: number
  /** 10 to 32: areas are whole multiples of 2^−areaDigits of the whole. */
  readonly areaDigits: number
}

/** A run of numbers. */
export interface Step {
  /** Its first number. */
  readonly start: bigint
  /** At most the least weight on it. */
  readonly floor: bigint
  /** At least the greatest weight on it. */
  readonly ceiling: bigint
}

/** All numbers beyond the last step on one side, in pieces of equal width. */
export interface Tail {
  /** Its first number. */
  readonly start: bigint
  /** Whether it goes on upward or downward from there. */
  readonly direction: 1n | -1n
  /** A piece is 2^digits numbers wide. */
  readonly digits: number
  /** At least the greatest weight on the first piece; half of it will do for the second, and so on. */
  readonly ceiling: bigint
}

/** A staircase over a law; floors and ceilings in units of which a weight of 1 has `unit`. */
export interface Hat {
  readonly unit: bigint
  readonly steps: readonly Step[]
  readonly tails: readonly Tail[]
  /**
   * What lies below the floors, between floors and ceilings, and in the tails, one after the other, and what is left of the
   * whole. In units of a step's width, so all are whole.
   */
  readonly areas: readonly number[]
}

/** The precision with which a hat is made. */
const PRECISION = 160

/** A hat with steps from the mode outward, and a tail on either side where the law goes on. */
export function hatOf(weight: Weight, fineness: Fineness): Hat {
  const { steps, tails } = outlineOf(weight, fineness)
  // The pieces of a tail, of which each is half as high as the one before, make up two of the first.
  const widthOf = ({ digits }: Tail): bigint => 2n << BigInt(digits - fineness.stepDigits)
  const whole = 1n << BigInt(fineness.areaDigits)
  const roundedUp = BigInt(steps.length) + sumOf(tails.map(widthOf))
  const heights = [
    ...steps.map(({ ceiling }) => ceiling),
    ...tails.map((tail) => widthOf(tail) * tail.ceiling),
  ]
  const unit = ((whole - roundedUp) << BigInt(PRECISION)) / sumOf(heights)
  const down = (height: bigint): bigint => (height * unit) >> BigInt(PRECISION)
  const scaledSteps = steps.map(({ start, floor, ceiling }) => ({
    start,
    floor: down(floor),
    ceiling: down(ceiling) + 1n,
  }))
  const scaledTails = tails.map((tail) => ({ ...tail, ceiling: down(tail.ceiling) + 1n }))
  const areas = [
    ...scaledSteps.map(({ floor }) => floor),
    ...scaledSteps.map(({ floor, ceiling }) => ceiling - floor),
    ...scaledTails.map((tail) => widthOf(tail) * tail.ceiling),
  ]
  return {
    unit,
    steps: scaledSteps,
    tails: scaledTails,
    areas: [...areas, whole - sumOf(areas)].map(Number),
  }
}

/** Steps and tails with heights that are weights times 2^{@link PRECISION}. */
function outlineOf(weight: Weight, { stepDigits, reachDigits }: Fineness): Pick<Hat, 'steps' | 'tails'> {
  const width = 1n << BigInt(stepDigits)
  const low = (k: bigint): bigint => weight.bracket(k, PRECISION).low
  const high = (k: bigint): bigint => weight.bracket(k, PRECISION).high
  const least = low(weight.mode) >> BigInt(reachDigits)
  const steps: Step[] = []
  const tails: Tail[] = []
  for (const direction of [1n, -1n] as const) {
    let inner = direction === 1n ? weight.mode : weight.mode - 1n
    let ceiling = high(inner)
    while (ceiling > least) {
      const outer = inner + direction * (width - 1n)
      steps.push({ start: direction === 1n ? inner : outer, floor: low(outer), ceiling })
      inner = outer + direction
      ceiling = high(inner)
    }
    if (ceiling === 0n) continue // the end of the support
    let digits = stepDigits
    // As the logarithm is concave, what halves once from the first number on halves from every one.
    while (2n * high(inner + (direction << BigInt(digits))) > low(inner)) digits++
    tails.push({ start: inner, direction, digits, ceiling })
  }
  return { steps, tails }
}

function sumOf(values: readonly bigint[]): bigint {
  return values.reduce((sum, value) => sum + value, 0n)
}
