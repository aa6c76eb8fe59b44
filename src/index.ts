/**
 * `secagg`: secure aggregation. Many clients each hold a vector, a server learns the sum and nothing else, and clients
 * may vanish at any moment (Bonawitz et al., CCS 2017; Bell et al., CCS 2020).
 *
 * This entry has what a program needs that embeds the protocol: a round's configuration, a session for each party,
 * identities, errors. Below it lie `secagg/protocol` (the paper step by step, as pure functions), `secagg/vector` (the
 * arithmetic) and `secagg/crypto` (the backends); `secagg/simulate` runs whole rounds in one process.
 *
 * @module
 */

// What the round is about, agreed on beforehand.
export {
  type AdversaryModel,
  type BoundedSegment,
  createRoundConfig,
  type InputBound,
  minimumThreshold,
  type RoundConfig,
  type RoundParameters,
  type SparseGraph,
  type ThresholdModel,
} from './protocol/index.js'

// How large a neighborhood it takes on the sparse graph.
export {
  type Assumptions,
  chooseParameters,
  checkNeighborhood,
  type GraphAssumptions,
  type CompleteShape,
  type GraphParameters,
  type GraphShape,
  type OfferedNeighborhood,
  type SecurityFailure,
  type ServerModel,
  type SparseShape,
} from './graph/index.js'

// One party in one round: bytes in, bytes out.
export {
  type ClaimSession,
  ClientSession,
  type ClientSessionOptions,
  type Receipt,
  type Refusal,
  type PhaseCount,
  type PhaseOutcome,
  type RoundReport,
  ServerSession,
  type ServerSessionOptions,
  type InputSource,
  type SessionInput,
  type SliceStore,
  type ResumedClientOptions,
  type SaveSession,
  type WrongShare,
} from './session/index.js'

// What a message is, by its first bytes.
export { inspectMessage, type MessageInfo, type MessageType } from './wire/index.js'

// What goes into a round and comes out of it knows which round that is.
export {
  type FinishedRound,
  type RoundInput,
  type RoundSum,
  readOutcome,
  roundInput,
  type VectorSource,
} from './rounds/index.js'

// Who the clients are, in the active model.
export {
  dangerouslyTrustAnyIdentity,
  ed25519Signer,
  ed25519Verifier,
  type SignedClaim,
  type OwnSigner,
  type Signer,
  type VerifyIdentity,
} from './protocol/index.js'

// What goes wrong.
export {
  type ErrorCode,
  type ErrorDetails,
  type Fault,
  PHASES,
  type PhaseName,
  SecAggError,
} from './errors.js'

// What runs underneath.
export { type Bytes, type CryptoProvider, defaultCrypto, type SuiteName } from './crypto/index.js'
export type { SecretSplitter } from './shamir/index.js'
export type { ElementRange, Lanes, MaskExecutor, Segment, Vector } from './vector/index.js'
