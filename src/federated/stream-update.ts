import { sha256 } from '@noble/hashes/sha2.js'
import { partsOf, requireMethods } from '../arguments.js'
import { ascii, concatBytes, isBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import { createWeightedMean, streamWeighted } from '../fixed-point/index.js'
import { requireOnClip } from '../fixed-point/real-values.js'
import { streamFrom } from '../fixed-point/streamed.js'
import { type RoundInput, roundInput, type VectorSource } from '../rounds/index.js'
import { vectorInRange } from '../vector/index.js'
import { layoutOfPlan } from './clip-layout.js'
import { streamInGroups } from './encode-groups.js'
import { bytesOf, type EncodeUpdateOptions, encodeUpdate, type PreparedUpdate } from './encode-update.js'
import { type Round, requireRound } from './round.js'
import { readerOfUpdate, type Update } from './update-values.js'

/**
 * Options of {@link streamUpdate}.
 * @public
 */
export interface StreamUpdateOptions extends Omit<EncodeUpdateOptions, 'into'> {
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
  const streamOptions = {
    onClip,
    randomBytes: bytesOf(crypto),
    roundingSeed: roundingSeed === undefined ? undefined : seedOf(roundingSeed, config.hash),
  }
  const layout = layoutOfPlan(plan)
  if (layout !== undefined) {
    requireOnClip(onClip ?? 'report')
    const { source, clipping } = streamInGroups(update, weight, plan, layout, streamOptions)
    return { input: roundInput(config, source), clipped: clipping.count > 0, clipping }
  }
  const task = createWeightedMean(plan.length, plan.encoding!)
  const { input, clipped } =
    plan.manifest === undefined
      ? streamWeighted(update as Parameters<typeof streamWeighted>[0], weight, task, streamOptions)
      : streamFrom(readerOfUpdate(update, plan), weight, task, streamOptions)
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
