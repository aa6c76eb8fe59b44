import { partsOf, requireArray, requireInteger } from '../arguments.js'
import { PHASES, type PhaseName, usageError } from '../errors.js'
import type { AdversaryModel } from '../protocol/index.js'
import { createVector, type Lanes, type Segment, type Vector } from '../vector/index.js'

/**
 * A group of clients that drop out at the same time.
 * @experimental
 */
export interface Drop {
  /** The first phase in which they send nothing. */
  readonly phase: PhaseName
  /** The number of clients, 0 to 65535. */
  readonly count: number
}

/** Labels of the streams of random numbers that are derived from one seed. */
const STREAM = { drops: 1, inputs: 2 } as const

/**
 * A copy of what a caller gave as drops.
 * @throws {SecAggError} `invalid-argument` if it is not a list of drops, or names a phase that the model does not have.
 */
export function checkedDrops(drops: readonly Drop[] | undefined, adversary: AdversaryModel): readonly Drop[] {
  if (drops === undefined) return []
  requireArray('drops', drops)
  const copy = drops.map((drop) => partsOf('a drop', drop))
  for (const { phase, count } of copy) {
    if (!PHASES.includes(phase)) {
      throw usageError('invalid-argument', `the phase of a drop must be one of ${PHASES.join(', ')}`)
    }
    requireInteger('the number of clients that drop out', count, 0, 65535)
  }
  if (adversary === 'honest-but-curious' && copy.some(({ phase }) => phase === 'consistency-check')) {
    throw usageError('invalid-argument', 'only the active model has the phase consistency-check')
  }
  return copy
}

/** Whether a client that drops out at `dropsAt`, if at all, answers in `phase`. */
export function takesPart(dropsAt: PhaseName | undefined, phase: PhaseName): boolean {
  return dropsAt === undefined || PHASES.indexOf(phase) < PHASES.indexOf(dropsAt)
}

/**
 * Chooses the clients that drop out, different ones for each entry. Returns the first phase that each of them misses.
 * @throws {SecAggError} `invalid-argument` if there are fewer clients than should drop out.
 */
export function chooseDrops(
  clients: number,
  drops: readonly Drop[],
  seed: number,
): ReadonlyMap<number, PhaseName> {
  const total = drops.reduce((sum, { count }) => sum + count, 0)
  if (total > clients) {
    throw usageError('invalid-argument', `${total} of ${clients} clients cannot drop out`, {
      expected: clients,
      got: total,
    })
  }
  const seats = Array.from({ length: clients }, (_, seat) => seat)
  const order = new SeededRandom(seed, STREAM.drops).shuffle(seats)
  const phases = drops.flatMap(({ phase, count }) => new Array<PhaseName>(count).fill(phase))
  return new Map(phases.map((phase, index) => [order[index]!, phase]))
}

/** The input of one client: one segment of uniform values below 2^`valueBits`. */
export function inputOf(seat: number, segment: Segment, valueBits: number, seed: number): Vector {
  const vector = createVector([segment])
  inputGenerator(seat, valueBits, seed)(vector[0]!)
  return vector
}

/** Returns a function that fills lanes with the next elements of {@link inputOf}, beginning with the first one. */
export function inputGenerator(seat: number, valueBits: number, seed: number): (lanes: Lanes) => void {
  const random = new SeededRandom(seed, STREAM.inputs, seat)
  return (lanes) => {
    if (lanes instanceof BigUint64Array) {
      for (let i = 0; i < lanes.length; i++) {
        lanes[i] = BigInt.asUintN(valueBits, (BigInt(random.word()) << 32n) | BigInt(random.word()))
      }
    } else {
      for (let i = 0; i < lanes.length; i++) lanes[i] = random.word() >>> (32 - valueBits)
    }
  }
}

/**
 * A reproducible generator for the inputs and dropouts of simulations: xoshiro128** (Blackman and Vigna 2018), seeded by
 * SplitMix32. It is predictable, so never use it for keys, masks or shares.
 */
export class SeededRandom {
  readonly #state: Uint32Array

  /** Different labels produce independent streams from the same seed. */
  constructor(seed: number, ...labels: readonly number[]) {
    let mixed = 0
    const next = (): number => {
      mixed = (mixed + 0x9e3779b9) >>> 0
      let word = mixed
      word = Math.imul(word ^ (word >>> 16), 0x21f0aaad)
      word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
      return (word ^ (word >>> 15)) >>> 0
    }
    for (const label of [seed, seed / 2 ** 32, ...labels]) {
      mixed = (mixed ^ label) >>> 0
      mixed = next()
    }
    this.#state = Uint32Array.from({ length: 4 }, next)
  }

  /** Uniform in [0, 2^32). */
  word(): number {
    const state = this.#state
    const product = Math.imul(state[1]!, 5)
    const result = Math.imul((product << 7) | (product >>> 25), 9)
    const shifted = state[1]! << 9
    state[2]! ^= state[0]!
    state[3]! ^= state[1]!
    state[1]! ^= state[2]!
    state[0]! ^= state[3]!
    state[2]! ^= shifted
    state[3] = (state[3]! << 11) | (state[3]! >>> 21)
    return result >>> 0
  }

  /** Uniform in [0, limit), 1 ≤ limit ≤ 2^32. */
  below(limit: number): number {
    const unbiased = 2 ** 32 - (2 ** 32 % limit)
    let word = this.word()
    while (word >= unbiased) word = this.word()
    return word % limit
  }

  /** A copy of `values` in random order. */
  shuffle<T>(values: readonly T[]): T[] {
    const shuffled = [...values]
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const swapped = shuffled[i]!
      shuffled[i] = shuffled[j]!
      shuffled[j] = swapped
    }
    return shuffled
  }
}
