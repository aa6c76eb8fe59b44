import { partsOf, requireInteger } from '../arguments.js'
import type { Bytes } from '../crypto/bytes.js'
import type { SuiteName } from '../crypto/provider.js'
import { usageError } from '../errors.js'
import type { GraphAssumptions, GraphShape } from '../graph/index.js'
import type { Segment } from '../vector/segments.js'

/**
 * Whom the round withstands; Bonawitz et al. 2017, sections 6.1 and 6.2.
 * @public
 */
export type AdversaryModel = 'honest-but-curious' | 'active'

/**
 * How large an input element may be: exclusive upper bound R_U, so that no sum can overflow; or `'modular'`, where
 * wrapping around 2^bits is meant and whoever interprets the sum answers for it.
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
 * The sparse graph of Bell et al. 2020; `chooseParameters` gives neighbors and threshold for given assumptions.
 * @public
 */
export interface SparseGraph {
  /** k: how many others each client shares and masks with; even, below n. */
  readonly neighbors: number
  /**
   * What k and t have to withstand. A configuration with which they do not is refused, and the server aborts where so
   * few show up, or so many drop out, that they no longer do. With `'unproven'` nothing of this is checked: for
   * experiments.
   */
  readonly assumptions: GraphAssumptions | 'unproven'
}

/**
 * What a host states of a round. Server and clients must state the same, each from what it knows itself.
 * @public
 */
export interface RoundParameters {
  /** 16 to 64 bytes that no other round has; the server draws them and tells the clients. */
  readonly sessionId: Uint8Array
  /** n: the number of seats, 2 to 65535. A client is known by its seat, 0 ≤ seat < n. */
  readonly clients: number
  readonly adversary: AdversaryModel
  /** The shape of the vectors; at least one element in all. */
  readonly segments: readonly {
    /** 1 to 2^36. */
    readonly length: number
    /** k, 1 to 64. */
    readonly bits: number
    /** R_U: inputs are below it, and n of them must fit k bits; above 2^53 a bigint. Or wrapping is meant. */
    readonly bound: number | bigint | 'modular'
  }[]
  /**
   * t: how many holders recover a secret; 2 to n on the complete graph (default: the least that the model allows), 2 to k
   * on the sparse one.
   */
  readonly threshold?: number | undefined
  /**
   * Who masks with whom: everybody with everybody (the default); or each with a few others on a ring that the server
   * draws. The second is for the honest-but-curious model only; there the threshold counts the neighbors that hold a
   * client's secrets, and has to be stated with the minimum cohort.
   */
  readonly graph?: 'complete' | SparseGraph | undefined
  /** Default `aes`. */
  readonly suite?: SuiteName | undefined
  /**
   * n_C: the number of corrupt clients to withstand, on the complete graph. Where it is absent the model's general
   * threshold applies.
   */
  readonly corruptClients?: number | undefined
  /**
   * The fewest inputs of a sum; from the threshold (the default on the complete graph) to n. On the sparse graph it is the
   * server that keeps this, as a client cannot see how many there are.
   */
  readonly minimumCohort?: number | undefined
  /**
   * Elements of a masked vector that travel in one message, from 64 on and at most 65536 messages to a vector. Of a
   * vector that goes in slices its client never holds the whole beside the input; at the server an unfinished one waits in
   * the store of slices. Default: the whole vector goes in one message.
   */
  readonly sliceLength?: number | undefined
  /** Bytes of one identity signature, 1 to 65535; active model only. Default 64 (Ed25519, ECDSA on P-256). */
  readonly signatureLength?: number | undefined
  /**
   * What the round is about, by name: the model, a manifest, scaling parameters. Each client must pass the bytes that
   * it received itself: clients that were given different ones then fail to form a sum, which is what protects them.
   * Names are 1 to 255 printable ASCII characters.
   */
  readonly context?: Readonly<Record<string, Uint8Array>> | undefined
}

/**
 * A round's complete, validated and immutable configuration; made by `createRoundConfig` only.
 * @public
 */
export interface RoundConfig {
  readonly sessionId: Bytes
  readonly clients: number
  readonly threshold: number
  readonly adversary: AdversaryModel
  readonly suite: SuiteName
  readonly graph: GraphShape
  readonly segments: readonly BoundedSegment[]
  readonly corruptClients: number | undefined
  readonly minimumCohort: number
  /** Elements of a masked vector that travel in one message; `undefined` where it goes in one. */
  readonly sliceLength: number | undefined
  /** Bytes of one signature; 0 where the model has none. */
  readonly signatureLength: number
  /** SHA-256 of the context's canonical encoding. */
  readonly contextHash: Bytes
  /** SHA-256 of the canonical encoding of all of the above: in every key derivation and under every signature. */
  readonly hash: Bytes
}

/** Every seat of the round, ascending. */
export function allSeats({ clients }: RoundConfig): readonly number[] {
  return Array.from({ length: clients }, (_, seat) => seat)
}

const MOST_CLIENTS = 1e8

/**
 * What the least threshold on the complete graph depends on.
 * @public
 */
export interface ThresholdModel {
  readonly clients: number
  readonly adversary: AdversaryModel
  /** n_C; where it is not stated the model's general threshold applies. */
  readonly corruptClients?: number | undefined
}

/**
 * The least threshold on the complete graph (Bonawitz et al. 2017, section 6); it exceeds n where the model cannot be met.
 *
 * - Honest-but-curious: more than half of the clients, and more than the corrupt ones.
 * - Active: more than two thirds of the clients; or, where the number n_C of corrupt clients is stated, 2t > n + n_C, so
 *   that two sets of t signers share an honest client.
 *
 * @throws {SecAggError} `invalid-argument` where a value is out of its range: n from 1 to 10⁸, n_C from 0 to n.
 * @public
 */
export function minimumThreshold(model: ThresholdModel): number {
  const { clients, adversary, corruptClients } = partsOf('what a threshold depends on', model)
  requireInteger('clients', clients, 1, MOST_CLIENTS)
  if (adversary !== 'honest-but-curious' && adversary !== 'active') {
    throw usageError('invalid-argument', "the adversary model is 'honest-but-curious' or 'active'")
  }
  if (corruptClients !== undefined) requireInteger('corruptClients', corruptClients, 0, clients)
  if (adversary === 'honest-but-curious') {
    return Math.max(Math.floor(clients / 2), corruptClients ?? 0) + 1
  }
  return corruptClients === undefined
    ? Math.floor((2 * clients) / 3) + 1
    : Math.floor((clients + corruptClients) / 2) + 1
}
