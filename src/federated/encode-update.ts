import { sha256 } from '@noble/hashes/sha2.js'
import { partsOf, requireMethods } from '../arguments.js'
import { ascii, concatBytes, isBytes } from '../crypto/bytes.js'
import { type CryptoProvider, nobleCrypto } from '../crypto/index.js'
import { usageError } from '../errors.js'
import { createWeightedMean, encodeWeighted, type RealValues } from '../fixed-point/index.js'
import { streamFrom, streamWeighted } from '../fixed-point/streamed.js'
import { preparePrivateEncoder } from '../privacy/float-encoder.js'
import type { PrivateEncoder } from '../privacy/index.js'
import { type RoundInput, roundInput, type VectorSource } from '../rounds/index.js'
import { tensorReader } from '../tensors/flatten.js'
import { flatten, type Named, type TensorLike } from '../tensors/index.js'
import { vectorInRange } from '../vector/index.js'
import { typedArrayName } from '../vector/lanes.js'
import { type Round, requireRound } from './round.js'
import { type RoundPlan, rotationSeedOf } from './round-plan.js'

/**
 * The update of a client: tensors by name, or one flat array if the task has a length.
 * @public
 */
export type Update = Named<TensorLike> | RealValues

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
 * What clipping changed in an update: each value on its own or, with privacy, the norm of the whole update. Do not send it to
 * the server.
 * @public
 */
export type UpdateClipping =
  | {
      readonly kind: 'values'
      /** The number of values beyond the clip. */
      readonly count: number
      /** The largest magnitude of all values. */
      readonly largest: number
      /** Σ (|x| − c) over the clipped values. */
      readonly excess: number
    }
  | {
      readonly kind: 'norm'
      /** The L2 norm of the update. */
      readonly norm: number
      /** The factor by which the update was multiplied, at most 1. */
      readonly factor: number
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
  if (plan.privacy !== undefined) requireWeightOne(weight)
  const values = valuesOf(update, plan)
  return plan.privacy === undefined
    ? encodeExactly(values, weight, round, { onClip, crypto })
    : encodePrivately(values, round, { onClip, crypto })
}

function encodeExactly(
  values: RealValues,
  weight: number,
  { plan: { length, encoding }, config }: Round,
  { onClip, crypto }: EncodeUpdateOptions,
): PreparedUpdate {
  const randomBytes = crypto && ((count: number): Uint8Array => crypto.randomBytes(count))
  const task = createWeightedMean(length, encoding!)
  const { input, clipped } = encodeWeighted(values, weight, task, { onClip, randomBytes })
  return {
    input: roundInput(config, input),
    clipped: clipped.count > 0,
    clipping: { kind: 'values', ...clipped },
  }
}

function encodePrivately(
  values: RealValues,
  { plan, config }: Round,
  { onClip, crypto }: EncodeUpdateOptions,
): PreparedUpdate {
  const numbers = typedArrayName(values) === undefined ? Float64Array.from(values, requireNumber) : values
  const { vector, clipping } = encoderFor(plan, crypto).encode(
    numbers as Float32Array | Float64Array,
    rotationSeedOf(config.sessionId),
  )
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
  // Only its random bytes are used, and noble's come from the platform.
  return encoderWith(crypto ?? nobleCrypto())
}

