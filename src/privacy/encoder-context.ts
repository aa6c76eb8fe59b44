import * as P from 'micro-packed'
import { ascii, type Bytes, plainBytes } from '../crypto/bytes.js'
import { checkedPrivacy } from './float-encoder.js'
import { checkedIntegerPrivacy } from './integer-encoder.js'
import type { IntegerPrivacyParameters } from './integers.js'
import type { PrivacyParameters } from './noise-parameters.js'
import { requireRotationSeed } from './rotation.js'

const LABEL = 'secagg privacy'

const cohort = {
  label: P.bytes(LABEL.length),
  version: P.U8,
  kind: P.map(P.U8, { vector: 1, integers: 2 }),
  distribution: P.map(P.U8, { skellam: 1, 'discrete-gaussian': 2 }),
  clients: P.U32LE,
  minimumHonest: P.U32LE,
  length: P.U32LE,
  bits: P.U8,
  delta: P.F64LE,
  rounds: P.U32LE,
  /** 0 where clients are not sampled. */
  samplingRate: P.F64LE,
  /** Of one client's noise, in whole units. */
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
 * The canonical bytes of private vectors, for the context of their round: clients that were given other parameters, or
 * another seed, do not form a sum with the others. ε is not in there; it follows from the rest.
 *
 * @throws {SecAggError} `invalid-argument` for a seed that is not 16 to 64 bytes; as `createPrivateEncoder` does for
 *   parameters that are none.
 * @public
 */
export function privacyContext(parameters: PrivacyParameters, rotationSeed: Uint8Array): Bytes {
  requireRotationSeed(rotationSeed)
  const checked = checkedPrivacy(parameters)
  return plainBytes(vector.encode({ ...checked, ...headerOf('vector', checked), rotationSeed }))
}

/**
 * The same for whole numbers.
 * @throws {SecAggError} as `createIntegerEncoder` does for parameters that are none.
 * @public
 */
export function integerPrivacyContext(parameters: IntegerPrivacyParameters): Bytes {
  const checked = checkedIntegerPrivacy(parameters)
  return plainBytes(integers.encode({ ...checked, ...headerOf('integers', checked) }))
}

function headerOf<Kind extends string>(
  kind: Kind,
  { samplingRate = 0 }: { samplingRate: number | undefined },
) {
  return { label: ascii(LABEL), version: 1, kind, samplingRate }
}
