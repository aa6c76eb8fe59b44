/**
 * `secagg/protocol`: the functional core. Each step of the protocol is one pure function, and each state has one type. The
 * functions are named after the steps in Bonawitz et al. 2017, figure 4, which calls the phases rounds 0 to 4.
 *
 * | phase | client | server |
 * | --- | --- | --- |
 * | 0 AdvertiseKeys | `client.advertiseKeys` | `server.acceptAdvertisedKeys`, `server.closeAdvertiseKeys` |
 * | 1 ShareKeys | `client.shareKeys` | `server.acceptSharedKeys`, `server.closeShareKeys` |
 * | 2 MaskedInputCollection | `client.maskInput` | `server.acceptMaskedInput`, `server.closeMaskedInput` |
 * | 3 ConsistencyCheck | `client.checkConsistency` | `server.acceptConsistencyCheck`, `server.closeConsistencyCheck` |
 * | 4 Unmasking | `client.unmask` | `server.acceptUnmasking`, `server.reconstructSecrets`, `server.planUnmasking` |
 *
 * On the sparse graph in the active model, the server also calls `server.acceptInclusion` in phase 2, and phase 3 consists of
 * `client.acknowledgeOwners`, `server.acceptAcknowledgements` and `server.closeAcknowledgements`.
 *
 * The examples of these functions are the consecutive pieces of one small round, from the keys to the sum.
 *
 * A step that fails throws a `SecAggError` and changes nothing: the caller can continue with the state that it has.
 *
 * @module
 */

export type { ChoosingClient, DrawnChoices, DrawnGraph, DrawnRing } from '../graph/index.js'
export { type SecretSplitter, secretSplitter } from '../shamir/split.js'
export type {
  Acknowledgements,
  AdvertiseKeys,
  Complaint,
  ConsistencyCheck,
  ConsistencySignatures,
  ForwardedShares,
  Inclusion,
  LivingOwners,
  MessageInfo,
  MessageType,
  PublicKeys,
  PublishedKeys,
  Seated,
  ShareKeys,
  Survivors,
  UnmaskingShares,
} from '../wire/index.js'
export { inspectMessage } from '../wire/index.js'
export type { ClientCapabilities, ServerCapabilities } from './capabilities.js'
export * as client from './client/index.js'
export type {
  AdversaryModel,
  BoundedSegment,
  InputBound,
  KeyAgreementName,
  RoundConfig,
  RoundParameters,
  SparseGraph,
} from './config.js'
export { minimumThreshold, type ThresholdModel } from './config.js'
export { createRoundConfig } from './create-config.js'
export {
  dangerouslyTrustAnyIdentity,
  ed25519Signer,
  ed25519Verifier,
  type OwnSigner,
  type SignedClaim,
  type Signer,
  type VerifyIdentity,
} from './identity.js'
export { decodeAdvertiseKeys, decodePublishedKeys } from './keys.js'
export * as server from './server/index.js'
