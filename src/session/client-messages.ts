import type { Bytes } from '../crypto/bytes.js'
import type { CryptoProvider } from '../crypto/index.js'
import { type PhaseName, SecAggError } from '../errors.js'
import { nameableSeats } from '../graph/index.js'
import { blameServer } from '../protocol/checks.js'
import { allSeats } from '../protocol/config.js'
import { client } from '../protocol/index.js'
import { decodePublishedKeys, suiteOf } from '../protocol/keys.js'
import { executeMaskPlan, packVector, segmentsInRange, type Vector } from '../vector/index.js'
import { sliceCount, sliceRange } from '../vector/segments.js'
import {
  advertiseKeysCoder,
  type ConsistencySignatures,
  consistencyCheckCoder,
  consistencySignaturesCoder,
  decodeMessage,
  encodeMaskedInput,
  encodeMaskedSlice,
  encodeMessage,
  type ForwardedShares,
  forwardedSharesCoder,
  type MessageType,
  messageType,
  type PublishedKeys,
  type Survivors,
  shareKeysCoder,
  survivorsCoder,
  unmaskingCoder,
} from '../wire/index.js'
import type { ClientSessionOptions } from './session-options.js'

/** The message that a client sends in `state`, as bytes; the masked input, which no state holds, excepted. */
export function encodeFromClient(state: Exclude<client.ClientState, client.ClientMasked>): Bytes {
  const { signatureLength } = state.config
  switch (state.state) {
    case 'client-advertised':
      return encodeMessage('advertiseKeys', advertiseKeysCoder(signatureLength), state.outbound)
    case 'client-shared':
      return encodeMessage('shareKeys', shareKeysCoder(state.peers.length), state.outbound)
    case 'client-checked':
      return encodeMessage('consistencyCheck', consistencyCheckCoder(signatureLength), state.outbound)
    case 'client-unmasked':
      return encodeMessage(
        'unmasking',
        unmaskingCoder(state.owners, new Set(state.survivors)),
        state.outbound,
      )
  }
}

/** Readers of the server's messages, each with what the client's state says of its size. */
export const decodeFromServer = {
  publishedKeys: ({ config }: client.ClientAdvertised, bytes: Uint8Array): PublishedKeys =>
    decodePublishedKeys(config, bytes),

  forwardedShares: ({ peers }: client.ClientShared, bytes: Uint8Array): ForwardedShares =>
    decodeMessage(
      'forwardedShares',
      forwardedSharesCoder(peers.map(({ seat }) => seat)),
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

  consistencySignatures: ({ config }: client.ClientChecked, bytes: Uint8Array): ConsistencySignatures =>
    decodeMessage(
      'consistencySignatures',
      consistencySignaturesCoder(allSeats(config), config.signatureLength),
      bytes,
      blameServer('unmasking'),
    ),
} as const

/**
 * Refuses a message of the type that brought the client into `state`: it is not the one that was answered.
 *
 * @throws {SecAggError} `conflicting-message`.
 */
export function refuseSecondVersion(state: client.ClientState, bytes: Uint8Array): void {
  const answered = answeredMessage(state)
  if (answered === undefined || messageType(bytes) !== answered.type) return
  const text = `the server sent two versions of the ${answered.type} message`
  throw new SecAggError('conflicting-message', 'server', text, { phase: answered.phase })
}

function answeredMessage(
  state: client.ClientState,
): { readonly type: MessageType; readonly phase: PhaseName } | undefined {
  const active = state.config.adversary === 'active'
  switch (state.state) {
    case 'client-advertised':
      return undefined
    case 'client-shared':
      return { type: 'publishedKeys', phase: 'share-keys' }
    case 'client-masked':
      return { type: 'forwardedShares', phase: 'masked-input' }
    case 'client-checked':
      return { type: 'survivors', phase: 'consistency-check' }
    case 'client-unmasked':
      return { type: active ? 'consistencySignatures' : 'survivors', phase: 'unmasking' }
  }
}

/** Masks the elements of one slice in place, and gives the message with them: a slice, or the whole vector. */
export async function maskSlice(
  { config, plan }: client.ClientMasked,
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
  const packed = packVector(elements, segmentsInRange(segments, range))
  return slices === 1 ? encodeMaskedInput(packed) : encodeMaskedSlice(slice, packed)
}
