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

// What a client needs: configuration, identities, the client's session, errors, and the types of all these.
export * from './client.js'

// How many neighbors a client needs on the sparse graph, and how few shares are enough.
export { chooseParameters, type GraphParameters } from './graph/chooser/parameters.js'
export { checkNeighborhood } from './graph/index.js'
export { minimumThreshold, type ThresholdModel } from './protocol/index.js'

// Where a server adds up vectors and removes masks.
export {
  type DataPlane,
  type LocalPlaneOptions,
  localPlane,
  type SliceStore,
  type SumBlock,
  type UploadPlace,
} from './plane/index.js'

// The server's part of a round: bytes in, bytes out.
export {
  type PhaseCount,
  type PhaseOutcome,
  type Receipt,
  type Refusal,
  type RoundReport,
  ServerSession,
  type ServerSessionEvent,
  type ServerSessionOptions,
  type SumSink,
  type WrongShare,
} from './session/index.js'
