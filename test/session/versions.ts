import type { PhaseName, RoundConfig } from 'secagg'
import type { Coder } from '../../src/codec/codec.js'
import {
  consistencySignaturesCoder,
  decodeMessage,
  encodeMessage,
  forwardedSharesCoder,
  type MessageType,
  publishedKeysCoder,
  survivorsCoder,
} from '../../src/wire/index.js'

/** Each model with each round in which a client answers a message of the server. */
export const MODELS_AND_ROUNDS: readonly (readonly [RoundConfig['adversary'], PhaseName])[] = [
  ['honest-but-curious', 'share-keys'],
  ['honest-but-curious', 'masked-input'],
  ['honest-but-curious', 'unmasking'],
  ['active', 'share-keys'],
  ['active', 'masked-input'],
  ['active', 'consistency-check'],
  ['active', 'unmasking'],
]

/** Another valid version of what the server sends to `seat` in `round`, without the last seat it names. */
export function secondVersion(
  config: RoundConfig,
  seat: number,
  phase: PhaseName,
  bytes: Uint8Array,
): Uint8Array {
  const universe = Array.from({ length: config.clients }, (_, index) => index)
  switch (phase) {
    case 'share-keys':
      return withoutLast('publishedKeys', publishedKeysCoder(universe, config.signatureLength), bytes)
    case 'masked-input': {
      const peers = universe.filter((peer) => peer !== seat)
      return withoutLast('forwardedShares', forwardedSharesCoder(peers), bytes)
    }
    case 'unmasking':
      return config.adversary === 'active'
        ? withoutLast(
            'consistencySignatures',
            consistencySignaturesCoder(universe, config.signatureLength),
            bytes,
          )
        : withoutLast('survivors', survivorsCoder(universe), bytes)
    default:
      return withoutLast('survivors', survivorsCoder(universe), bytes)
  }
}

function withoutLast<T>(type: MessageType, coder: Coder<readonly T[]>, bytes: Uint8Array): Uint8Array {
  const origin = { fault: 'internal', phase: 'advertise-keys', culprits: [] } as const
  return encodeMessage(type, coder, decodeMessage(type, coder, bytes, origin).slice(0, -1))
}
