import * as P from '../codec/codec.js'
import { ascii, type Bytes } from '../crypto/bytes.js'
import { checkedPrivacy } from './float-encoder.js'
import { checkedIntegerPrivacy } from './integer-encoder.js'
import type { IntegerPrivacyParameters } from './integers.js'
import type { PrivacyParameters } from './noise-parameters.js'
import { requireRotationSeed } from './rotation.js'

const LABEL = 'secagg privacy'

const cohort = {
  label: P.bytes(LABEL.length),
  /** 1 for whole numbers. 2 for vectors: version 1 padded them to a power of two, and is not accepted any more. */
  version: P.U8,
  kind: P.oneOf(P.U8, { vector: 1, integers: 2 }),
  distribution: P.oneOf(P.U8, { skellam: 1, 'discrete-gaussian': 2 }),
  clients: P.U32LE,
  minimumHonest: P.U32LE,
  length: P.U32LE,
  bits: P.U8,
  delta: P.F64LE,
  rounds: P.U32LE,
  /** 0 if clients are not sampled. */
  samplingRate: P.F64LE,
  /** The variance of one client's noise, in units of the grid. */
  localVariance: P.F64LE,
}

const vector = P.struct({
  ...cohort,
  clip: P.F64LE,
  noiseMultiplier: P.F64LE,
  tail: P.F64LE,
  scale: P.F64LE,
  rotationSeed: P.bytes(P.U8),
})

const integers = P.struct({
  ...cohort,
  l1Sensitivity: P.F64LE,
  l2Sensitivity: P.F64LE,
  minimumSum: P.F64LE,
  maximumSum: P.F64LE,
  noiseStandardDeviation: P.F64LE,
})

/**
 * The parameters of private vectors as canonical bytes. Put them into the `context` of the round's configuration: then
 * clients with different parameters, or with different seeds, cannot be summed. The bytes do not contain ε, which follows
 * from the other parameters.
 *
 * @param parameters - What {@link choosePrivacy} or {@link analyzePrivacy} has returned.
 * @param rotationSeed - The seed of the round, 16 to 64 bytes.
 * @returns The bytes for one entry of `context`.
 * @throws {SecAggError} `invalid-argument` if the seed has another length. Invalid parameters cause the same errors as in
 *   {@link createPrivateEncoder}, except that a distribution that is too coarse is accepted.
 * @example
 * ```ts
 * import { createRoundConfig } from 'secagg'
 * import { choosePrivacy, privacyContext } from 'secagg/privacy'
 *
 * const parameters = choosePrivacy({
 *   clients: 100,
 *   minimumHonest: 75,
 *   length: 1000,
 *   clip: 1,
 *   epsilon: 8,
 *   delta: 1e-5,
 * })
 * const rotationSeed = crypto.getRandomValues(new Uint8Array(32))
 * const config = createRoundConfig({
 *   sessionId: crypto.getRandomValues(new Uint8Array(32)),
 *   clients: 100,
 *   segments: [parameters.segment],
 *   adversary: 'active',
 *   corruptClients: 5,
 *   minimumCohort: 80,
 *   context: { privacy: privacyContext(parameters, rotationSeed) },
 * })
 * console.log(config.segments[0]!.length) // 1000
 * ```
 * @public
 */
export function privacyContext(parameters: PrivacyParameters, rotationSeed: Uint8Array): Bytes {
  requireRotationSeed(rotationSeed)
  const checked = checkedPrivacy(parameters)
  return vector.encode({ ...checked, ...headerOf('vector', 2, checked), rotationSeed })
}

/**
 * The parameters of private whole numbers as canonical bytes, for the `context` of the round's configuration. Clients with
 * different parameters then cannot be summed. The bytes do not contain ε, which follows from the other parameters.
 *
 * @param parameters - What {@link chooseIntegerPrivacy} or {@link analyzeIntegerPrivacy} has returned.
 * @returns The bytes for one entry of `context`.
 * @throws {SecAggError} Invalid parameters cause the same errors as in {@link createIntegerEncoder}, except that a
 *   distribution that is too coarse is accepted.
 * @example
 * ```ts
 * import { chooseIntegerPrivacy, integerPrivacyContext } from 'secagg/privacy'
 *
 * const histogram = { clients: 100, minimumHonest: 75, length: 5, maximumSum: 100 }
 * const sensitivity = { l1Sensitivity: 1, l2Sensitivity: 1 }
 * const parameters = chooseIntegerPrivacy({ ...histogram, ...sensitivity, epsilon: 1, delta: 1e-6 })
 * const context = { privacy: integerPrivacyContext(parameters) }
 * console.log(context.privacy.length) // 98
 * ```
 * @public
 */
export function integerPrivacyContext(parameters: IntegerPrivacyParameters): Bytes {
  const checked = checkedIntegerPrivacy(parameters)
  return integers.encode({ ...checked, ...headerOf('integers', 1, checked) })
}

function headerOf<Kind extends string>(
  kind: Kind,
  version: number,
  { samplingRate = 0 }: { samplingRate: number | undefined },
) {
  return { label: ascii(LABEL), version, kind, samplingRate }
}
