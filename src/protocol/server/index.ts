export { acceptComplaint, type ComplainingClient, secretSenders } from './accept-complaint.js'
export type { Outbound } from './accepted.js'
export {
  acceptAdvertisedKeys,
  closeAdvertiseKeys,
  keysToPublish,
  openRound,
} from './advertise-keys.js'
export {
  acceptAcknowledgements,
  acceptConsistencyCheck,
  acknowledgementsToForward,
  closeAcknowledgements,
  closeConsistencyCheck,
  livingOwnersToAnnounce,
  signaturesToPublish,
} from './check-consistency.js'
export {
  acceptInclusion,
  acceptMaskedInput,
  closeMaskedInput,
  nameableSurvivors,
  survivorsToAnnounce,
} from './mask-input.js'
export { countMaskTerms, planUnmasking } from './mask-plans.js'
export { reconstructSecrets } from './reconstruct-secrets.js'
export { decodeState, encodeState } from './saved-states.js'
export {
  type AcceptedShares,
  acceptSharedKeys,
  closeShareKeys,
  peersOf,
  sealersOf,
  sharesToForward,
} from './share-keys.js'
export type {
  AcknowledgingClient,
  AdvertisedClient,
  ConsistentClient,
  IncludingClient,
  MaskedClient,
  MaskedHybrid,
  ServerAcknowledging,
  ServerAdvertising,
  ServerChecking,
  ServerFinished,
  ServerMasking,
  ServerSharing,
  ServerState,
  ServerUnmasking,
  SharingClient,
} from './states.js'
export { secretsIn } from './states.js'
export {
  acceptUnmasking,
  livingOwnerSeats,
  ownersKnownTo,
  type RevealingClient,
  respondents,
} from './unmask.js'
export type { OnWork } from './work.js'
export type { WrongShare } from './wrong-shares.js'
