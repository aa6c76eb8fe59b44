import { graphOf, minimumRemaining, visibleAmong } from '../../graph/index.js'
import { type ForwardedShares, SEALED_SHARES_LENGTH, type ShareKeys } from '../../wire/index.js'
import { requireShape } from '../capabilities.js'
import {
  blameNobody,
  blamePeer,
  requireEnough,
  requireSeatNumber,
  requireState,
  violation,
} from '../checks.js'
import { publishedDigest } from '../identity.js'
import {
  bySeat,
  type Outbound,
  requireHolders,
  requireMember,
  requireRecipient,
  withAnswers,
} from './accepted.js'
import { keysToPublish } from './advertise-keys.js'
import type { ServerMasking, ServerSharing, SharingClient } from './states.js'

const PHASE = 'share-keys'

/**
 * The sealed shares of one client, accepted.
 * @public
 */
export interface AcceptedShares extends ShareKeys {
  readonly seat: number
}

/** What was found out about a state; it says nothing that the state does not. */
const peersOfStates = new WeakMap<ServerSharing, Map<number, readonly number[]>>()

/**
 * The seats to which the client at `seat` seals shares: its holders in U1 without itself, ascending.
 *
 * @throws {SecAggError} `unknown-seat`, with the sender as culprit, where it is not in U1.
 * @public
 */
export function peersOf(state: ServerSharing, seat: number): readonly number[] {
  requireState(state, 'server-sharing')
  requireSeatNumber(seat)
  const found = peersOfStates.get(state) ?? new Map<number, readonly number[]>()
  peersOfStates.set(state, found)
  const known = found.get(seat)
  if (known !== undefined) return known
  const { config, graph, clients } = state
  requireMember(clients, seat, PHASE)
  const holders = new Set(graphOf(graph, config.clients).holders(seat))
  const peers = visibleAmong(graph, config.clients, seat, clients)
    .map((client) => client.seat)
    .filter((other) => other !== seat && holders.has(other))
  found.set(seat, peers)
  return peers
}

/**
 * Round 1, one message: it is of a client of U1 and holds one ciphertext for each of its peers.
 *
 * @throws {SecAggError} fault `peer`, the sender as culprit: `unknown-seat`, `malformed-message`.
 * @public
 */
export function acceptSharedKeys(state: ServerSharing, seat: number, message: ShareKeys): AcceptedShares {
  requireState(state, 'server-sharing')
  requireShape('ShareKeys message', message)
  const { commitment, ciphertexts } = message
  if (ciphertexts.length !== peersOf(state, seat).length * SEALED_SHARES_LENGTH) {
    throw violation(
      'malformed-message',
      blamePeer(PHASE, seat),
      'the message must have one ciphertext for each client that shares masks with its sender',
    )
  }
  return { seat, commitment, ciphertexts }
}

/**
 * Ends round 1: U2, and for each of its clients the shares sealed to it.
 *
 * @throws {SecAggError} `too-few-clients` where |U2| is below the minimum cohort, or fewer than the graph withstands;
 *   `too-few-shares` where an owner, named in `concerning`, has lost its holders.
 * @public
 */
export function closeShareKeys(
  state: ServerSharing,
  accepted: readonly AcceptedShares[],
): { state: ServerMasking; outbound: Outbound<ForwardedShares> } {
  requireState(state, 'server-sharing')
  requireShape('list of accepted shares', accepted)
  const { config, graph } = state
  requireEnough(accepted.length, minimumRemaining(graph, config.minimumCohort), 'U2', blameNobody(PHASE))
  const clients = withAnswers(state.clients, bySeat(accepted, PHASE)).map(
    ({ member, answer }): SharingClient => ({
      ...member,
      commitment: answer.commitment,
      peers: peersOf(state, member.seat),
      ciphertexts: answer.ciphertexts,
    }),
  )
  const seats = clients.map(({ seat }) => seat)
  requireHolders({ config, graph }, seats, seats, PHASE)
  const next: ServerMasking = {
    state: 'server-masking',
    config,
    graph,
    publishedDigest:
      config.adversary === 'active'
        ? publishedDigest(config, keysToPublish(state).messageFor(seats[0]!))
        : undefined,
    clients,
  }
  return { state: next, outbound: sharesToForward(next) }
}

/**
 * The messages with which round 2 begins.
 * @public
 */
export function sharesToForward(state: ServerMasking): Outbound<ForwardedShares> {
  requireState(state, 'server-masking')
  const { config, clients } = state
  let places: readonly Places[] | undefined
  const recipients = clients.map(({ seat }) => seat)
  return {
    recipients,
    messageFor: (receiver) => {
      requireRecipient(recipients, receiver)
      places ??= placesOfSealed(config.clients, clients)
      const { senders, positions } = places[receiver]!
      return senders.map((sender, index) => {
        const { seat, ciphertexts } = clients[sender]!
        const start = positions[index]! * SEALED_SHARES_LENGTH
        return { seat, value: ciphertexts.subarray(start, start + SEALED_SHARES_LENGTH) }
      })
    },
  }
}

/** Where what is sealed to one receiver stands: with which clients, ascending, and at which position of each. */
interface Places {
  readonly senders: number[]
  readonly positions: number[]
}

/**
 * The places of all receivers, by seat. All at once, since to look for one receiver with every sender, and that for each
 * receiver, is a walk through n² cold places.
 */
function placesOfSealed(seats: number, clients: readonly SharingClient[]): readonly Places[] {
  const places = Array.from({ length: seats }, (): Places => ({ senders: [], positions: [] }))
  clients.forEach(({ peers }, sender) => {
    peers.forEach((peer, position) => {
      const { senders, positions } = places[peer]!
      senders.push(sender)
      positions.push(position)
    })
  })
  return places
}
