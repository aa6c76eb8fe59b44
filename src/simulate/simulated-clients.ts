import { type PhaseName, usageError } from '../errors.js'
import { createVector, type Lanes, type Segment, type Vector } from '../vector/index.js'

/**
 * Clients that no longer send the message of a round, nor any after it.
 * @experimental
 */
export interface Drop {
  readonly phase: PhaseName
  readonly count: number
}

/** Labels of the streams that one seed gives. */
const STREAM = { drops: 1, inputs: 2 } as const

/**
 * The message that each dropping client no longer sends; clients of different entries are different ones.
 * @throws {SecAggError} `invalid-argument` where more would drop than there are.
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
  const rounds = drops.flatMap(({ phase, count }) => new Array<PhaseName>(count).fill(phase))
  return new Map(rounds.map((phase, index) => [order[index]!, phase]))
}

/** The input of one client: one segment of values uniform below 2^`valueBits`. */
export function inputOf(seat: number, segment: Segment, valueBits: number, seed: number): Vector {
  const vector = createVector([segment])
  inputGenerator(seat, valueBits, seed)(vector[0]!)
  return vector
}

/** Gives the elements of {@link inputOf} from the first on, as many at each call as there are lanes to fill. */
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
 * A reproducible generator (xoshiro128**, Blackman and Vigna 2018, seeded by SplitMix32) for inputs and dropouts of
 * simulations. It is predictable: never for keys, masks or shares.
 */
export class SeededRandom {
  readonly #state: Uint32Array

  /** Different labels give independent streams of the same seed. */
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
