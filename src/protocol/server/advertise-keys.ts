import { drawSecret } from '../../crypto/random.js'
import { type SecAggError, usageError } from '../../errors.js'
import { drawGraph, minimumAdvertised, visibleFrom } from '../../graph/index.js'
import type { AdvertiseKeys, PublishedKeys } from '../../wire/index.js'
import { capable, cryptoOf, requireShape, type ServerCapabilities } from '../capabilities.js'
import {
  blameNobody,
  blamePeer,
  DistinctKeys,
  requireConfig,
  requireDistinct,
  requireEnough,
  requirePublicKeys,
  requireSameConfiguration,
  requireSeatNumber,
  requireState,
  violation,
} from '../checks.js'
import type { RoundConfig } from '../config.js'
import { keysStatement, verifyStatement } from '../identity.js'
import { bySeat, type Outbound, outboundBySeats } from './accepted.js'
import type { AdvertisedClient, ServerAdvertising, ServerSharing } from './states.js'

const PHASE = 'advertise-keys'

/**
 * Opens a round for AdvertiseKeys messages.
 * @public
 */
export function openRound(config: RoundConfig): ServerAdvertising {
  requireConfig(config)
  return { state: 'server-advertising', config }
}

/**
 * Round 0, one message: every check that the other clients will apply to these keys, as far as one message goes.
 *
 * @throws {SecAggError} fault `peer`, the sender as culprit: `unknown-seat`, `configuration-mismatch`,
 *   `invalid-public-key`, `duplicate-key`, `invalid-signature`.
 * @public
 */
export async function acceptAdvertisedKeys(
  state: ServerAdvertising,
  seat: number,
  message: AdvertiseKeys,
  capabilities: Pick<ServerCapabilities, 'verifyIdentity'>,
): Promise<AdvertisedClient> {
  requireState(state, 'server-advertising')
  requireSeatNumber(seat)
  requireShape('AdvertiseKeys message', message)
  const { verifyIdentity } = capable(capabilities)
  const { config } = state
  const blame = blamePeer(PHASE, seat)
  if (!Number.isInteger(seat) || seat < 0 || seat >= config.clients) {
    throw violation('unknown-seat', blame, `there is no seat ${seat}`)
  }
  requireSameConfiguration(config, message.configurationHash, blame)
  requirePublicKeys(message, blame)
  const { cipherKey, maskKey, signature } = message
  const identity =
    config.adversary === 'active'
      ? await verifyStatement(
          config,
          verifyIdentity,
          { seat, message: keysStatement(config, seat, message), signature },
          undefined,
          blame,
        )
      : undefined
  return { seat, keys: { cipherKey, maskKey, signature }, identity }
}

/**
 * Ends round 0: U1, the graph on it, and the keys to publish. Of two clients with a key or an identity in common, the one that comes
 * first in `accepted` stays and the other is refused.
 *
 * @throws {SecAggError} `too-few-clients` where |U1| < t or the minimum cohort.
 * @public
 */
export function closeAdvertiseKeys(
  state: ServerAdvertising,
  accepted: readonly AdvertisedClient[],
  capabilities: Pick<ServerCapabilities, 'crypto'>,
): { state: ServerSharing; outbound: Outbound<PublishedKeys>; refused: readonly SecAggError[] } {
  requireState(state, 'server-advertising')
  requireShape('list of accepted keys', accepted)
  const crypto = cryptoOf(capabilities)
  const { config } = state
  if (config.adversary === 'active' && accepted.some(({ identity }) => identity === undefined)) {
    throw usageError('invalid-argument', 'in the active model every accepted client has an identity')
  }
  const distinct = new DistinctKeys()
  const refused: SecAggError[] = []
  const remaining = accepted.filter((client) => {
    try {
      requireDistinct(distinct, client)
      return true
    } catch (error) {
      refused.push(error as SecAggError)
      return false
    }
  })
  requireEnough(
    remaining.length,
    minimumAdvertised(config.graph, config.clients, config.threshold, config.minimumCohort),
    'U1',
    blameNobody(PHASE),
  )
  const clients = bySeat(remaining, PHASE)
  const seats = clients.map(({ seat }) => seat)
  const graph = drawGraph(config.graph, seats, (length) => drawSecret(crypto, length))
  const next: ServerSharing = { state: 'server-sharing', config, graph, clients }
  return { state: next, outbound: keysToPublish(next), refused }
}

/**
 * The messages with which round 1 begins.
 * @public
 */
export function keysToPublish(state: ServerSharing): Outbound<PublishedKeys> {
  requireState(state, 'server-sharing')
  const { config, graph, clients } = state
  const seats = clients.map(({ seat }) => seat)
  const keysOf = new Map(clients.map(({ seat, keys }) => [seat, keys]))
  return outboundBySeats(
    seats,
    (receiver) => visibleFrom(graph, config.clients, receiver, seats),
    (visible) => visible.map((seat) => ({ seat, value: keysOf.get(seat)! })),
  )
}
