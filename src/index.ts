/**
 * `secagg`: secure aggregation. Many clients each hold a vector, a server learns the sum and nothing else, and clients
 * may drop out at any moment (Bonawitz et al., CCS 2017; Bell et al., CCS 2020).
 *
 * This entry contains what a program needs to embed the protocol: the configuration of a round, a session for each party,
 * identities and errors. It is built on `secagg/protocol` (the paper step by step, as pure functions), `secagg/vector` (the
 * arithmetic) and `secagg/crypto` (the cryptographic backends). `secagg/simulate` runs whole rounds in one process.
 *
 * @module
 */

// The configuration of a round, which server and clients agree on beforehand.
export {
  type AdversaryModel,
  type BoundedSegment,
  createRoundConfig,
  type InputBound,
  type KeyAgreementName,
  minimumThreshold,
  type RoundConfig,
  type RoundParameters,
  type SparseGraph,
  type ThresholdModel,
} from './protocol/index.js'

// How many neighbors a client needs on the sparse graph.
export { chooseParameters, type GraphParameters } from './graph/chooser/parameters.js'
export {
  type Assumptions,
  checkNeighborhood,
  type GraphAssumptions,
  type CompleteShape,
  type GraphShape,
  type OfferedNeighborhood,
  type SecurityFailure,
  type ServerModel,
  type SparseShape,
  type ChosenShape,
} from './graph/index.js'

// One party in one round: bytes in, bytes out.
export {
  type ClaimSession,
  ClientSession,
  type ClientSessionEvent,
  type ClientSessionOptions,
  type Receipt,
  type Refusal,
  type PhaseCount,
  type PhaseOutcome,
  type RoundReport,
  ServerSession,
  type ServerSessionEvent,
  type ServerSessionOptions,
  type SumSink,
  type InputSource,
  type SessionInput,
  type ResumedClientOptions,
  type SaveSession,
  type WrongShare,
} from './session/index.js'

// Where a server adds up vectors and removes masks.
export {
  type DataPlane,
  type LocalPlaneOptions,
  localPlane,
  type SliceStore,
  type SumBlock,
  type UploadPlace,
} from './plane/index.js'

// What a message is, by its first bytes.
export { inspectMessage, type MessageInfo, type MessageType } from './wire/index.js'

// Inputs and outcomes that carry the id of their round, so that rounds cannot be mixed up.
export {
  type FinishedRound,
  type RoundInput,
  type RoundSum,
  readOutcome,
  roundInput,
  type VectorSource,
} from './rounds/index.js'

// The identities of clients, in the active model.
export {
  dangerouslyTrustAnyIdentity,
  ed25519Signer,
  ed25519Verifier,
  type SignedClaim,
  type OwnSigner,
  type Signer,
  type VerifyIdentity,
} from './protocol/index.js'

// Errors.
export {
  type ErrorCode,
  type ErrorDetails,
  type Fault,
  PHASES,
  type PhaseName,
  SecAggError,
} from './errors.js'

// Types of the lower layers.
export { type Bytes, type CryptoProvider, defaultCrypto, type SuiteName } from './crypto/index.js'
export type { SecretSplitter } from './shamir/split.js'
export type { ElementRange, Lanes, MaskExecutor, Segment, Vector } from './vector/index.js'
