import { sha256 } from '@noble/hashes/sha2.js'
import { partsOf, reading } from '../arguments.js'
import { type Bytes, isBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import { assumptionsOf, type GraphShape, requireProven, type SparseShape } from '../graph/index.js'
import { MAXIMUM_HOLDERS } from '../shamir/index.js'
import { elementCount, LONGEST_STREAM, streamLength } from '../vector/segments.js'
import type { BoundedSegment, InputBound, RoundConfig, RoundParameters } from './config.js'
import { encodeConfiguration, encodeContext } from './config-encoding.js'
import { minimumThreshold, type ThresholdModel } from './threshold.js'

/**
 * Validates the parameters of a round, fills in the defaults and hashes the whole.
 *
 * @throws {SecAggError} `invalid-configuration` where a value is out of its range, the threshold is below what the
 *   model needs, or a sum could overflow; `unsupported` for the sparse graph in the active model.
 */
export function createRoundConfig(given: RoundParameters): RoundConfig {
  const parameters = partsOf('a round', given, 'invalid-configuration')
  const { clients, adversary, corruptClients } = parameters
  const sessionId = sessionIdOf(parameters)
  requireWhole('clients', clients, 2, MAXIMUM_HOLDERS)
  if (adversary !== 'honest-but-curious' && adversary !== 'active') {
    throw invalid("adversary must be 'honest-but-curious' or 'active'")
  }
  const suite = parameters.suite ?? 'aes'
  if (suite !== 'aes' && suite !== 'chacha') throw invalid("the suite is 'aes' or 'chacha'")
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

const MOST_SEGMENTS = 65535

function sessionIdOf({ sessionId }: RoundParameters): Bytes {
  const copy = isBytes(sessionId) ? new Uint8Array(sessionId) : undefined
  if (copy === undefined || copy.length < 16 || copy.length > 64) {
    throw invalid('sessionId must be a Uint8Array of 16 to 64 bytes')
  }
  return copy
}

function graphShape({ graph = 'complete', clients, adversary }: RoundParameters): GraphShape {
  if (graph === 'complete') return Object.freeze({ kind: 'complete' })
  if (typeof graph !== 'object' || graph === null) throw invalid("graph is 'complete' or a sparse graph")
  const { neighbors, assumptions: stated } = partsOf('a sparse graph', graph, 'invalid-configuration')
  if (adversary === 'active') {
    throw usageError(
      'unsupported',
      'the sparse graph does not withstand an active server, which could choose who drops out once it knows the ' +
        'graph, and so cut a few clients off from the others; use the complete graph',
    )
  }
  requireWhole('graph.neighbors', neighbors, 2, clients - 1)
  if (neighbors % 2 !== 0) throw invalid('graph.neighbors must be even', neighbors)
  if (stated !== 'unproven' && (typeof stated !== 'object' || stated === null)) {
    throw invalid("graph.assumptions must say what to withstand, or be 'unproven'")
  }
  const assumptions = stated === 'unproven' ? undefined : assumptionsOf(stated)
  return Object.freeze({ kind: 'sparse', neighbors, assumptions })
}

function thresholdOnComplete(parameters: RoundParameters): number {
  const { clients, adversary, corruptClients } = parameters
  const model: ThresholdModel = { clients, adversary, corruptClients }
  const least = minimumThreshold(model)
  const threshold = parameters.threshold ?? least
  requireWhole('threshold', threshold, 2, clients)
  if (threshold < least) {
    throw usageError(
      'invalid-configuration',
      `threshold ${threshold} is below ${least}, the least for ${clients} clients in the ${adversary} model` +
        (corruptClients === undefined ? '' : ` with ${corruptClients} corrupt clients`),
      { expected: least, got: threshold },
    )
  }
  return threshold
}

function sparseThreshold(
  { clients, threshold, minimumCohort, corruptClients }: RoundParameters,
  { neighbors, assumptions }: SparseShape,
): number {
  // Of parameters without types `null` is no number either.
  if (typeof threshold !== 'number' || typeof minimumCohort !== 'number') {
    throw invalid('on the sparse graph the threshold and the minimum cohort have to be stated')
  }
  if (corruptClients !== undefined) {
    throw invalid('on the sparse graph the corrupt clients are stated as assumptions.corruptFraction')
  }
  requireWhole('threshold', threshold, 2, neighbors)
  if (assumptions !== undefined) requireProven({ clients, neighbors, threshold, assumptions })
  return threshold
}

function boundedSegments(segments: RoundParameters['segments'], clients: number): readonly BoundedSegment[] {
  const list = Array.isArray(segments) ? segments.slice(0, MOST_SEGMENTS + 1) : []
  if (list.length === 0 || list.length > MOST_SEGMENTS) throw invalid('a vector has 1 to 65535 segments')
  // `Array.from`, so that a hole in a list without types is seen.
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

/** `undefined` where one slice holds the whole vector. */
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
      `the sum of ${clients} inputs below ${exclusive} overflows ${bits} bits (segment ${index}); it takes ${needed}`,
      { expected: needed, got: bits },
    )
  }
  return exclusive
}

function requireWhole(name: string, value: number, least: number, greatest: number): void {
  if (!Number.isSafeInteger(value) || value < least || value > greatest) {
    throw invalid(`${name} must be a whole number from ${least} to ${greatest}`, value)
  }
}

function invalid(message: string, got?: number): Error {
  return usageError('invalid-configuration', message, { got })
}
