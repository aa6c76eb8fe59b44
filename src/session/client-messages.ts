import type { Bytes } from '../crypto/bytes.js'
import type { CryptoProvider } from '../crypto/index.js'
import { type PhaseName, SecAggError } from '../errors.js'
import { choiceLength, memberAt, nameableSeats, provenHolders } from '../graph/index.js'
import { blameServer } from '../protocol/checks.js'
import * as client from '../protocol/client/index.js'
import { allSeats } from '../protocol/config.js'
import { hybridFor } from '../protocol/hybrid-steps.js'
import type { ClientCapabilities } from '../protocol/index.js'
import { decodePublishedKeys, isHybrid, suiteOf } from '../protocol/keys.js'
import { sealedByClient, sealedFromPeer } from '../protocol/parcel-lengths.js'
import { messagesAfterMasking } from '../protocol/statements.js'
import { executeMaskPlan } from '../vector/mask.js'
import { packedLength, packInto } from '../vector/packing.js'
import { segmentsInRange, sliceCount, sliceRange, type Vector } from '../vector/segments.js'
import {
  type Acknowledgements,
  acknowledgementsCoder,
  advertiseKeysCoder,
  type ConsistencySignatures,
  complaintCoder,
  consistencyCheckCoder,
  consistencySignaturesCoder,
  createMaskedSlice,
  createMessage,
  decodeMessage,
  encodeMessage,
  encodeOwn,
  type ForwardedShares,
  forwardedSharesCoder,
  inclusionCoder,
  type LivingOwners,
  livingOwnersCoder,
  type MessageType,
  messageType,
  type PublishedKeys,
  type Survivors,
  shareKeysCoder,
  survivorsCoder,
  unmaskingCoder,
} from '../wire/index.js'
import type { ClientSessionOptions } from './session-options.js'

/** The phase of the message that brought a client into its state. */
export const PHASE_OF: Readonly<Record<client.ClientState['state'], PhaseName>> = {
  'client-advertised': 'advertise-keys',
  'client-shared': 'share-keys',
  'client-masked': 'masked-input',
  'client-checked': 'consistency-check',
  'client-acknowledging': 'consistency-check',
  'client-complained': 'masked-input',
  'client-unmasked': 'unmasking',
}

/** Whether a client sends nothing more after the message of this state. */
export function isLast(state: client.ClientState['state'] | undefined): boolean {
  return state === 'client-unmasked' || state === 'client-complained'
}

/** The message that a client sends in `state`, as bytes. It excludes the masked input, which no state contains. */
export function encodeFromClient(state: Exclude<client.ClientState, client.ClientMasked>): Bytes {
  const { signatureLength, graph } = state.config
  switch (state.state) {
    case 'client-advertised':
      return encodeMessage(
        'advertiseKeys',
        advertiseKeysCoder(signatureLength, choiceLength(graph), isHybrid(state.config)),
        state.outbound,
      )
    case 'client-shared':
      return encodeMessage('shareKeys', shareKeysCoder(0, sealedByClient(state)), state.outbound)
    case 'client-checked':
      return encodeMessage('consistencyCheck', consistencyCheckCoder(signatureLength), state.outbound)
    case 'client-acknowledging':
      return encodeMessage('acknowledgements', acknowledgementsCoder(state.survivors), state.outbound)
    case 'client-complained':
      return encodeMessage('complaint', complaintCoder(state.nameable), state.outbound)
    case 'client-unmasked':
      return encodeMessage(
        'unmasking',
        unmaskingCoder(state.owners, new Set(state.survivors)),
        state.outbound,
      )
  }
}

/** Decoders of the server's messages. The client's state determines how long a message may be. */
export const decodeFromServer = {
  publishedKeys: ({ config }: client.ClientAdvertised, bytes: Uint8Array): PublishedKeys =>
    decodePublishedKeys(config, bytes),

  forwardedShares: (state: client.ClientShared, bytes: Uint8Array): ForwardedShares =>
    decodeMessage(
      'forwardedShares',
      forwardedSharesCoder(state.peers.map(seatOf), undefined, (peer) =>
        sealedFromPeer(state, memberAt(state.peers, peer)!),
      ),
      bytes,
      blameServer('masked-input'),
    ),

  survivors: (state: client.ClientMasked, bytes: Uint8Array): Survivors =>
    decodeMessage(
      'survivors',
      survivorsCoder(nameableSeats(state.config.graph, state.config.clients, client.sharingSeats(state))),
      bytes,
      blameServer(state.config.adversary === 'active' ? 'consistency-check' : 'unmasking'),
    ),

  livingOwners: (state: client.ClientMasked, bytes: Uint8Array): LivingOwners => {
    const { graph, signatureLength } = state.config
    const coder = livingOwnersCoder(client.ownerSeats(state), provenHolders(graph), signatureLength)
    return decodeMessage('livingOwners', coder, bytes, blameServer('consistency-check'))
  },

  acknowledgements: ({ expected }: client.ClientAcknowledging, bytes: Uint8Array): Acknowledgements =>
    decodeMessage(
      'collectedAcknowledgements',
      acknowledgementsCoder(expected.map(seatOf)),
      bytes,
      blameServer('unmasking'),
    ),

  consistencySignatures: ({ config }: client.ClientChecked, bytes: Uint8Array): ConsistencySignatures =>
    decodeMessage(
      'consistencySignatures',
      consistencySignaturesCoder(allSeats(config), config.signatureLength),
      bytes,
      blameServer('unmasking'),
    ),
} as const

