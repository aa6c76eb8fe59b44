import type { Parameters } from '../vectors/format.js'
import { ascii, concat, f64, uint, unhex } from './bytes.js'
import { VERSION } from './messages.js'
import { SUITES, type Suite, sha256 } from './primitives.js'

// Section "The configuration" of the specification.

export interface Segment {
  readonly length: number
  /** k. */
  readonly bits: number
}

export interface Configuration {
  /** n. */
  readonly clients: number
  /** t. */
  readonly threshold: number
  readonly minimumCohort: number
  /** n_C, where it is stated. */
  readonly corruptClients: number | null
  readonly active: boolean
  /** Whether keys are agreed by ML-KEM-768 as well. */
  readonly hybrid: boolean
  readonly suite: Suite
  readonly graph: 'complete' | 'sparse' | 'chosen'
  /** k on the sparse and the chosen graph, 0 on the complete one. */
  readonly neighbors: number
  /** γ, δ and σ, where they are stated. */
  readonly assumptions: Parameters['assumptions']
  readonly segments: readonly Segment[]
  /** 0 where a vector goes in one message. */
  readonly sliceLength: number
  readonly signatureLength: number
  readonly contextEncoding: Uint8Array
  readonly contextHash: Uint8Array
  readonly encoding: Uint8Array
  /** H. */
  readonly hash: Uint8Array
}

function encodeContext(parts: Parameters['context']): Uint8Array {
  const ascending = [...parts].sort((a, b) => (a.name < b.name ? -1 : 1))
  return concat(
    uint(4, ascending.length),
    ...ascending.map(({ name, value }) =>
      concat(uint(2, name.length), ascii(name), uint(4, unhex(value).length), unhex(value)),
    ),
  )
}

function encodeConfiguration(parameters: Parameters, contextHash: Uint8Array): Uint8Array {
  const { suite, adversary, neighbors, assumptions, clients, threshold, segments } = parameters
  const sessionId = unhex(parameters.sessionId)
  return concat(
    ascii('secagg configuration'),
    uint(2, VERSION),
    uint(1, (suite === 'aes' ? 1 : 2) + (parameters.keyAgreement === undefined ? 0 : 16)),
    uint(1, adversary === 'honest-but-curious' ? 1 : 2),
    uint(4, neighbors),
    f64(assumptions?.corruptFraction ?? 0),
    f64(assumptions?.dropoutFraction ?? 0),
    uint(2, assumptions?.statisticalSecurity ?? 0),
    uint(1, sessionId.length),
    sessionId,
    uint(4, clients),
    uint(4, threshold),
    uint(4, parameters.minimumCohort),
    uint(4, parameters.corruptClients === null ? 0 : parameters.corruptClients + 1),
    uint(2, parameters.signatureLength),
    uint(8, parameters.sliceLength ?? 0),
    uint(2, segments.length),
    ...segments.map(({ length, bits, bound }) =>
      concat(uint(8, length), uint(1, bits), uint(9, bound === 'modular' ? 0 : BigInt(bound))),
    ),
    contextHash,
  )
}

/** What is encoded where a slice length is stated; null where it is refused. */
export function encodedSliceLength(elements: number, stated: number): number | null {
  if (!Number.isInteger(stated) || stated < 64 || stated > 2 ** 36) return null
  if (stated >= elements) return 0
  return Math.ceil(elements / stated) <= 65536 ? stated : null
}

export function configurationOf(parameters: Parameters): Configuration {
  const contextEncoding = encodeContext(parameters.context)
  const contextHash = sha256(contextEncoding)
  const encoding = encodeConfiguration(parameters, contextHash)
  return {
    clients: parameters.clients,
    threshold: parameters.threshold,
    minimumCohort: parameters.minimumCohort,
    corruptClients: parameters.corruptClients,
    active: parameters.adversary === 'active',
    hybrid: parameters.keyAgreement !== undefined,
    suite: SUITES[parameters.suite],
    graph: parameters.neighbors === 0 ? 'complete' : parameters.adversary === 'active' ? 'chosen' : 'sparse',
    neighbors: parameters.neighbors,
    assumptions: parameters.assumptions,
    segments: parameters.segments,
    sliceLength: parameters.sliceLength ?? 0,
    signatureLength: parameters.signatureLength,
    contextEncoding,
    contextHash,
    encoding,
    hash: sha256(encoding),
  }
}
