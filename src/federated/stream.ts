import { sha256 } from '@noble/hashes/sha2.js'
import { partsOf, requireMethods } from '../arguments.js'
import { ascii, concatBytes, isBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import { createWeightedMean } from '../fixed-point/index.js'
import { streamFrom, streamWeighted } from '../fixed-point/streamed.js'
import { type RoundInput, roundInput, type VectorSource } from '../rounds/index.js'
import { tensorReader } from '../tensors/flatten.js'
import type { Named, TensorLike } from '../tensors/index.js'
import { vectorInRange } from '../vector/index.js'
import { type EncodedUpdate, type EncodeUpdateOptions, encodeUpdate, type Update } from './encode.js'
import { type Round, requireRound } from './round.js'

/** How a client's update is encoded piece by piece. */
export interface StreamUpdateOptions extends EncodeUpdateOptions {
  /**
   * 32 secret bytes from which the rounding follows, with the round: under the same ones the same update gives the same
   * input again, so a client that keeps update and seed can go on after a crash. Default: drawn by `crypto`. Not for updates
   * under privacy.
   */
  readonly roundingSeed?: Uint8Array | undefined
}

/** An update that the client's session gets piece by piece. */
export interface StreamedUpdate extends Omit<EncodedUpdate, 'input'> {
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
 */
export function streamUpdate(
  update: Update,
  weight: number,
  round: Round,
  options: StreamUpdateOptions = {},
): StreamedUpdate {
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
