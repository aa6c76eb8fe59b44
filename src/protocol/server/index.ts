export {
  acceptAdvertisedKeys,
  openRound,
  publishedKeys,
  publishKeys,
} from './advertise-keys.js'
export { acceptConsistencyCheck, publishedSignatures, publishSignatures } from './check-consistency.js'
export { acceptMaskedInput, announcedSurvivors, announceSurvivors, nameableSurvivors } from './mask-input.js'
export { countMaskTerms, maskPlans } from './mask-plans.js'
export type { Outbound } from './outbound.js'
export { reconstructSecrets } from './reconstruct-secrets.js'
export { decodeState, encodeState } from './saved-states.js'
export { secretsIn } from './secrets.js'
export {
  type AcceptedShares,
  acceptSharedKeys,
  forwardedShares,
  forwardShares,
  peersOf,
} from './share-keys.js'
export type {
  AdvertisedClient,
  ConsistentClient,
  MaskedClient,
  ServerAdvertising,
  ServerChecking,
  ServerMasking,
  ServerSharing,
  ServerState,
  ServerUnmasked,
  ServerUnmasking,
  SharingClient,
} from './states.js'
export { type AcceptedUnmasking, acceptUnmasking, ownersKnownTo, respondents } from './unmask.js'
export type { WrongShare } from './wrong-shares.js'
