import { isEncapsulationKey } from '../../crypto/encapsulation.js'
import { complain } from '../client/complain.js'
import { type HybridSteps, type LoadedHybrid, STEPS } from '../hybrid-steps.js'
import { accusedBy } from '../server/accept-complaint.js'
import {
  agreementsWith,
  drawKeys,
  keyHolder,
  parcelOf,
  peerOf,
  receiveSecrets,
  sealSecrets,
  sharedOf,
} from './client-parcels.js'
import { Complaints } from './complaints.js'
import { forwardParcels } from './forward-parcels.js'
import { kemOf } from './mask-secrets.js'
import { deriveSeeds, isMaster, keepSecrets, maskSecretsIn, openSecrets } from './opened-secrets.js'

const steps: HybridSteps = {
  requireKem: (crypto) => void kemOf(crypto),
  drawKeys,
  areKemKeys: ({ cipherKemKey, maskKemKey }) =>
    [cipherKemKey, maskKemKey].every((key) => key !== undefined && isEncapsulationKey(key)),
  keyHolder,
  agreementsWith,
  sealSecrets,
  parcelOf,
  peerOf,
  sharedOf,
  receiveSecrets,
  complain,
  forwardParcels,
  collectComplaints: (state) => new Complaints(state),
  accusedBy,
  keepSecrets,
  isMaster,
  openSecrets,
  deriveSeeds,
  maskSecretsIn,
}

/** All that hybrid key agreement adds to the steps of the protocol. `withPostQuantum` adds it to a provider. */
export const hybridKeyAgreement: LoadedHybrid = { keyAgreement: 'x25519-ml-kem-768', [STEPS]: steps }