function valuesOf(update: Update, { manifest, length }: RoundPlan): RealValues {
  if (manifest !== undefined) return flatten(update as Named<TensorLike>, manifest)
  const type = typedArrayName(update) ?? (Array.isArray(update) ? 'array' : typeof update)
  const isArray = type === 'Float32Array' || type === 'Float64Array' || type === 'array'
  if (isArray && (update as RealValues).length === length) return update as RealValues
  throw usageError(
    'invalid-argument',
    `the update must be a Float32Array, a Float64Array or an array of ${length} numbers`,
    {
      expected: length,
      got: isArray ? (update as RealValues).length : type,
    },
  )
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

/**
 * Options of {@link streamUpdate}.
 * @public
 */
export interface StreamUpdateOptions extends EncodeUpdateOptions {
  /**
   * 32 secret bytes that, together with the round, determine the rounding. With the same seed, the same update gives the same
   * input again, so a client that stores the update and the seed can continue after a crash. Default: drawn by `crypto`. Not
   * allowed with privacy.
   */
  readonly roundingSeed?: Uint8Array | undefined
}

/**
 * An update that is encoded slice by slice for the client's session.
 * @public
 */
export interface PreparedStream extends Omit<PreparedUpdate, 'input'> {
  /** The input for a `ClientSession` of this round. */
  readonly input: RoundInput<VectorSource>
}

/**
 * Does the same as {@link encodeUpdate}, for a large model: each slice of the input is encoded when the session asks for it,
 * so at most one slice is in memory. The task needs a `sliceLength`. All values are checked at the beginning. The update must
 * not change until the round is over.
 *
 * With privacy, the whole update is encoded at once and kept in memory, because the rotation mixes all values.
 *
 * @param update - The update: tensors by name, or one flat array if the task has a length.
 * @param weight - The weight of the update in the mean: a whole number from 0 to the task's `maximumWeight`. With privacy it
 *   must be 1.
 * @param round - The round from `openRound`.
 * @param options - What happens to values beyond the clip, and the source of randomness.
 * @returns The input for the client's session, and what was clipped.
 * @throws {SecAggError} What `encodeUpdate` throws. `invalid-argument` also if `roundingSeed` does not have 32 bytes, or is given
 *   with privacy.
 * @example
 * ```ts
 * import { openRound, planRound, streamUpdate } from 'secagg/federated'
 *
 * const failures = { dropoutFraction: 0.25, corruptFraction: 0 } as const
 * const plan = planRound({ length: 1000, clients: 4, adversary: 'active', ...failures, clip: 1, sliceLength: 256 })
 * const round = openRound(plan, { sessionId: new Uint8Array(16).fill(1) }) // real ones are random and used once
 *
 * const { input, clipped } = streamUpdate(new Float32Array(1000).fill(0.5), 1, round)
 * console.log(clipped) // false
 * ```
 * @public
 */
export function streamUpdate(
  update: Update,
  weight: number,
  round: Round,
  options: StreamUpdateOptions = {},
): PreparedStream {
  requireRound(round)
  const { plan, config } = round
  const { roundingSeed, ...rest } = partsOf('the options of an update', options)
  if (rest.crypto !== undefined) requireMethods('a crypto provider', rest.crypto, 'randomBytes')
  if (plan.privacy !== undefined) {
    if (roundingSeed !== undefined) {
      throw usageError(
        'invalid-argument',
        'with privacy, roundingSeed is not allowed, because every update needs fresh noise',
      )
    }
    const { input, clipped, clipping } = encodeUpdate(update, weight, round, rest)
    const source: VectorSource = (range) => vectorInRange(input.vector, config.segments, range)
    return { input: roundInput(config, source), clipped, clipping }
  }
  const { onClip, crypto } = rest
  const task = createWeightedMean(plan.length, plan.encoding!)
  const streamOptions = {
    onClip,
    randomBytes: crypto && ((count: number): Uint8Array => crypto.randomBytes(count)),
    roundingSeed: roundingSeed === undefined ? undefined : seedOf(roundingSeed, config.hash),
  }
  const { input, clipped } =
    plan.manifest === undefined
      ? streamWeighted(update as Parameters<typeof streamWeighted>[0], weight, task, streamOptions)
      : streamFrom(tensorReader(update as Named<TensorLike>, plan.manifest), weight, task, streamOptions)
  return {
    input: roundInput(config, input),
    clipped: clipped.count > 0,
    clipping: { kind: 'values', ...clipped },
  }
}

/** Derives a different seed for each round. With the same rounding in several rounds, the errors would add up. */
function seedOf(seed: Uint8Array, hash: Uint8Array): Uint8Array {
  if (isBytes(seed) && seed.length === 32) return sha256(concatBytes(ascii('secagg rounding'), seed, hash))
  throw usageError('invalid-argument', 'roundingSeed must be a Uint8Array of 32 bytes', {
    expected: 32,
    got: isBytes(seed) ? seed.length : typeof seed,
  })
}
