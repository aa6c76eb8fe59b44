export { advertiseKeys, type ClientOptions } from './advertise-keys.js'
export { acknowledgeOwners, checkConsistency, ownerSeats, sharingSeats } from './check-consistency.js'
export { complain } from './complain.js'
export type { AdvertisedHybrid, ClientComplained, PeerHybrid, SharedHybrid } from './hybrid-states.js'
export { maskInput, repeatMaskInput } from './mask-input.js'
export { decodeState, encodeState } from './saved-states.js'
export { shareKeys } from './share-keys.js'
export type {
  ClientAcknowledging,
  ClientAdvertised,
  ClientChecked,
  ClientFinished,
  ClientMasked,
  ClientShared,
  ClientState,
  KeyPair,
  OwnChoice,
  Peer,
  PeerChoice,
  SharePair,
  Sharer,
} from './states.js'
export { secretsIn } from './states.js'
export { type UnmaskCapabilities, type UnmaskResult, unmask } from './unmask.js'
