import {
  graphOf,
  hasPlace,
  isChosen,
  memberAt,
  minimumRemaining,
  placesIn,
  seatsWithHolders,
} from '../../graph/index.js'
import {
  entriesOf,
  type ForwardedShares,
  SEALED_SHARES_LENGTH,
  type ShareKeys,
  sealedLength,
} from '../../wire/index.js'
import { capable, requireShape, type ServerCapabilities } from '../capabilities.js'
import {
  blameNobody,
  blamePeer,
  requireEnough,
  requireSeatNumber,
  requireState,
  violation,
} from '../checks.js'
import { hybridFor } from '../hybrid-steps.js'
import { isHybrid } from '../keys.js'
import { sealedLengthBetween } from '../parcel-lengths.js'
import { publishedDigest, signsSurvivors } from '../statements.js'
import {
  bySeat,
  type Outbound,
  requireHolders,
  requireMember,
  requireWithHolders,
  withAnswers,
} from './accepted.js'
import { keysToPublish } from './advertise-keys.js'
import { columnsToForward } from './sealed-shares.js'
import type { ServerMasking, ServerSharing, SharingClient } from './states.js'

const PHASE = 'share-keys'

/**
 * A ShareKeys message that the server has accepted, and the seat that sent it.
 * @public
 */
export interface AcceptedShares extends ShareKeys {
  readonly seat: number
}

/** A cache: everything in it can be computed from the state. */
const peersOfStates = new WeakMap<ServerSharing, Map<number, readonly number[]>>()

/**
 * The seats to which a client seals shares: its holders in U1, without the client itself.
 *
 * @param state - The state from `closeAdvertiseKeys`.
 * @param seat - The seat of the client.
 * @returns Seats, ascending.
 * @throws {SecAggError} `unknown-seat`, with this seat as culprit, if it is not in U1. `invalid-argument` or
 *   `out-of-order` if an argument has the wrong form.
 * @example
 * ```ts
 * // Continues the example of server.closeAdvertiseKeys.
 * console.log(server.peersOf(sharing.state, 2)) // [ 0, 1, 3 ]
 * ```
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
  const holders = graphOf(graph, config.clients).holders(seat)
  const isPeer = (holder: number): boolean => holder !== seat && hasPlace(placesIn(clients), holder)
  const peers = holders.every(isPeer) ? holders : holders.filter(isPeer)
  found.set(seat, peers)
  return peers
}

/** The bytes of what the client at `seat` seals to its peers. */
export function sealedBy(state: ServerSharing, seat: number): number {
  const { config, graph } = state
  if (!isHybrid(config)) return peersOf(state, seat).length * SEALED_SHARES_LENGTH
  return peersOf(state, seat).reduce((sum, peer) => sum + sealedLengthBetween(config, graph, seat, peer), 0)
}

/**
 * Checks one ShareKeys message: the sender is in U1, and the message has one ciphertext for each of the sender's peers.
 *
 * @param state - The state from `closeAdvertiseKeys`.
 * @param seat - The seat that sent the message.
 * @param message - The decoded message.
 * @returns The accepted message, for {@link closeShareKeys}.
 * @throws {SecAggError} With fault `peer` and the sender as culprit: `unknown-seat`, `malformed-message`.
 *   `invalid-argument` or `out-of-order` if an argument has the wrong form.
 * @example
 * ```ts
 * // Continues the example of client.shareKeys.
 * const acceptedShares = shared.map(({ outbound }, seat) => server.acceptSharedKeys(sharing.state, seat, outbound))
 * console.log(acceptedShares[1]!.seat) // 1
 * ```
 * @public
 */
export function acceptSharedKeys(state: ServerSharing, seat: number, message: ShareKeys): AcceptedShares {
  requireState(state, 'server-sharing')
  requireShape('ShareKeys message', message)
  const { commitment, ciphertexts } = message
  if (ciphertexts.length !== sealedBy(state, seat)) {
    throw violation(
      'malformed-message',
      blamePeer(PHASE, seat),
      'the message must have one ciphertext for each client that shares masks with its sender',
    )
  }
  return { seat, commitment, ciphertexts }
}

/**
 * Closes the phase ShareKeys: fixes U2, and makes for each of its clients the message with the shares that are sealed to
 * that client.
 *
 * @param state - The state from `closeAdvertiseKeys`.
 * @param accepted - What {@link acceptSharedKeys} returned, one entry for each client.
 * @param capabilities - With hybrid key agreement: `crypto`, from `withPostQuantum`.
 * @returns The next state and the ForwardedShares messages.
 * @throws {SecAggError} `too-few-clients` if |U2| is below the minimum cohort, or below what the graph tolerates;
 *   `too-few-shares` if fewer than t holders of a client's secrets are left (`concerning` names that client).
 *   `invalid-argument` or `out-of-order` if an argument has the wrong form.
 * @example
 * ```ts
 * // Continues the example of server.acceptSharedKeys.
 * const masking = server.closeShareKeys(sharing.state, acceptedShares)
 * console.log(masking.outbound.recipients) // [ 0, 1, 2, 3 ]
 * ```
 * @public
 */
