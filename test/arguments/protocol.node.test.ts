import * as protocol from 'secagg/protocol'
import { advertiseKeysCoder, encodeMessage, publishedKeysCoder } from '../../src/wire/index.js'
import { type Examples, optional, said, whole } from './examples.js'
import { createRoundConfig, identities, inspectMessage, minimumThreshold, provider } from './root-examples.js'
import { ACTIVE, chosenRound, INPUT_DIGEST, wholeRound } from './rounds.js'
import { testArguments } from './surface.js'

const { client, server } = protocol
const active = await wholeRound(ACTIVE)
const chosen = await chosenRound()
const { config } = active
const capabilities = active.capabilities[0]!
const { splitSecret, signer, verifyIdentity } = capabilities
const crypto = provider(capabilities.crypto)
/** Marks the parts of the first element of a list, and not those of the others. */
const firstOf = <T>([head, ...tail]: readonly T[]): readonly T[] => [head!, ...tail.map(whole)]

const messageFor = (outbound: protocol.server.Outbound<unknown>): { on: object; args: unknown[] } => ({
  on: outbound,
  args: [0],
})

const { signatureLength } = config
const advertised = encodeMessage(
  'advertiseKeys',
  advertiseKeysCoder(signatureLength),
  active.advertised[0]!.outbound,
)
const published = encodeMessage(
  'publishedKeys',
  publishedKeysCoder([0, 1, 2, 3], signatureLength),
  active.published,
)

