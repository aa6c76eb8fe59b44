import { partsOf, requireMethods } from '../arguments.js'
import type { CryptoProvider } from '../crypto/provider.js'
import { platformRandomBytes, platformRandomPieces } from '../crypto/random.js'
import { usageError } from '../errors.js'
import { BATCH, encodeRange } from '../fixed-point/encode-range.js'
import { requireWeight } from '../fixed-point/real-values.js'
import { weightLanes } from '../fixed-point/weighted-mean.js'
import { preparePrivateEncoder } from '../privacy/float-encoder.js'
import type { PrivateEncoder } from '../privacy/index.js'
import { type RoundInput, roundInput } from '../rounds/index.js'
import type { Named, TensorLike } from '../tensors/index.js'
import { arraysOf, byName } from '../tensors/tensor.js'
import { type Into, requireIntoVector } from '../vector/into.js'
import { bytesOf as bytesOfLanes, typedArrayName } from '../vector/lanes.js'
import type { Vector } from '../vector/segments.js'
import { layoutOfPlan } from './clip-layout.js'
import { encodeInGroups, privateVector } from './encode-groups.js'
import { type Round, requireRound } from './round.js'
import { type RoundPlan, rotationSeedOf } from './round-plan.js'
import { readerOfUpdate, type Update, type UpdateClipping, valuesOf } from './update-values.js'

/**
 * Options of {@link encodeUpdate}.
 * @public
 */
export interface EncodeUpdateOptions extends Into<Vector> {
  /** What happens to values beyond the clip: they are clipped and reported, or the update is refused. Default: `report`. */
  readonly onClip?: 'report' | 'refuse' | undefined
  /** The source of randomness for rounding and noise. Default: the platform's generator. */
  readonly crypto?: CryptoProvider | undefined
}

/**
 * An update that is encoded for the client's session.
 * @public
 */
export interface PreparedUpdate {
  /**
   * The input for a `ClientSession` of this round. Encode an update once per round: because of the random rounding, encoding it
   * again gives other numbers, and a resumed session refuses them.
   */
  readonly input: RoundInput
  /** Whether anything was clipped. */
  readonly clipped: boolean
  readonly clipping: UpdateClipping
}

/**
 * Encodes the update of a client for the session of a round. It clips, rounds and weights the values. With privacy it clips
 * the whole update, rotates and rounds it, and adds noise.
 *
 * @param update - The update: tensors by name, or one flat array if the task has a length.
 * @param weight - The weight of the update in the mean, such as the number of examples: a whole number from 0 to the task's
 *   `maximumWeight`. With privacy it must be 1.
 * @param round - The round from `openRound`.
 * @param options - What happens to values beyond the clip, the source of randomness, and memory for the vector of the input,
 *   such as `createVector(plan.segments)`. Do not use memory again before the session that got its input is over.
 * @returns The input for the client's session, and what was clipped.
 * @throws {SecAggError} `invalid-argument` if a tensor is missing, not in the plan or of another shape, the array has another
 *   length, or `into` does not fit; `input-out-of-range` if the weight is out of its range, a value is not finite, or `onClip` is `refuse`
 *   and the update would be clipped. The message names the tensor and element, or the weight. `no-randomness` if the
 *   generator is broken.
 * @example
 * ```ts
 * // Continues the example of openRound.
 * import { encodeUpdate } from 'secagg/federated'
 *
 * const update = {
 *   kernel: { shape: [2, 2], data: Float32Array.of(0.5, -0.25, 0.125, 2) },
 *   bias: { shape: [2], data: Float32Array.of(0, 1) },
 * }
 * const { input, clipped, clipping } = encodeUpdate(update, 1, round)
 * console.log(clipped, clipping) // true { kind: 'values', count: 1, largest: 2, excess: 1 }
 * ```
 * @public
 */
export function encodeUpdate(
  update: Update,
  weight: number,
  round: Round,
  options: EncodeUpdateOptions = {},
): PreparedUpdate {
  requireRound(round)
  const { onClip = 'report', crypto, into } = partsOf('the options of an update', options)
  if (crypto !== undefined) requireMethods('a crypto provider', crypto, 'randomBytes')
  if (onClip !== 'report' && onClip !== 'refuse') {
    throw usageError('invalid-argument', "onClip must be 'report' or 'refuse'", { got: typeof onClip })
  }
  const { plan, config } = round
  if (plan.privacy !== undefined) requireWeightOne(weight)
  // The update is read more than once, which an iterator of tensors does not allow.
  const own = plan.manifest === undefined ? update : byName(update as Named<TensorLike>)
  if (into !== undefined) {
    const inputs = plan.manifest === undefined ? [own] : arraysOf(byName(own as Named<TensorLike>))
    requireIntoVector(into, config.segments, inputs)
  }
  if (plan.privacy !== undefined) return encodePrivately(own, round, { onClip, crypto, into })
  const randomBytes = bytesOf(crypto) ?? platformRandomPieces()
  const layout = layoutOfPlan(plan)
  const encoding = { onClip, randomBytes, into }
  const { vector, clipping } =
    layout === undefined
      ? encodeWithOneClip(own, weight, plan, encoding)
      : encodeInGroups(own, weight, plan, layout, encoding)
  return { input: roundInput(config, vector), clipped: clipping.count > 0, clipping }
}

