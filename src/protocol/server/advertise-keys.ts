import { drawSecret } from '../../crypto/random.js'
import { type SecAggError, usageError } from '../../errors.js'
import { drawGraph, minimumAdvertised, placesIn, visibleFrom } from '../../graph/index.js'
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
import { hybridFor } from '../hybrid-steps.js'
import { verifyStatement } from '../identity.js'
import { keysStatement } from '../statements.js'
import { bySeat, type Outbound, outboundBySeats, requireWithHolders } from './accepted.js'
import type { AdvertisedClient, ServerAdvertising, ServerSharing } from './states.js'

const PHASE = 'advertise-keys'

/**
 * Opens a round at the server, which now collects AdvertiseKeys messages.
 *
 * @param config - The configuration of the round, from `createRoundConfig`.
 * @returns The first state of the server.
 * @throws {SecAggError} `invalid-argument` if `createRoundConfig` did not make the configuration.
 * @example
 * ```ts
 * // Continues the example of createRoundConfig.
 * import { server } from 'secagg/protocol'
 *
 * const opened = server.openRound(config)
 * console.log(opened.state) // 'server-advertising'
 * ```
 * @public
 */
export function openRound(config: RoundConfig): ServerAdvertising {
  requireConfig(config)
  return { state: 'server-advertising', config }
}

/**
 * Checks one AdvertiseKeys message. The other clients will apply the same checks to these keys; checks that compare the
 * keys of several clients wait for {@link closeAdvertiseKeys}.
 *
 * @param state - The state from {@link openRound}. It does not change, so messages can be checked in any order.
 * @param seat - The seat that sent the message.
 * @param message - The decoded message.
 * @param capabilities - `verifyIdentity`, which the active model needs. With hybrid key agreement also `crypto`, from `withPostQuantum`.
 * @returns The accepted keys, for {@link closeAdvertiseKeys}.
 * @throws {SecAggError} With fault `peer` and the sender as culprit: `unknown-seat`, `configuration-mismatch`,
 *   `invalid-public-key`, `duplicate-key` (both keys are the same), `invalid-signature`. `invalid-argument` or
 *   `out-of-order` if an argument has the wrong form.
 * @example
 * ```ts
 * // Continues the examples of server.openRound, client.advertiseKeys and ed25519Verifier.
 * const acceptedKeys = await Promise.all(
 *   advertised.map(({ outbound }, seat) => server.acceptAdvertisedKeys(opened, seat, outbound, { verifyIdentity })),
 * )
 * console.log(acceptedKeys[0]!.identity?.slice(0, 8)) // '8a88e3dd'
 * ```
 * @public
 */
export async function acceptAdvertisedKeys(
  state: ServerAdvertising,
  seat: number,
  message: AdvertiseKeys,
  capabilities: Pick<ServerCapabilities, 'verifyIdentity'> & Partial<Pick<ServerCapabilities, 'crypto'>>,
): Promise<AdvertisedClient> {
  requireState(state, 'server-advertising')
  requireSeatNumber(seat)
  requireShape('AdvertiseKeys message', message)
  return checkAdvertisedKeys(state, seat, message, capable(capabilities))
}

/** The same checks for a message that a coder has decoded. Without signatures, the result is there at once. */
export function checkAdvertisedKeys(
  state: ServerAdvertising,
  seat: number,
  message: AdvertiseKeys,
  { verifyIdentity, crypto }: Partial<ServerCapabilities>,
): AdvertisedClient | Promise<AdvertisedClient> {
  const { config } = state
  const blame = blamePeer(PHASE, seat)
  if (!Number.isInteger(seat) || seat < 0 || seat >= config.clients) {
    throw violation('unknown-seat', blame, `there is no seat ${seat}`)
  }
  requireSameConfiguration(config, message.configurationHash, blame)
  requirePublicKeys(config, message, blame, hybridFor(config, crypto))
  const { configurationHash: _, ...keys } = message
  if (config.adversary !== 'active') return { seat, keys, identity: undefined }
  const claim = { seat, message: keysStatement(config, seat, message), signature: message.signature }
  return verifyStatement(config, verifyIdentity, claim, undefined, blame).then((identity) => ({
    seat,
    keys,
    identity,
  }))
}

/**
 * Closes the phase AdvertiseKeys: fixes U1, draws the graph and makes the messages with the clients' keys. If two clients
 * have a key or an identity in common, the first one in `accepted` stays and the other one is refused.
 *
 * @param state - The state from {@link openRound}.
 * @param accepted - What {@link acceptAdvertisedKeys} returned, one entry for each client.
 * @param capabilities - `crypto`, for the randomness of the sparse graph.
 * @returns The next state, the PublishedKeys messages, and an error for each client that was refused.
 * @throws {SecAggError} `too-few-clients` if |U1| is below the minimum cohort, or below what the graph needs. `invalid-argument` or
 *   `out-of-order` if an argument has the wrong form.
 * @example
 * ```ts
 * // Continues the example of server.acceptAdvertisedKeys.
 * const sharing = server.closeAdvertiseKeys(opened, acceptedKeys, { crypto })
 * console.log(sharing.outbound.recipients, sharing.refused) // [ 0, 1, 2, 3 ] []
 * ```
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
  hybridFor(config, crypto) // fails now, before clients depend on it
  if (config.adversary === 'active' && accepted.some(({ identity }) => identity === undefined)) {
    throw usageError('invalid-argument', 'in the active model every accepted client must have an identity')
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
  const { graph, clients } = drawGraph(config, bySeat(remaining, PHASE), (length) =>
    drawSecret(crypto, length),
  )
  requireWithHolders(config, clients.length, remaining.length, 'sent keys (U1)', PHASE)
  const next: ServerSharing = { state: 'server-sharing', config, graph, clients }
  return { state: next, outbound: keysToPublish(next), refused }
}

/**
 * The PublishedKeys messages, which open the phase ShareKeys. They are made from the state, so a server that restarts can
 * make them again.
 *
 * @param state - The state from {@link closeAdvertiseKeys}.
 * @returns One message for each client of U1: the keys of the clients that it may know of.
 * @throws {SecAggError} `out-of-order` for another state.
 * @example
 * ```ts
 * // Continues the example of server.closeAdvertiseKeys.
 * const published = server.keysToPublish(sharing.state)
 * console.log(published.messageFor(2).map(({ seat }) => seat)) // [ 0, 1, 2, 3 ]
 * ```
 * @public
 */
export function keysToPublish(state: ServerSharing): Outbound<PublishedKeys> {
  return keysTo(state, (seats) => {
    const places = placesIn(state.clients)
    return seats.map((seat) => ({ seat, value: state.clients[places[seat]!]!.keys }))
  })
}

/** The seats whose keys are in each of these messages. */
export function seatsToPublish(state: ServerSharing): Outbound<readonly number[]> {
  return keysTo(state, (seats) => seats)
}

function keysTo<M>(state: ServerSharing, messageAbout: (seats: readonly number[]) => M): Outbound<M> {
  requireState(state, 'server-sharing')
  const { config, graph, clients } = state
  const seats = clients.map(({ seat }) => seat)
  return outboundBySeats(
    seats,
    (receiver) => visibleFrom(graph, config.clients, receiver, seats),
    messageAbout,
  )
}
