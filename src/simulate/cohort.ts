import { type PhaseName, usageError } from '../errors.js'
import { createVector, type Lanes, type Segment, type Vector } from '../vector/index.js'
import { SeededRandom } from './seeded-random.js'

/** Clients that no longer send the message of a round, nor any after it. */
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
