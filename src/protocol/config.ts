import { partsOf, requireInteger, requireObject } from '../arguments.js'
import * as P from '../codec/codec.js'
import { ascii, type Bytes, isBytes, plainBytes } from '../crypto/bytes.js'
import type { SuiteName } from '../crypto/provider.js'
import { usageError } from '../errors.js'
import type { GraphAssumptions, GraphShape } from '../graph/index.js'
import type { Segment } from '../vector/segments.js'
import { PROTOCOL_VERSION } from '../wire/index.js'

/**
 * The adversary that the round protects against; Bonawitz et al. 2017, sections 6.1 and 6.2.
 * @public
 */
export type AdversaryModel = 'honest-but-curious' | 'active'

/**
 * How clients agree on keys.
 *
 * - `x25519`: X25519 alone. Who has recorded the messages of a round and later has a quantum computer can read every input.
 * - `x25519-ml-kem-768`: X25519 together with ML-KEM-768. Inputs stay secret while either of the two holds.
 * @public
 */
export type KeyAgreementName = 'x25519' | 'x25519-ml-kem-768'

/**
 * The size limit of an input element: the exclusive upper bound R_U, so that no sum can overflow; or `'modular'` if the sum
 * is meant to wrap around at 2^bits, and the caller interprets it accordingly.
 * @public
 */
export type InputBound = bigint | 'modular'

/**
 * A {@link Segment} with the bound of its input elements.
 * @public
 */
export interface BoundedSegment extends Segment {
  readonly bound: InputBound
}

/**
 * The sparse graph of Bell et al. 2020. `chooseParameters` returns the neighbors and the threshold for given assumptions.
 * @public
 */
export interface SparseGraph {
  /**
   * k. In the honest-but-curious model, the number of neighbors with which each client shares secrets and masks: even, below n.
   * In the active model, the number of holders that each client draws: 2 to n − 2. It then makes about 2k masks.
   */
  readonly neighbors: number
  /**
   * The failures that k and t must tolerate. A configuration with a smaller k or t is refused. In the honest-but-curious
   * model, the server also aborts the round if so few clients take part, or so many drop out, that the guarantee no longer
   * holds. In the active model, it holds no matter who takes part. `'unproven'` turns these checks off; it is for experiments only.
   */
  readonly assumptions: GraphAssumptions | 'unproven'
}

/**
 * The parameters of a round. The server and every client must state the same parameters, each from its own knowledge.
 * @public
 */
export interface RoundParameters {
  /** 16 to 64 bytes that no other round uses. The server draws them and sends them to the clients. */
  readonly sessionId: Uint8Array
  /** n: the number of seats, 2 to 65535 on the complete graph, and up to 2^24 on the others. A seat identifies a client, 0 ≤ seat < n. */
  readonly clients: number
  readonly adversary: AdversaryModel
  /** The shape of the vectors: 1 to 65535 segments. */
  readonly segments: readonly {
    /** The number of elements, 1 to 2^36. */
    readonly length: number
    /** The number of bits of an element of the sum, 1 to 64. */
    readonly bits: number
    /**
     * R_U: every input element is below it, and the sum of n of them must fit into `bits` bits. Use a bigint above 2^53.
     * With `'modular'`, sums wrap around at 2^bits.
     */
    readonly bound: number | bigint | 'modular'
  }[]
  /**
   * t: the number of shares that recover a secret. On the complete graph 2 to n; the default is the minimum that the
   * adversary model allows. On the sparse graph 2 to k, and required.
   */
  readonly threshold?: number | undefined
  /**
   * Which clients share masks with each other. On the complete graph (the default), every client shares masks with all others.
   * On the sparse graph in the honest-but-curious model, each client shares masks with its neighbors on a ring, which the
   * server draws. In the active model, each client draws its own holders, and shares masks with these and with the clients that
   * have drawn it. The sparse graph requires a threshold, which counts holders, and a minimum cohort.
   */
  readonly graph?: 'complete' | SparseGraph | undefined
  /** The ciphers of the round. Default: `aes`. */
  readonly suite?: SuiteName | undefined
  /**
   * How clients agree on keys. `'x25519-ml-kem-768'` needs a provider from `withPostQuantum` of `secagg/post-quantum` at every
   * client and at the server. Default: `x25519`.
   */
  readonly keyAgreement?: KeyAgreementName | undefined
  /**
   * n_C: the number of corrupt clients to tolerate; complete graph only. Without it, the general threshold of the adversary
   * model applies.
   */
  readonly corruptClients?: number | undefined
  /**
   * The minimum number of inputs in a sum: from the threshold (the default on the complete graph) to n. Required on the
   * sparse graph, where only the server enforces it, because a client cannot count the inputs. In the active model, k and t must
   * prove there that every sum has `minimumCohort` − ⌊γn⌋ honest inputs, even if the server lies.
   */
  readonly minimumCohort?: number | undefined
  /**
   * The number of elements of a masked vector that travel in one message: at least 64, and large enough for at most 65536
   * messages. With slices, a client never holds a whole masked vector in addition to its input, and the server keeps the
   * slices of an unfinished vector in a store. Default: the whole vector is one message.
   */
  readonly sliceLength?: number | undefined
  /** The length of a signature in bytes, 1 to 65535; active model only. Default: 64 (Ed25519, ECDSA on P-256). */
  readonly signatureLength?: number | undefined
  /**
   * What the round is about, by name: for example the model, a manifest, scaling parameters. Each client must pass the bytes
   * that it received itself. Clients that received different bytes then cannot be summed, which protects them from a server
   * that sends different models to different clients. Names have 1 to 255 printable ASCII characters.
   */
  readonly context?: Readonly<Record<string, Uint8Array>> | undefined
}