export function closeShareKeys(
  state: ServerSharing,
  accepted: readonly AcceptedShares[],
  capabilities: Partial<Pick<ServerCapabilities, 'crypto'>> = {},
): { state: ServerMasking; outbound: Outbound<ForwardedShares> } {
  requireState(state, 'server-sharing')
  requireShape('list of accepted shares', accepted)
  const { config, graph } = state
  requireEnough(accepted.length, minimumRemaining(graph, config.minimumCohort), 'U2', blameNobody(PHASE))
  const answers = bySeat(accepted, PHASE)
  const staying = seatsWithHolders(
    graph,
    config.clients,
    config.threshold,
    answers.map(({ seat }) => seat),
  )
  requireWithHolders(config, staying.length, answers.length, 'sent shares of their secrets (U2)', PHASE)
  const clients = withAnswers(
    state.clients,
    answers.filter(({ seat }) => hasPlace(placesIn(staying), seat)),
  ).map(
    ({ member, answer }): SharingClient => ({
      ...member,
      commitment: answer.commitment,
      peers: peersOf(state, member.seat),
      ciphertexts: answer.ciphertexts,
    }),
  )
  requireHolders({ config, graph }, staying, staying, PHASE)
  const next: ServerMasking = {
    state: 'server-masking',
    config,
    graph,
    publishedDigest: signsSurvivors(config)
      ? publishedDigest(config, keysToPublish(state).messageFor(staying[0]!))
      : undefined,
    clients,
  }
  return { state: next, outbound: sharesToForward(next, capabilities) }
}

/**
 * The ForwardedShares messages, which open the phase MaskedInputCollection. They are made from the state, so a server
 * that restarts can make them again.
 *
 * @param state - The state from {@link closeShareKeys}.
 * @param capabilities - With hybrid key agreement: `crypto`, from `withPostQuantum`.
 * @returns One message for each client of U2: the shares that the others sealed to it, ascending by sender.
 * @throws {SecAggError} `out-of-order` for another state; `unsupported` if the provider lacks what the round needs.
 * @example
 * ```ts
 * // Continues the example of server.closeShareKeys.
 * const forwarded = server.sharesToForward(masking.state)
 * console.log(forwarded.messageFor(2).map(({ seat }) => seat)) // [ 0, 1, 3 ]
 * ```
 * @public
 */
export function sharesToForward(
  state: ServerMasking,
  capabilities: Partial<Pick<ServerCapabilities, 'crypto'>> = {},
): Outbound<ForwardedShares> {
  requireState(state, 'server-masking')
  const hybrid = hybridFor(state.config, capable(capabilities).crypto)
  if (hybrid !== undefined) return hybrid.forwardParcels(state)
  const { recipients, messageFor } = columnsToForward(state)
  return {
    recipients,
    messageFor: (receiver) => {
      const { seats, bytes, sealing } = messageFor(receiver)
      return entriesOf({ seats, bytes }, sealedLength(sealing))
    },
  }
}

/**
 * The clients of U1 that a message of this phase for `receiver` may name: its peers, and on the chosen graph the owners among
 * them, which are the only ones that seal shares to it.
 *
 * @param state - The state of this phase.
 * @param receiver - A seat of U2.
 * @returns The peers, ascending; and on the chosen graph the owners among them.
 * @example
 * ```ts
 * // Continues the examples of ed25519Verifier and secretSplitter.
 * // A round of four clients, each of which chooses two holders. No client drops out.
 * import { client, createRoundConfig, server } from 'secagg/protocol'
 *
 * const chosen = createRoundConfig({
 *   sessionId: new Uint8Array(32).fill(9),
 *   clients: 4,
 *   adversary: 'active',
 *   graph: { neighbors: 2, assumptions: 'unproven' },
 *   threshold: 2,
 *   minimumCohort: 3,
 *   segments: [{ length: 1, bits: 16, bound: 100 }],
 * })
 * const seats = [0, 1, 2, 3]
 * const own = seats.map((seat) => ({ crypto, splitSecret, verifyIdentity, signer: signers[seat]! }))
 * const advertised = await Promise.all(seats.map((seat) => client.advertiseKeys(chosen, seat, own[seat]!)))
 * const opened = server.openRound(chosen)
 * const accepted = await Promise.all(
 *   seats.map((seat) => server.acceptAdvertisedKeys(opened, seat, advertised[seat]!.outbound, own[seat]!)),
 * )
 * const sharing = server.closeAdvertiseKeys(opened, accepted, { crypto })
 * const shared = await Promise.all(
 *   seats.map((seat) =>
 *     client.shareKeys(advertised[seat]!.state, sharing.outbound.messageFor(seat), own[seat]!),
 *   ),
 * )
 * const masking = server.closeShareKeys(
 *   sharing.state,
 *   seats.map((seat) => server.acceptSharedKeys(sharing.state, seat, shared[seat]!.outbound)),
 * )
 * const { peers, owners } = server.sealersOf(masking.state, 1)
 * console.log([...owners!].every((seat) => peers.includes(seat))) // true
 * ```
 * @public
 */
export function sealersOf(
  state: ServerMasking,
  receiver: number,
): { readonly peers: readonly number[]; readonly owners: ReadonlySet<number> | undefined } {
  requireState(state, 'server-masking')
  requireSeatNumber(receiver)
  const { config, graph, clients } = state
  if (!isChosen(graph)) return { peers: memberAt(clients, receiver)?.peers ?? [], owners: undefined }
  const { maskNeighbors, owners } = graphOf(graph, config.clients)
  return { peers: maskNeighbors(receiver), owners: new Set(owners(receiver)) }
}
