export type { Outbound } from './accepted.js'
export {
  acceptAdvertisedKeys,
  closeAdvertiseKeys,
  keysToPublish,
  openRound,
} from './advertise-keys.js'
export {
  acceptConsistencyCheck,
  closeConsistencyCheck,
  signaturesToPublish,
} from './check-consistency.js'
export {
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
  sharesToForward,
} from './share-keys.js'
export type {
  AdvertisedClient,
  ConsistentClient,
  MaskedClient,
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
export { acceptUnmasking, ownersKnownTo, type RevealingClient, respondents } from './unmask.js'
export type { OnWork } from './work.js'
export type { WrongShare } from './wrong-shares.js'
