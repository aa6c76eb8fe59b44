import { publishableSeats } from '../graph/index.js'
import { blamePeer } from '../protocol/blame.js'
import { DistinctKeys, requireDistinct, requireSameConfiguration } from '../protocol/checks.js'
import { server } from '../protocol/index.js'
import { allSeats } from '../protocol/seats.js'
import {
  advertiseKeysCoder,
  beginningOf,
  decodeMessage,
  encodeMessage,
  HASH_LENGTH,
  publishedKeysCoder,
  shareKeysCoder,
} from '../wire/index.js'
import { maskPhase } from './mask-phase.js'
import { type Phase, phaseOf } from './phase.js'
import { encoded, type PhaseContext, seatsOf } from './phase-context.js'

/** Round 0: collects public keys. */
export function advertisePhase(state: server.ServerAdvertising, context: PhaseContext): Phase {
  const { config } = state
  const coder = advertiseKeysCoder(config.signatureLength)
  const distinct = new DistinctKeys()
  return phaseOf({
    state,
    phase: 'advertise-keys',
    type: 'advertiseKeys',
    expected: allSeats(config),
    outbound: { recipients: [], messageFor: () => new Uint8Array(0) },
    check: async (seat, bytes) => {
      const blame = blamePeer('advertise-keys', seat)
      // Ahead of the length, which in the other adversary model is another.
      const hash = beginningOf('advertiseKeys', bytes, HASH_LENGTH, blame)
      if (hash !== undefined) requireSameConfiguration(config, hash, blame)
      const message = decodeMessage('advertiseKeys', coder, bytes, blame)
      const accepted = await server.acceptAdvertisedKeys(state, seat, message, context)
      return () => {
        requireDistinct(distinct, accepted)
        return accepted
      }
    },
    encode: ({ keys }) => encodeMessage('advertiseKeys', coder, { configurationHash: config.hash, ...keys }),
    close: async (accepted) => {
      const { state: next } = server.closeAdvertiseKeys(state, accepted, context)
      return { accepted: seatsOf(next.clients), next: sharePhase(next, context) }
    },
  })
}

/** Round 1: collects sealed shares. */
export function sharePhase(state: server.ServerSharing, context: PhaseContext): Phase {
  const { config } = state
  const coderOf = (seat: number) => shareKeysCoder(server.peersOf(state, seat).length)
  return phaseOf({
    state,
    phase: 'share-keys',
    type: 'shareKeys',
    expected: seatsOf(state.clients),
    outbound: encoded('publishedKeys', server.keysToPublish(state), () =>
      publishedKeysCoder(publishableSeats(config.graph, config.clients), config.signatureLength),
    ),
    check: (seat, bytes) => {
      const message = decodeMessage('shareKeys', coderOf(seat), bytes, blamePeer('share-keys', seat))
      const accepted = server.acceptSharedKeys(state, seat, message)
      return () => accepted
    },
    encode: (accepted) => encodeMessage('shareKeys', coderOf(accepted.seat), accepted),
    close: async (accepted) => {
      const { state: next } = server.closeShareKeys(state, accepted)
      return { accepted: seatsOf(next.clients), next: maskPhase(next, context) }
    },
  })
}
