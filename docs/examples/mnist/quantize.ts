import type { RoundParameters } from 'secagg'
import type { Vector } from 'secagg/vector'

/**
 * How real numbers become whole ones, which can be masked and summed exactly. The server announces it and every client
 * binds what it was told into the round, so that clients who were told different things form no sum.
 */
export interface Quantization {
  /** Changes of a parameter beyond ± this are cut off there. */
  readonly clip: number
  /** Steps between 0 and `clip`; a level is a whole number from −steps to steps. */
  readonly steps: number
  /** The most examples that one client may count for. */
  readonly maximumWeight: number
}

/** A client's update as whole numbers. */
export interface Levels {
  readonly levels: Int32Array
  /** How many values were cut off. */
  readonly clipped: number
}

/** What the server knows after a round, whichever way it was summed. */
export interface WeightedSum {
  /** Σ level · weight for each parameter: whole numbers. */
  readonly weighted: Float64Array
  /** Σ weight. */
  readonly weight: number
  /** Σ clipped. */
  readonly clipped: number
}

const LANE_BITS = 32

/** The finest steps with which the sum of all clients still fits 32 bits, whatever they send. */
export function chooseQuantization(clients: number, maximumWeight: number, clip: number): Quantization {
  const steps = Math.floor((2 ** LANE_BITS - 1) / (2 * clients * maximumWeight))
  if (steps < 1) throw new Error(`${clients} clients of weight ${maximumWeight} do not fit ${LANE_BITS} bits`)
  return { clip, steps, maximumWeight }
}

/**
 * The vector of a client: weighted levels, its weight, its clipped values. The bounds say how large an honest client's
 * numbers get, and `createRoundConfig` refuses them where `clients` times that could overflow.
 */
export function segmentsOf(
  { steps, maximumWeight }: Quantization,
  parameters: number,
): RoundParameters['segments'] {
  return [
    { length: parameters, bits: LANE_BITS, bound: 2 * steps * maximumWeight + 1 },
    { length: 1, bits: LANE_BITS, bound: maximumWeight + 1 },
    { length: 1, bits: LANE_BITS, bound: parameters + 1 },
  ]
}

/**
 * Clips, scales and rounds to the nearest level.
 * @throws {Error} where a value is not finite, as after training that diverged.
 */
export function quantize(update: Float32Array, { clip, steps }: Quantization): Levels {
  const levels = new Int32Array(update.length)
  let clipped = 0
  for (let i = 0; i < update.length; i++) {
    const value = update[i]!
    if (!Number.isFinite(value)) throw new Error(`parameter ${i} changed by ${value}`)
    if (Math.abs(value) > clip) clipped++
    levels[i] = Math.round((Math.min(clip, Math.max(-clip, value)) / clip) * steps)
  }
  return { levels, clipped }
}

/** The vector that a client hands to the protocol. Shifted by `steps`, for it sums numbers from 0 on. */
export function toInput({ levels, clipped }: Levels, weight: number, { steps }: Quantization): Vector {
  const weighted = Uint32Array.from(levels, (level) => (level + steps) * weight)
  return [weighted, Uint32Array.of(weight), Uint32Array.of(clipped)]
}

/** Reads the sum of such vectors: each client shifted by `steps` times its weight. */
export function fromSum(sum: Vector, { steps }: Quantization): WeightedSum {
  const [shifted, weights, clipped] = sum as readonly [Uint32Array, Uint32Array, Uint32Array]
  const weight = weights[0]!
  const weighted = Float64Array.from(shifted, (value) => value - steps * weight)
  return { weighted, weight, clipped: clipped[0]! }
}

/** The model moved by the mean update, each client counting by its examples (McMahan et al. 2017). */
export function applyMean(
  model: Float32Array,
  { weighted, weight }: WeightedSum,
  { clip, steps }: Quantization,
): Float32Array {
  return model.map((value, index) => value + (weighted[index]! / weight / steps) * clip)
}