/**
 * The complete, validated and immutable configuration of a round. Only `createRoundConfig` makes it.
 * @public
 */
export interface RoundConfig {
  readonly sessionId: Bytes
  readonly clients: number
  readonly threshold: number
  readonly adversary: AdversaryModel
  readonly suite: SuiteName
  readonly keyAgreement: KeyAgreementName
  readonly graph: GraphShape
  readonly segments: readonly BoundedSegment[]
  readonly corruptClients: number | undefined
  readonly minimumCohort: number
  /** The number of elements of a masked vector in one message; `undefined` if the whole vector is one message. */
  readonly sliceLength: number | undefined
  /** The length of a signature in bytes; 0 in the honest-but-curious model. */
  readonly signatureLength: number
  /** SHA-256 of the canonical encoding of the context. */
  readonly contextHash: Bytes
  /** SHA-256 of the canonical encoding of all of the above. Every key derivation and every signature includes it. */
  readonly hash: Bytes
}

/** Every seat of the round, ascending. */
export function allSeats({ clients }: RoundConfig): readonly number[] {
  return Array.from({ length: clients }, (_, seat) => seat)
}

const MAXIMUM_CLIENTS = 1e8

/**
 * What {@link minimumThreshold} depends on.
 * @public
 */
export interface ThresholdModel {
  /** n, 1 to 10⁸. */
  readonly clients: number
  readonly adversary: AdversaryModel
  /** n_C, 0 to n. Without it, the general threshold of the adversary model applies. */
  readonly corruptClients?: number | undefined
}

/**
 * The minimum threshold on the complete graph (Bonawitz et al. 2017, section 6):
 *
 * - Honest-but-curious model: more than half of the clients, and more than the corrupt ones.
 * - Active model: more than two thirds of the clients. If the number n_C of corrupt clients is stated: 2t > n + n_C, so that
 *   any two sets of t signers have an honest client in common.
 *
 * @param model - The number of clients, the adversary model and, optionally, the number of corrupt clients.
 * @returns The minimum t. It is greater than n if no threshold tolerates this number of corrupt clients.
 * @throws {SecAggError} `invalid-argument` if a value is out of its range.
 * @example
 * ```ts
 * import { minimumThreshold } from 'secagg/protocol'
 *
 * console.log(minimumThreshold({ clients: 100, adversary: 'honest-but-curious' })) // 51
 * console.log(minimumThreshold({ clients: 100, adversary: 'active' })) // 67
 * console.log(minimumThreshold({ clients: 100, adversary: 'active', corruptClients: 10 })) // 56
 * ```
 * @public
 */
export function minimumThreshold(model: ThresholdModel): number {
  const { clients, adversary, corruptClients } = partsOf('the model of a threshold', model)
  requireInteger('clients', clients, 1, MAXIMUM_CLIENTS)
  if (adversary !== 'honest-but-curious' && adversary !== 'active') {
    throw usageError('invalid-argument', "the adversary model must be 'honest-but-curious' or 'active'")
  }
  if (corruptClients !== undefined) requireInteger('corruptClients', corruptClients, 0, clients)
  if (adversary === 'honest-but-curious') {
    return Math.max(Math.floor(clients / 2), corruptClients ?? 0) + 1
  }
  return corruptClients === undefined
    ? Math.floor((2 * clients) / 3) + 1
    : Math.floor((clients + corruptClients) / 2) + 1
}

