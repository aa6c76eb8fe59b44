import { publishableSeats } from '../graph/index.js'
import { blamePeer } from '../protocol/blame.js'
import { DistinctKeys, requireDistinct } from '../protocol/checks.js'
import { type RoundConfig, server } from '../protocol/index.js'
import { allSeats } from '../protocol/seats.js'
import { advertiseKeysCoder, decodeMessage, publishedKeysCoder, shareKeysCoder } from '../wire/index.js'
import { maskPhase } from './mask-phase.js'
import { type Phase, phaseOf } from './phase.js'
import { encoded, type PhaseContext, seatsOf } from './phase-context.js'

/** Round 0: collects public keys. */
export function advertisePhase(config: RoundConfig, context: PhaseContext): Phase {
  const state = server.openRound(config)
  const coder = advertiseKeysCoder(config.signatureLength)
  const distinct = new DistinctKeys()
  return phaseOf({
    state,
    round: 'advertise-keys',
    type: 'advertiseKeys',
    expected: allSeats(config),
    outbound: { recipients: [], messageFor: () => new Uint8Array(0) },
    check: async (seat, bytes) => {
      const message = decodeMessage('advertiseKeys', coder, bytes, blamePeer('advertise-keys', seat))
      const accepted = await server.acceptAdvertisedKeys(state, seat, message, context)
      return () => {
        requireDistinct(distinct, accepted)
        return accepted
      }
    },
    close: async (accepted) => {
      const { state: next, outbound } = server.publishKeys(state, accepted, context)
      return { accepted: seatsOf(next.clients), next: sharePhase(next, outbound, context) }
    },
  })
}

/** Round 1: collects sealed shares. */
function sharePhase(
  state: server.ServerSharing,
  outbound: ReturnType<typeof server.publishedKeys>,
  context: PhaseContext,
): Phase {
  const { config } = state
  return phaseOf({
    state,
    round: 'share-keys',
    type: 'shareKeys',
    expected: seatsOf(state.clients),
    outbound: encoded('publishedKeys', outbound, () =>
      publishedKeysCoder(publishableSeats(config.graph, config.clients), config.signatureLength),
    ),
    check: (seat, bytes) => {
      const coder = shareKeysCoder(server.peersOf(state, seat).length)
      const message = decodeMessage('shareKeys', coder, bytes, blamePeer('share-keys', seat))
      const accepted = server.acceptSharedKeys(state, seat, message)
      return () => accepted
    },
    close: async (accepted) => {
      const { state: next, outbound: forwarded } = server.forwardShares(state, accepted)
      return { accepted: seatsOf(next.clients), next: maskPhase(next, forwarded, context) }
    },
  })
}
