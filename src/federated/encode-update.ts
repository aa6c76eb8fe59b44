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
 * A client's update: tensors by name, or one flat array where the task has a length.
 * @public
 */
export type Update = Named<TensorLike> | RealValues

/** @public */
export interface EncodeUpdateOptions {
  /** Whether what is beyond the clip is clipped, and reported, or refused. Default `report`. */
  readonly onClip?: 'report' | 'refuse' | undefined
  /** Draws rounding and noise. Default: the platform's generator. */
  readonly crypto?: CryptoProvider | undefined
}

/**
 * What clipping did to an update: to its values, each for itself, or under privacy to its norm. It is the client's own.
 * @public
 */
export type UpdateClipping =
  | {
      readonly kind: 'values'
      /** How many values were beyond the clip. */
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
      /** What it was multiplied by, at most 1. */
      readonly factor: number
    }

/**
 * An update, ready for the client's session.
 * @public
 */
export interface PreparedUpdate {
  /**
   * For `ClientSession`, of this round only. Encode once a round: a second time gives other numbers, which a session that
   * needs its input again refuses.
   */
  readonly input: RoundInput
  /** Whether anything was clipped. */
  readonly clipped: boolean
  readonly clipping: UpdateClipping
}

/**
 * Clips, rounds and weights an update; under privacy clips it as a whole, rotates and rounds it and adds noise.
 *
 * @param weight - How much the update counts, such as the number of examples: a whole number from 0 to `maximumWeight`;
 *   under privacy 1.
 * @throws {SecAggError} `invalid-argument` where a tensor is missing, unknown to the plan or of another shape, or the
 *   array has another length; `input-out-of-range` where the weight does not fit, a value is not finite, or something
 *   would be clipped that must not be. The message names tensor, element or weight. `no-randomness` where the generator
 *   is broken.
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
    throw usageError('invalid-argument', "onClip is 'report' or 'refuse'", { got: typeof onClip })
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

/** Preparing the noise takes longer than most updates do. Providers are not kept: some programs make one each round. */
const prepared = new WeakMap<RoundPlan, ReturnType<typeof preparePrivateEncoder>>()

function encoderFor(plan: RoundPlan, crypto: CryptoProvider | undefined): PrivateEncoder {
  const encoderWith = prepared.get(plan) ?? preparePrivateEncoder(plan.privacy!)
  prepared.set(plan, encoderWith)
  // Only random bytes are drawn from it, and those of noble are the platform's.
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
    `with privacy all updates count the same: the weight must be 1, not ${got}` +
      (weight === 0 ? '; without examples, an update of zeros' : ''),
    {
      expected: 1,
      got,
    },
  )
}

/**
 * How a client's update is encoded piece by piece.
 * @public
 */
export interface StreamUpdateOptions extends EncodeUpdateOptions {
  /**
   * 32 secret bytes from which the rounding follows, with the round: under the same ones the same update gives the same
   * input again, so a client that keeps update and seed can go on after a crash. Default: drawn by `crypto`. Not for updates
   * under privacy.
   */
  readonly roundingSeed?: Uint8Array | undefined
}

/**
 * An update that the client's session gets piece by piece.
 * @public
 */
export interface PreparedStream extends Omit<PreparedUpdate, 'input'> {
  /** For `ClientSession`, of this round only. */
  readonly input: RoundInput<VectorSource>
}

/**
 * What `encodeUpdate` does, for a large model: each slice of the input is encoded when the session asks for it, so that
 * there is never more of it than a slice. Give the plan a `sliceLength`. The update is looked at once at the beginning and
 * must stay as it is until the round is over.
 *
 * Under privacy the whole is encoded at once and kept, as the rotation mixes all values.
 *
 * @throws {SecAggError} as `encodeUpdate` does.
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
      throw usageError('invalid-argument', 'under privacy nothing may follow from a seed that is kept')
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

/** Of one seed a different one for each round: equal rounding in several rounds would add up. */
function seedOf(seed: Uint8Array, hash: Uint8Array): Uint8Array {
  if (isBytes(seed) && seed.length === 32) return sha256(concatBytes(ascii('secagg rounding'), seed, hash))
  throw usageError('invalid-argument', 'a rounding seed is a Uint8Array of 32 bytes', {
    expected: 32,
    got: isBytes(seed) ? seed.length : typeof seed,
  })
}