const LABEL = 'secagg configuration'

/** A bound is at least 1, so 0 can stand for `modular`. The bound 2^64 needs the ninth byte. */
const bound: P.Coder<BoundedSegment['bound']> = P.converted(P.unsignedBigInt(9), {
  toValue: (value: bigint) => (value === 0n ? 'modular' : value),
  toStored: (value: BoundedSegment['bound']) => (value === 'modular' ? 0n : value),
})

const SUITE_NUMBERS = { aes: 1, chacha: 2 } as const

const configuration = P.struct({
  label: P.bytes(LABEL.length),
  version: P.U16LE,
  /** 1 or 2; 16 more with hybrid key agreement. */
  suite: P.U8,
  adversary: P.oneOf(P.U8, { 'honest-but-curious': 1, active: 2 }),
  /** k, or 0 for the complete graph. */
  neighbors: P.U32LE,
  /** γ, δ and σ; zeros without assumptions. */
  corruptFraction: P.F64LE,
  dropoutFraction: P.F64LE,
  statisticalSecurity: P.U16LE,
  sessionId: P.bytes(P.U8),
  clients: P.U32LE,
  threshold: P.U32LE,
  minimumCohort: P.U32LE,
  /** n_C + 1, or 0 if n_C is not stated. */
  corruptClients: P.U32LE,
  signatureLength: P.U16LE,
  /** 0 if the whole vector is one message. */
  sliceLength: P.U64LE,
  segments: P.array(P.U16LE, P.struct({ length: P.U64LE, bits: P.U8, bound })),
  contextHash: P.bytes(32),
})

/** The canonical encoding whose SHA-256 is the configuration hash. */
export function encodeConfiguration(config: Omit<RoundConfig, 'hash'>): Uint8Array {
  return configuration.encode({
    ...config,
    label: ascii(LABEL),
    version: PROTOCOL_VERSION,
    suite: SUITE_NUMBERS[config.suite] + (config.keyAgreement === 'x25519' ? 0 : 16),
    ...encodableGraph(config.graph),
    corruptClients: config.corruptClients === undefined ? 0 : config.corruptClients + 1,
    sliceLength: BigInt(config.sliceLength ?? 0),
    segments: config.segments.map((segment) => ({ ...segment, length: BigInt(segment.length) })),
  })
}

function encodableGraph(graph: GraphShape) {
  const { neighbors, assumptions } = graph.kind === 'complete' ? COMPLETE : graph
  return {
    neighbors,
    corruptFraction: assumptions?.corruptFraction ?? 0,
    dropoutFraction: assumptions?.dropoutFraction ?? 0,
    statisticalSecurity: assumptions === undefined ? 0 : (assumptions.statisticalSecurity ?? 40),
  }
}

const COMPLETE = { neighbors: 0, assumptions: undefined } as const

const context = P.array(P.U32LE, P.struct({ name: P.bytes(P.U16LE), value: P.bytes(P.U32LE) }))

/** The parts of the context, ordered by name, each with its length. Different contexts have different encodings. */
export function encodeContext(parts: Readonly<Record<string, Uint8Array>>): Uint8Array {
  requireObject('a context', parts, 'invalid-configuration')
  const prototype = Object.getPrototypeOf(parts)
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw usageError('invalid-configuration', 'context must be a plain object whose values are Uint8Arrays')
  }
  const names = Object.keys(parts).sort((a, b) => (a < b ? -1 : 1))
  return context.encode(
    names.map((name) => {
      if (!/^[\x20-\x7e]{1,255}$/.test(name)) {
        throw usageError(
          'invalid-configuration',
          'a name in context must have 1 to 255 printable ASCII characters',
        )
      }
      const value: unknown = parts[name]
      if (!isBytes(value)) {
        throw usageError('invalid-configuration', `context.${name} must be a Uint8Array`)
      }
      if (value.length >= 2 ** 32) {
        throw usageError('invalid-configuration', `context.${name} has 2^32 bytes or more`, {
          got: value.length,
        })
      }
      return { name: ascii(name), value: plainBytes(value) }
    }),
  )
}
