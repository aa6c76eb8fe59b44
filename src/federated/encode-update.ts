import { partsOf, requireMethods } from '../arguments.js'
import type { CryptoProvider } from '../crypto/provider.js'
import { platformRandomBytes, platformRandomPieces } from '../crypto/random.js'
import { usageError } from '../errors.js'
import { createWeightedMean, encodeWeighted, type RealValues } from '../fixed-point/index.js'
import { preparePrivateEncoder } from '../privacy/float-encoder.js'
import type { PrivateEncoder } from '../privacy/index.js'
import { type RoundInput, roundInput } from '../rounds/index.js'
import { typedArrayName } from '../vector/lanes.js'
import { layoutOfPlan } from './clip-layout.js'
import { encodeInGroups, privateVector } from './encode-groups.js'
import { type Round, requireRound } from './round.js'
import { type RoundPlan, rotationSeedOf } from './round-plan.js'
import { type Update, type UpdateClipping, valuesOf } from './update-values.js'

/**
 * Options of {@link encodeUpdate}.
 * @public
 */
export interface EncodeUpdateOptions {
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
 * @param options - What happens to values beyond the clip, and the source of randomness.
 * @returns The input for the client's session, and what was clipped.
 * @throws {SecAggError} `invalid-argument` if a tensor is missing, not in the plan or of another shape, or the array has
 *   another length; `input-out-of-range` if the weight is out of its range, a value is not finite, or `onClip` is `refuse`
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
  const { onClip = 'report', crypto } = partsOf('the options of an update', options)
  if (crypto !== undefined) requireMethods('a crypto provider', crypto, 'randomBytes')
  if (onClip !== 'report' && onClip !== 'refuse') {
    throw usageError('invalid-argument', "onClip must be 'report' or 'refuse'", { got: typeof onClip })
  }
  const { plan } = round
  if (plan.privacy !== undefined) {
    requireWeightOne(weight)
    return encodePrivately(update, round, { onClip, crypto })
  }
  const layout = layoutOfPlan(plan)
  if (layout === undefined) return encodeExactly(valuesOf(update, plan), weight, round, { onClip, crypto })
  const randomBytes = bytesOf(crypto) ?? platformRandomPieces()
  const { vector, clipping } = encodeInGroups(update, weight, plan, layout, { onClip, randomBytes })
  return { input: roundInput(round.config, vector), clipped: clipping.count > 0, clipping }
}

/** The generator of a provider, as a function that does not depend on `this`. */
export function bytesOf(crypto: CryptoProvider | undefined): ((count: number) => Uint8Array) | undefined {
  return crypto && ((count) => crypto.randomBytes(count))
}

function encodeExactly(
  values: RealValues,
  weight: number,
  { plan: { length, encoding }, config }: Round,
  { onClip, crypto }: EncodeUpdateOptions,
): PreparedUpdate {
  const randomBytes = bytesOf(crypto)
  const task = createWeightedMean(length, encoding!)
  const { input, clipped } = encodeWeighted(values, weight, task, { onClip, randomBytes })
  return {
    input: roundInput(config, input),
    clipped: clipped.count > 0,
    clipping: { kind: 'values', ...clipped },
  }
}

function encodePrivately(
  update: Update,
  { plan, config }: Round,
  { onClip = 'report', crypto }: EncodeUpdateOptions,
): PreparedUpdate {
  const layout = layoutOfPlan(plan)
  const seed = rotationSeedOf(config.sessionId)
  if (layout !== undefined) {
    const { vector, clipping } = privateVector(update, plan, layout, onClip)
    const { vector: lanes } = encoderFor(plan, crypto).encode(vector, seed)
    return { input: roundInput(config, [lanes]), clipped: clipping.factor < 1, clipping }
  }
  const values = valuesOf(update, plan)
  const numbers = typedArrayName(values) === undefined ? Float64Array.from(values, requireNumber) : values
  const { vector, clipping } = encoderFor(plan, crypto).encode(numbers as Float32Array | Float64Array, seed)
  const { norm, factor, clipped } = clipping
  if (clipped && onClip === 'refuse') {
    throw usageError('input-out-of-range', 'the L2 norm of the update is above the clip', {
      expected: `at most ${plan.privacy!.clip}`,
    })
  }
  return { input: roundInput(config, [vector]), clipped, clipping: { kind: 'norm', norm, factor } }
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
