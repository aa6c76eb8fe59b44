import { sha256 } from '@noble/hashes/sha2.js'
import { partsOf, reading } from '../arguments.js'
import { type Bytes, isBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import {
  assumptionsOf,
  type ChosenShape,
  type GraphShape,
  requireProven,
  type SparseShape,
} from '../graph/index.js'
import { MAXIMUM_HOLDERS } from '../shamir/split.js'
import { elementCount, LONGEST_STREAM, streamLength } from '../vector/segments.js'
import {
  type BoundedSegment,
  encodeConfiguration,
  encodeContext,
  type InputBound,
  minimumThreshold,
  type RoundConfig,
  type RoundParameters,
  type ThresholdModel,
} from './config.js'

/**
 * Creates the configuration of a round: validates the parameters, fills in the defaults and computes the hash. The server
 * and every client call it with the same parameters.
 *
 * @param given - The parameters of the round.
 * @returns The configuration, frozen.
 * @throws {SecAggError} `invalid-configuration` if a value is out of its range, the threshold is below the minimum of the
 *   adversary model, or a sum could overflow.
 * @example
 * ```ts
 * import { createRoundConfig } from 'secagg'
 *
 * const config = createRoundConfig({
 *   sessionId: globalThis.crypto.getRandomValues(new Uint8Array(16)),
 *   clients: 4,
 *   adversary: 'active',
 *   segments: [{ length: 3, bits: 16, bound: 1000 }],
 * })
 * console.log(config.threshold, config.minimumCohort) // 3 3
 * ```
 * @public
 */
export function createRoundConfig(given: RoundParameters): RoundConfig {
  const parameters = partsOf('a round', given, 'invalid-configuration')
  const { clients, adversary, corruptClients } = parameters
  const sessionId = sessionIdOf(parameters)
  // On the complete graph every client is a holder.
  requireWhole(
    'clients',
    clients,
    2,
    (parameters.graph ?? 'complete') === 'complete' ? MAXIMUM_HOLDERS : MAXIMUM_SEATS,
  )
  if (adversary !== 'honest-but-curious' && adversary !== 'active') {
    throw invalid("adversary must be 'honest-but-curious' or 'active'")
  }
  const suite = parameters.suite ?? 'aes'
  if (suite !== 'aes' && suite !== 'chacha') throw invalid("suite must be 'aes' or 'chacha'")
  const keyAgreement = parameters.keyAgreement ?? 'x25519'
  if (keyAgreement !== 'x25519' && keyAgreement !== 'x25519-ml-kem-768') {
    throw invalid("keyAgreement must be 'x25519' or 'x25519-ml-kem-768'")
  }
  if (corruptClients !== undefined) requireWhole('corruptClients', corruptClients, 0, clients - 1)

  const graph = graphShape(parameters)
  const threshold =
    graph.kind === 'complete' ? thresholdOnComplete(parameters) : sparseThreshold(parameters, graph)
  const minimumCohort = parameters.minimumCohort ?? threshold
  requireWhole('minimumCohort', minimumCohort, threshold, clients)
  const signatureBytes = parameters.signatureLength ?? 64
  requireWhole('signatureLength', signatureBytes, adversary === 'active' ? 1 : 0, 65535)
  const signatureLength = adversary === 'active' ? signatureBytes : 0

  const segments = boundedSegments(parameters.segments, clients)
  const configuration = {
    sessionId,
    clients,
    threshold,
    adversary,
    suite,
    keyAgreement,
    graph,
    segments,
    sliceLength: sliceLengthFor(segments, parameters.sliceLength),
    corruptClients,
    minimumCohort,
    signatureLength,
    contextHash: contextHash(parameters.context ?? {}),
  }
  return Object.freeze({ ...configuration, hash: sha256(encodeConfiguration(configuration)) })
}

function contextHash(context: NonNullable<RoundParameters['context']>): Bytes {
  return sha256(reading('a context', () => encodeContext(context), 'invalid-configuration'))
}

/** Seats of a round in which only some clients hold shares of a secret. */
const MAXIMUM_SEATS = 2 ** 24

/** If there are more seats than holders can be: so few neighbors that a client sees fewer than 2^16 others on every graph. */
const MAXIMUM_NEIGHBORS = 2 ** 14 - 1

const MAXIMUM_SEGMENTS = 65535

function sessionIdOf({ sessionId }: RoundParameters): Bytes {
  const copy = isBytes(sessionId) ? new Uint8Array(sessionId) : undefined
  if (copy === undefined || copy.length < 16 || copy.length > 64) {
    throw invalid('sessionId must be a Uint8Array of 16 to 64 bytes')
  }
  return copy
}

function graphShape({ graph = 'complete', clients, adversary }: RoundParameters): GraphShape {
  if (graph === 'complete') return Object.freeze({ kind: 'complete' })
  if (typeof graph !== 'object' || graph === null)
    throw invalid("graph must be 'complete' or { neighbors, assumptions }")
  const { neighbors, assumptions: stated } = partsOf('a sparse graph', graph, 'invalid-configuration')
  const kind = adversary === 'active' ? 'chosen' : 'sparse'
  // On the chosen graph, k = n − 1 is refused: no bound would then count the honest inputs of a sum, as t does on the complete
  // graph.
  const others = kind === 'chosen' ? clients - 2 : clients - 1
  const most = clients > MAXIMUM_HOLDERS ? Math.min(others, MAXIMUM_NEIGHBORS) : others
  requireWhole('graph.neighbors', neighbors, 2, most)
  if (kind === 'sparse' && neighbors % 2 !== 0) throw invalid('graph.neighbors must be even', neighbors)
  if (stated !== 'unproven' && (typeof stated !== 'object' || stated === null)) {
    throw invalid("graph.assumptions must state the failures to tolerate, or be 'unproven'")
  }
  const assumptions = stated === 'unproven' ? undefined : assumptionsOf(stated)
  return Object.freeze({ kind, neighbors, assumptions })
}

function thresholdOnComplete(parameters: RoundParameters): number {
  const { clients, adversary, corruptClients } = parameters
  const model: ThresholdModel = { clients, adversary, corruptClients }
  const minimum = minimumThreshold(model)
  const threshold = parameters.threshold ?? minimum
  requireWhole('threshold', threshold, 2, clients)
  if (threshold < minimum) {
    throw usageError(
      'invalid-configuration',
      `threshold ${threshold} is below ${minimum}, the minimum for ${clients} clients in the ${adversary} model` +
        (corruptClients === undefined ? '' : ` with ${corruptClients} corrupt clients`),
      { expected: minimum, got: threshold },
    )
  }
  return threshold
}

function sparseThreshold(
  { clients, threshold, minimumCohort, corruptClients }: RoundParameters,
  graph: SparseShape | ChosenShape,
): number {
  const { neighbors, assumptions } = graph
  // Not `=== undefined`: callers without types may pass `null`.
  if (typeof threshold !== 'number' || typeof minimumCohort !== 'number') {
    throw invalid('the sparse graph requires a threshold and a minimumCohort')
  }
  if (corruptClients !== undefined) {
    throw invalid(
      'on the sparse graph, state the corrupt clients as graph.assumptions.corruptFraction, not as corruptClients',
    )
  }
  requireWhole('threshold', threshold, 2, neighbors)
  if (assumptions !== undefined) {
    requireProven({ kind: graph.kind, clients, neighbors, threshold, minimumCohort, assumptions })
  }
  return threshold
}

function boundedSegments(segments: RoundParameters['segments'], clients: number): readonly BoundedSegment[] {
  const list = Array.isArray(segments) ? segments.slice(0, MAXIMUM_SEGMENTS + 1) : []
  if (list.length === 0 || list.length > MAXIMUM_SEGMENTS)
    throw invalid('segments must be a list of 1 to 65535 segments')
  // `map` would skip a hole in the list; `Array.from` does not.
  const bounded = Array.from(list, (segment, index): BoundedSegment => {
    const { length, bits, bound } = reading(
      `segments[${index}]`,
      () => ({ ...segment }),
      'invalid-configuration',
    )
    requireWhole(`segments[${index}].length`, length, 1, 2 ** 36)
    requireWhole(`segments[${index}].bits`, bits, 1, 64)
    return Object.freeze({ length, bits, bound: inputBound(bound, bits, clients, index) })
  })
  const stream = streamLength(bounded)
  if (stream > LONGEST_STREAM) throw invalid('the vector is longer than a mask stream', stream)
  return Object.freeze(bounded)
}

/** `undefined` if one slice holds the whole vector. */
function sliceLengthFor(segments: readonly BoundedSegment[], sliceLength?: number): number | undefined {
  if (sliceLength === undefined) return undefined
  const elements = elementCount(segments)
  requireWhole('sliceLength', sliceLength, Math.max(64, Math.ceil(elements / 65536)), 2 ** 36)
  return sliceLength < elements ? sliceLength : undefined
}

function inputBound(
  bound: number | bigint | 'modular',
  bits: number,
  clients: number,
  index: number,
): InputBound {
  if (bound === 'modular') return bound
  if (typeof bound !== 'bigint' && !Number.isSafeInteger(bound)) {
    throw invalid(`segments[${index}].bound must be a safe integer, a bigint or 'modular'`)
  }
  const exclusive = BigInt(bound)
  if (exclusive < 1n) throw invalid(`segments[${index}].bound must be at least 1`)
  // Bonawitz et al. 2017, section 4: the modulus R is at least n(R_U − 1) + 1.
  const largestSum = BigInt(clients) * (exclusive - 1n)
  if (largestSum >= 1n << BigInt(bits)) {
    const needed = largestSum.toString(2).length
    throw usageError(
      'invalid-configuration',
      `the sum of ${clients} inputs below ${exclusive} overflows ${bits} bits (segment ${index}); it needs ${needed}`,
      { expected: needed, got: bits },
    )
  }
  return exclusive
}

function requireWhole(name: string, value: number, minimum: number, maximum: number): void {
  if (!Number.isSafeInteger(value) || value < minimum || value > maximum) {
    throw invalid(`${name} must be a whole number from ${minimum} to ${maximum}`, value)
  }
}

function invalid(message: string, got?: number): Error {
  return usageError('invalid-configuration', message, { got })
}