/** The generator of a provider, as a function that does not depend on `this`. */
export function bytesOf(crypto: CryptoProvider | undefined): ((count: number) => Uint8Array) | undefined {
  return crypto && ((count) => crypto.randomBytes(count))
}

function encodeWithOneClip(
  update: Update,
  weight: number,
  plan: RoundPlan,
  options: Parameters<typeof encodeInGroups>[4],
): ReturnType<typeof encodeInGroups> {
  const { encoding, segments, length } = plan
  requireWeight(weight, encoding!.maximumWeight)
  const { into } = options
  const rangeOptions = { ...options, weight, into: into?.[0] }
  // Tensors are read where they are. A flat array of all values would need as much memory again.
  const read = readerOfUpdate(update, plan, true)
  const { lanes, clipped } = namingTensors(update, plan, () =>
    encodeRange(read, { from: 0, to: length }, encoding!, rangeOptions),
  )
  const last = weightLanes(weight, segments[1]!.bits)
  if (into !== undefined) into[1]!.set(last as never)
  return { vector: into ?? [lanes, last], clipping: { kind: 'values', ...clipped } }
}

/** The result of `work`. If it fails and a number of a tensor is not finite, the error names the tensor. */
function namingTensors<T>(update: Update, plan: RoundPlan, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const read = readerOfUpdate(update, plan)
    const batch = new Float64Array(Math.min(BATCH, plan.length))
    for (let from = 0; from < plan.length; from += BATCH) {
      read(batch, from, Math.min(BATCH, plan.length - from))
    }
    throw error
  }
}

function encodePrivately(
  update: Update,
  { plan, config }: Round,
  { onClip = 'report', crypto, into }: EncodeUpdateOptions,
): PreparedUpdate {
  const layout = layoutOfPlan(plan)
  const seed = rotationSeedOf(config.sessionId)
  if (layout !== undefined) {
    const { vector, clipping } = privateVector(update, plan, layout, onClip)
    const { vector: lanes } = encoderFor(plan, crypto).encode(vector, seed, { into: into?.[0] })
    return { input: roundInput(config, into ?? [lanes]), clipped: clipping.factor < 1, clipping }
  }
  const values = valuesOf(update, plan)
  const numbers = typedArrayName(values) === undefined ? Float64Array.from(values, requireNumber) : values
  const { vector, clipping } = encoderFor(plan, crypto).encode(numbers as Float32Array | Float64Array, seed, {
    into: into?.[0],
  })
  const { norm, factor, clipped } = clipping
  if (clipped && onClip === 'refuse') {
    bytesOfLanes(vector).fill(0)
    throw usageError('input-out-of-range', 'the L2 norm of the update is above the clip', {
      expected: `at most ${plan.privacy!.clip}`,
    })
  }
  return { input: roundInput(config, into ?? [vector]), clipped, clipping: { kind: 'norm', norm, factor } }
}

/**
 * Encoders by plan: preparing the noise takes longer than encoding most updates. Providers are not kept, because some programs
 * make one for each round.
 */
const prepared = new WeakMap<RoundPlan, ReturnType<typeof preparePrivateEncoder>>()

function encoderFor(plan: RoundPlan, crypto: CryptoProvider | undefined): PrivateEncoder {
  const encoderWith = prepared.get(plan) ?? preparePrivateEncoder(plan.privacy!)
  prepared.set(plan, encoderWith)
  return encoderWith(crypto ?? { randomBytes: platformRandomBytes })
}

function requireNumber(value: unknown, index: number): number {
  if (typeof value === 'number') return value
  throw usageError('invalid-argument', `value ${index} is not a number`, { got: typeof value })
}

function requireWeightOne(weight: number): void {
  if (weight === 1) return
  const got = typeof weight === 'number' ? weight : typeof weight
  throw usageError(
    'input-out-of-range',
    `with privacy, the weight must be 1, not ${got}` +
      (weight === 0 ? '; a client without examples sends an update of zeros' : ''),
    {
      expected: 1,
      got,
    },
  )
}