/**
 * Refuses a message of the type that brought the client into `state`. It is called only for messages that differ from the
 * one that was answered.
 *
 * @throws {SecAggError} `conflicting-message`.
 */
export function refuseSecondVersion(state: client.ClientState, bytes: Uint8Array): void {
  const type = answeredType(state)
  if (type === undefined || messageType(bytes) !== type) return
  const text = `the server sent two versions of the ${type} message`
  throw new SecAggError('conflicting-message', 'server', text, { phase: PHASE_OF[state.state] })
}

function answeredType(state: client.ClientState): MessageType | undefined {
  switch (state.state) {
    case 'client-advertised':
      return undefined
    case 'client-shared':
      return 'publishedKeys'
    case 'client-masked':
    case 'client-complained':
      return 'forwardedShares'
    case 'client-checked':
      return 'survivors'
    case 'client-acknowledging':
      return 'livingOwners'
    case 'client-unmasked':
      return messagesAfterMasking(state.config).at(-1)
  }
}

/**
 * The protocol step for a message that a client answers without its input.
 *
 * @throws {SecAggError} fault `server` if the message breaks the protocol; `unexpected-message` after the last one.
 */
export async function answerStep(
  state: Exclude<client.ClientState, client.ClientShared>,
  message: Uint8Array,
  capabilities: ClientCapabilities,
): Promise<Exclude<client.ClientState, client.ClientAdvertised | client.ClientMasked>> {
  switch (state.state) {
    case 'client-advertised': {
      const published = decodeFromServer.publishedKeys(state, message)
      return (await client.shareKeys(state, published, capabilities)).state
    }
    case 'client-masked': {
      const [type, next] = messagesAfterMasking(state.config)
      if (type === 'livingOwners') {
        const living = decodeFromServer.livingOwners(state, message)
        return (await client.acknowledgeOwners(state, living, capabilities)).state
      }
      const survivors = decodeFromServer.survivors(state, message)
      return next === undefined
        ? (await client.unmask(state, survivors, capabilities)).state
        : (await client.checkConsistency(state, survivors, capabilities)).state
    }
    case 'client-checked': {
      const signatures = decodeFromServer.consistencySignatures(state, message)
      return (await client.unmask(state, signatures, capabilities)).state
    }
    case 'client-acknowledging': {
      const acknowledgements = decodeFromServer.acknowledgements(state, message)
      return (await client.unmask(state, acknowledgements, capabilities)).state
    }
    case 'client-complained':
    case 'client-unmasked':
      throw new SecAggError('unexpected-message', 'server', 'the round is over for this client', {
        phase: PHASE_OF[state.state],
      })
  }
}

/** The step of phase 2. With hybrid key agreement, a client that cannot open a secret for a mask complains instead. */
export async function maskOrComplain(
  state: client.ClientShared,
  forwarded: ForwardedShares,
  digest: Uint8Array,
  capabilities: ClientCapabilities,
): Promise<client.ClientMasked | client.ClientComplained> {
  try {
    return (await client.maskInput(state, forwarded, digest, capabilities)).state
  } catch (error) {
    const hybrid = hybridFor(state.config, capabilities.crypto)
    if (hybrid === undefined || !(error instanceof SecAggError) || error.code !== 'wrong-mask-secret')
      throw error
    return hybrid.complain(state, forwarded.map(seatOf), error.concerning).state
  }
}

/** Masks the elements of one slice in place, and returns the message with them: a slice, or the whole vector. */
export async function maskSlice(
  { config, plan, inclusion }: client.ClientMasked,
  elements: Vector,
  slice: number,
  { signal, onProgress, maskExecutor = executeMaskPlan }: ClientSessionOptions,
  crypto: CryptoProvider,
): Promise<Bytes> {
  const { segments, sliceLength } = config
  const slices = sliceCount(segments, sliceLength)
  const range = sliceRange(segments, sliceLength, slice)
  await maskExecutor(elements, segments, plan, suiteOf(config, crypto), {
    range,
    signal,
    onProgress: onProgress && ((fraction) => onProgress((slice + fraction) / slices)),
  })
  // The proof comes before the vector, so it is part of the first slice.
  const proof = inclusion !== undefined && slice === 0 ? encodeProof(config, inclusion) : new Uint8Array(0)
  const shape = segmentsInRange(segments, range)
  const length = proof.length + packedLength(shape)
  const { message, content } =
    slices === 1 ? createMessage('maskedInput', length) : createMaskedSlice(slice, length)
  content.set(proof)
  packInto(elements, shape, content.subarray(proof.length))
  return message
}

function encodeProof(
  { graph, signatureLength }: client.ClientMasked['config'],
  inclusion: NonNullable<client.ClientMasked['inclusion']>,
): Bytes {
  return encodeOwn(inclusionCoder(provenHolders(graph), signatureLength), inclusion)
}

function seatOf({ seat }: { readonly seat: number }): number {
  return seat
}