const examples: Examples = {
  createRoundConfig,
  inspectMessage,
  minimumThreshold,
  ...identities(capabilities.crypto),
  secretSplitter: () => ({ args: [crypto] }),
  'secretSplitter().call': () => ({
    on: protocol.secretSplitter(capabilities.crypto),
    args: [new Uint8Array(32), 2, 3],
  }),
  decodeAdvertiseKeys: () => ({ args: [whole(config), 0, said(advertised)] }),
  decodePublishedKeys: () => ({ args: [whole(config), said(published)] }),

  'client.advertiseKeys': () => ({
    args: [whole(config), 0, { crypto, signer }, optional({ minimumSurvivors: optional(4) })],
  }),
  'client.shareKeys': () => ({
    args: [
      whole(active.advertised[0]!),
      said(firstOf(active.published)),
      { crypto, splitSecret, verifyIdentity },
    ],
  }),
  'client.maskInput': () => ({
    args: [whole(active.shared[0]!), said(firstOf(active.forwarded[0]!)), INPUT_DIGEST, { crypto }],
  }),
  'client.complain': () => ({ args: [whole(active.shared[2]!), [0, 1, 3], [1]] }),
  'client.repeatMaskInput': () => ({ args: [whole(active.masked[0]!), INPUT_DIGEST] }),
  'client.checkConsistency': () => ({ args: [whole(active.masked[0]!), said(active.survivors), { signer }] }),
  'client.acknowledgeOwners': () => ({
    args: [
      whole(chosen.masked[0]!),
      said(firstOf(chosen.living)),
      {
        crypto: provider(chosen.capabilities[0]!.crypto),
        verifyIdentity: chosen.capabilities[0]!.verifyIdentity,
      },
    ],
  }),
  'client.ownerSeats': () => ({ args: [whole(chosen.masked[0]!)] }),
  'client.unmask': () => ({
    args: [whole(active.checked[0]!), said(firstOf(active.signatures)), { crypto, verifyIdentity }],
  }),
  'client.encodeState': () => ({ args: [whole(active.shared[0]!)] }),
  'client.decodeState': () => ({ args: [client.encodeState(active.shared[0]!), whole(config)] }),
  'client.secretsIn': () => ({ args: [whole(active.shared[0]!)] }),
  'client.sharingSeats': () => ({ args: [whole(active.masked[0]!)] }),

  'server.openRound': () => ({ args: [whole(config)] }),
  'server.acceptAdvertisedKeys': () => ({
    args: [whole(active.advertising), 0, said({ ...active.advertised[0]!.outbound }), { verifyIdentity }],
  }),
  'server.closeAdvertiseKeys': () => ({
    args: [whole(active.advertising), firstOf(active.acceptedKeys), { crypto }],
  }),
  'server.closeAdvertiseKeys().outbound.messageFor': () =>
    messageFor(server.closeAdvertiseKeys(active.advertising, active.acceptedKeys, capabilities).outbound),
  'server.keysToPublish': () => ({ args: [whole(active.sharing)] }),
  'server.keysToPublish().messageFor': () => messageFor(server.keysToPublish(active.sharing)),
  'server.peersOf': () => ({ args: [whole(active.sharing), 0] }),
  'server.acceptSharedKeys': () => ({
    args: [whole(active.sharing), 0, said({ ...active.shared[0]!.outbound })],
  }),
  'server.closeShareKeys': () => ({ args: [whole(active.sharing), firstOf(active.acceptedShares)] }),
  'server.closeShareKeys().outbound.messageFor': () =>
    messageFor(server.closeShareKeys(active.sharing, active.acceptedShares).outbound),
  'server.sharesToForward': () => ({ args: [whole(active.masking)] }),
  'server.sharesToForward().messageFor': () => messageFor(server.sharesToForward(active.masking)),
  'server.secretSenders': () => ({ args: [whole(active.masking), 2] }),
  'server.acceptComplaint': () => ({ args: [whole(active.masking), 2, said([1])] }),
  'server.acceptMaskedInput': () => ({ args: [whole(active.masking), 0] }),
  'server.closeMaskedInput': () => ({ args: [whole(active.masking), active.survivors] }),
  'server.closeMaskedInput().outbound.messageFor': () =>
    messageFor(server.closeMaskedInput(active.masking, active.survivors).outbound),
  'server.acceptInclusion': () => ({
    args: [
      whole(chosen.masking),
      0,
      said({ ...chosen.masked[0]!.inclusion! }),
      { verifyIdentity: chosen.capabilities[0]!.verifyIdentity },
    ],
  }),
  'server.livingOwnersToAnnounce': () => ({ args: [whole(chosen.acknowledging)] }),
  'server.livingOwnersToAnnounce().messageFor': () =>
    messageFor(server.livingOwnersToAnnounce(chosen.acknowledging)),
  'server.livingOwnerSeats': () => ({ args: [whole(chosen.acknowledging), 0] }),
  'server.acceptAcknowledgements': () => ({
    args: [whole(chosen.acknowledging), 0, said(firstOf(chosen.acknowledged[0]!.outbound))],
  }),
  'server.closeAcknowledgements': () => ({ args: [whole(chosen.acknowledging), firstOf(chosen.accepted)] }),
  'server.closeAcknowledgements().outbound.messageFor': () =>
    messageFor(server.closeAcknowledgements(chosen.acknowledging, chosen.accepted).outbound),
  'server.acknowledgementsToForward': () => ({ args: [whole(chosen.unmasking)] }),
  'server.acknowledgementsToForward().messageFor': () =>
    messageFor(server.acknowledgementsToForward(chosen.unmasking)),
  'server.sealersOf': () => ({ args: [whole(active.masking), 0] }),
  'server.survivorsToAnnounce': () => ({ args: [whole(active.serverChecking!)] }),
  'server.survivorsToAnnounce().messageFor': () =>
    messageFor(server.survivorsToAnnounce(active.serverChecking!)),
  'server.nameableSurvivors': () => ({ args: [whole(active.serverChecking!), 0] }),
  'server.acceptConsistencyCheck': () => ({
    args: [whole(active.serverChecking!), 0, said(active.checked[0]!.outbound), { verifyIdentity }],
  }),
  'server.closeConsistencyCheck': () => ({
    args: [whole(active.serverChecking!), firstOf(active.acceptedSignatures)],
  }),
  'server.closeConsistencyCheck().outbound.messageFor': () =>
    messageFor(server.closeConsistencyCheck(active.serverChecking!, active.acceptedSignatures).outbound),
  'server.signaturesToPublish': () => ({ args: [whole(active.unmasking)] }),
  'server.signaturesToPublish().messageFor': () => messageFor(server.signaturesToPublish(active.unmasking)),
  'server.ownersKnownTo': () => ({ args: [whole(active.unmasking), 0] }),
  'server.respondents': () => ({ args: [whole(active.unmasking)] }),
  'server.acceptUnmasking': () => ({
    args: [whole(active.unmasking), 0, said(firstOf(active.unmasked[0]!.outbound))],
  }),
  'server.reconstructSecrets': () => ({
    args: [whole(active.unmasking), firstOf(active.acceptedUnmasking), { crypto }],
  }),
  'server.countMaskTerms': () => ({ args: [whole(active.serverUnmasked)] }),
  'server.planUnmasking': () => ({ args: [whole(active.serverUnmasked), { crypto }] }),
  'server.encodeState': () => ({ args: [whole(active.unmasking)] }),
  'server.decodeState': () => ({ args: [server.encodeState(active.unmasking), whole(config)] }),
  'server.secretsIn': () => ({ args: [whole(active.serverUnmasked)] }),
}

testArguments(protocol, examples)
