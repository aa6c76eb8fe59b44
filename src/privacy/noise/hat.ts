import type { Weight } from './weights.js'

/** How fine a hat is. This affects only the speed of a draw, and not its distribution. */
export interface Fineness {
  /** A step is 2^stepDigits numbers wide. */
  readonly stepDigits: number
  /** Steps are added until the weight has fallen to 2^−reachDigits of its maximum. */
  readonly reachDigits: number
  /** 10 to 32: areas are whole multiples of 2^−areaDigits of the total area. */
  readonly areaDigits: number
}

/** A step of a hat: a run of numbers with a lower and an upper bound on their weights. */
export interface Step {
  /** The first number. */
  readonly start: bigint
  /** A lower bound on all weights in the step. */
  readonly floor: bigint
  /** An upper bound on all weights in the step. */
  readonly ceiling: bigint
}

/** All numbers beyond the last step on one side, in pieces of equal width. */
export interface Tail {
  /** The number next to the last step. */
  readonly start: bigint
  /** Whether the numbers grow or fall from `start`. */
  readonly direction: 1n | -1n
  /** A piece is 2^digits numbers wide. */
  readonly digits: number
  /** An upper bound on all weights in the first piece. Half of it is a bound for the second piece, and so on. */
  readonly ceiling: bigint
}

/** A staircase above a distribution. Floors and ceilings are in units in which a weight of 1 is `unit`. */
export interface Hat {
  readonly unit: bigint
  readonly steps: readonly Step[]
  readonly tails: readonly Tail[]
  /**
   * The areas below the floors, then those between floors and ceilings, then those of the tails, and last the rest of the
   * total area. They are in units of a step's width, so all are whole numbers.
   */
  readonly areas: readonly number[]
}

/** The precision, in binary digits, with which a hat is computed. */
const PRECISION = 160

/** A hat with steps from the mode outward, and a tail on each side on which the distribution continues. */
export function hatOf(weight: Weight, fineness: Fineness): Hat {
  const { steps, tails } = outlineOf(weight, fineness)
  // Each piece of a tail is half as high as the one before, so all pieces together are twice as large as the first.
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

/** Steps and tails whose heights are weights times 2^{@link PRECISION}. */
function outlineOf(weight: Weight, { stepDigits, reachDigits }: Fineness): Pick<Hat, 'steps' | 'tails'> {
  const width = 1n << BigInt(stepDigits)
  const low = (k: bigint): bigint => weight.bracket(k, PRECISION).low
  const high = (k: bigint): bigint => weight.bracket(k, PRECISION).high
  const minimum = low(weight.mode) >> BigInt(reachDigits)
  const steps: Step[] = []
  const tails: Tail[] = []
  for (const direction of [1n, -1n] as const) {
    let inner = direction === 1n ? weight.mode : weight.mode - 1n
    let ceiling = high(inner)
    while (ceiling > minimum) {
      const outer = inner + direction * (width - 1n)
      steps.push({ start: direction === 1n ? inner : outer, floor: low(outer), ceiling })
      inner = outer + direction
      ceiling = high(inner)
    }
    if (ceiling === 0n) continue // the end of the support
    let digits = stepDigits
    // The logarithm of the weight is concave. So if the weight halves over a width here, it at least halves farther out, too.
    while (2n * high(inner + (direction << BigInt(digits))) > low(inner)) digits++
    tails.push({ start: inner, direction, digits, ceiling })
  }
  return { steps, tails }
}

function sumOf(values: readonly bigint[]): bigint {
  return values.reduce((sum, value) => sum + value, 0n)
}
