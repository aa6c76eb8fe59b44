import {
  chooseParameters,
  createRoundConfig,
  type GraphParameters,
  type RoundConfig,
  type RoundParameters,
  type Vector,
} from 'secagg'
import type { CryptoProvider } from 'secagg/crypto'
import { SeededRandom } from '../../src/simulate/simulated-clients.js'

/** What a soak is made of. */
export interface SoakOptions {
  readonly clients: number
  readonly rounds: number
  /** Fixes all that the network does, and the inputs; never keys. */
  readonly seed: number
  /** Elements of the first segment. */
  readonly length: number
  /** γ and δ of the sparse graph. */
  readonly corruptFraction: number
  readonly dropoutFraction: number
}

/** Labels of the independent streams of one seed. */
export const STREAM = { plan: 1, inputs: 2, clients: 3 } as const

/** Values of the first segment are below 2^VALUE_BITS. */
const VALUE_BITS = 20
const SLICES = 5

/** The graph that is proven for what a soak lets happen. */
export function graphOf(options: SoakOptions): GraphParameters {
  const { clients, corruptFraction, dropoutFraction } = options
  const adversary = 'honest-but-curious'
  const graph = chooseParameters({ clients, corruptFraction, dropoutFraction, adversary })
  if (graph.graph !== 'sparse')
    throw new Error('there is no sparse graph for so few clients and such assumptions')
  return graph
}

/** Rounds differ in suite and shape; in every third one vectors go in slices. */
export function configOf(
  options: SoakOptions,
  graph: GraphParameters,
  round: number,
  crypto: CryptoProvider,
): RoundConfig {
  const { clients, length, corruptFraction, dropoutFraction } = options
  const bits = VALUE_BITS + Math.ceil(Math.log2(clients))
  const plain = { length, bits, bound: 2 ** VALUE_BITS }
  const others: RoundParameters['segments'] = [
    { length: Math.ceil(length / 4), bits: 7, bound: 'modular' },
    { length: 3, bits: 64, bound: 'modular' },
  ]
  return createRoundConfig({
    sessionId: crypto.randomBytes(32),
    clients,
    adversary: 'honest-but-curious',
    suite: round % 2 === 0 ? 'aes' : 'chacha',
    graph: { neighbors: graph.neighbors, assumptions: { corruptFraction, dropoutFraction } },
    threshold: graph.threshold,
    minimumCohort: Math.max(graph.threshold, graph.minimumPresent - graph.dropouts),
    segments: round % 3 === 0 ? [plain] : [plain, ...others],
    ...(round % 3 === 2 && { sliceLength: Math.max(64, Math.ceil((1.25 * length + 3) / SLICES)) }),
  })
}

/** The input of one client in one round, the same whenever it is asked for. */
export function inputOf({ segments }: RoundConfig, seed: number, round: number, seat: number): Vector {
  const random = new SeededRandom(seed, STREAM.inputs, round, seat)
  return segments.map(({ length, bits, bound }) => {
    if (bits > 32) {
      return BigUint64Array.from({ length }, () => (BigInt(random.word()) << 32n) | BigInt(random.word()))
    }
    const limit = bound === 'modular' ? 2 ** bits : Number(bound)
    const values = Array.from({ length }, () => random.below(limit))
    if (bits > 16) return Uint32Array.from(values)
    return bits > 8 ? Uint16Array.from(values) : Uint8Array.from(values)
  })
}

/** Whether `sum` is what the inputs of `seats` give when they are added in the clear. */
export function isExact(
  sum: Vector,
  config: RoundConfig,
  seed: number,
  round: number,
  seats: readonly number[],
): boolean {
  const totals = config.segments.map(({ length }) => new Array<bigint>(length).fill(0n))
  for (const seat of seats) {
    for (const [segment, lanes] of inputOf(config, seed, round, seat).entries()) {
      const total = totals[segment]!
      for (let i = 0; i < total.length; i++) total[i]! += BigInt(lanes[i]!)
    }
  }
  return config.segments.every(({ bits, length }, segment) => {
    const lanes = sum[segment]!
    return (
      lanes.length === length &&
      totals[segment]!.every((total, i) => BigInt.asUintN(bits, total) === BigInt(lanes[i]!))
    )
  })
}
