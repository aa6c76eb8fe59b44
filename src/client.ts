/**
 * `secagg/client`: what a client needs to embed the protocol, and nothing of the server. It exports some of the names of
 * `secagg`. Most bundlers leave out what is not used, so there is no difference. Those that keep whole modules, such as Metro
 * in React Native, make a bundle of this entry that is a quarter smaller than that of `secagg`.
 *
 * @module
 */

// The configuration of a round, which server and clients agree on beforehand.
export { createRoundConfig } from './protocol/create-config.js'
export type {
  AdversaryModel,
  BoundedSegment,
  InputBound,
  KeyAgreementName,
  RoundConfig,
  RoundParameters,
  SparseGraph,
} from './protocol/index.js'
export type {
  Assumptions,
  ChosenShape,
  CompleteShape,
  GraphAssumptions,
  GraphShape,
  OfferedNeighborhood,
  SecurityFailure,
  ServerModel,
  SparseShape,
} from './graph/index.js'

// The client's part of a round: bytes in, bytes out.
export { ClientSession } from './session/client-session.js'
export type {
  ClaimSession,
  ClientSessionEvent,
  ClientSessionOptions,
  InputSource,
  ResumedClientOptions,
  SaveSession,
  SessionInput,
} from './session/index.js'

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
  type OwnSigner,
  type SignedClaim,
  type Signer,
  type VerifyIdentity,
} from './protocol/identity.js'

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
export type { Bytes } from './crypto/bytes.js'
export { defaultCrypto } from './crypto/default.js'
export type { CryptoProvider, SuiteName } from './crypto/provider.js'
export type { SecretSplitter } from './shamir/split.js'
export type { ElementRange, Lanes, MaskExecutor, Segment, Vector } from './vector/index.js'
