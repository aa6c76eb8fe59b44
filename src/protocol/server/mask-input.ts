import { equalBytes } from '../../crypto/bytes.js'
import { usageError } from '../../errors.js'
import {
  graphOf,
  hasPlace,
  inclusionBits,
  isChosen,
  memberAt,
  minimumRemaining,
  nameableSeats,
  placesIn,
  visibleAmong,
  visibleFrom,
} from '../../graph/index.js'
import type { Inclusion, LivingOwners, Survivors } from '../../wire/index.js'
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
import { verifyStatement } from '../identity.js'
import { inclusionStatement, keysDigest } from '../statements.js'
import type { ComplainingClient } from './accept-complaint.js'
import {
  bySeat,
  type Outbound,
  outboundBySeats,
  requireHolders,
  requireMember,
  withAnswers,
} from './accepted.js'
import { livingOwnersToAnnounce } from './check-consistency.js'
import type {
  IncludingClient,
  MaskedClient,
  ServerAcknowledging,
  ServerChecking,
  ServerMasking,
  ServerUnmasking,
} from './states.js'

const PHASE = 'masked-input'

/**
 * Checks that a client may send a masked vector. The vector itself is checked, and added to the running sum, by the code
 * that keeps this sum.
 *
 * @param state - The state from `closeShareKeys`.
 * @param seat - The seat that sent the vector.
 * @throws {SecAggError} With fault `peer` and the sender as culprit: `unknown-seat`. `invalid-argument` or
 *   `out-of-order` if an argument has the wrong form.
 * @example
 * ```ts
 * // Continues the example of client.maskInput.
 * import { addInto, createVector } from 'secagg/vector'
 *
 * const sum = createVector(config.segments)
 * for (const [seat, vector] of vectors.entries()) {
 *   server.acceptMaskedInput(masking.state, seat)
 *   addInto(sum, vector, config.segments)
 * }
 * ```
 * @public
 */
export function acceptMaskedInput(state: ServerMasking, seat: number): void {
  requireState(state, 'server-masking')
  requireSeatNumber(seat)
  requireMember(state.clients, seat, PHASE)
}

/**
 * Checks the proof that a client sends before its masked vector, in phase 2 on the chosen graph: the client at `seat` has masked
 * with exactly those of its holders that are in U2.
 *
 * @param state - The state of this phase.
 * @param seat - The sender's seat.
 * @param inclusion - Its proof.
 * @param capabilities - `verifyIdentity`.
 * @returns The client with its proof, for `closeMaskedInput`.
 * @throws {SecAggError} fault `peer`, the sender as culprit: `unknown-seat`, `malformed-message`, `invalid-signature`.
 * @example
 * ```ts
 * // Continues the example of server.sealersOf.
 * const masked = await Promise.all(
 *   seats.map((seat) => {
 *     const { state } = shared[seat]!
 *     const digest = new Uint8Array(32) // HMAC-SHA-256 of the packed input under state.digestKey
 *     return client.maskInput(state, masking.outbound.messageFor(seat), digest, own[seat]!)
 *   }),
 * )
 * const proofs = await Promise.all(
 *   seats.map((seat) => server.acceptInclusion(masking.state, seat, masked[seat]!.state.inclusion!, own[seat]!)),
 * )
 * console.log(proofs[0]!.inclusion.holders) // Uint8Array(1) [ 3 ]
 * ```
 * @public
 */
export async function acceptInclusion(
  state: ServerMasking,
  seat: number,
  inclusion: Inclusion,
  capabilities: Pick<ServerCapabilities, 'verifyIdentity'>,
): Promise<IncludingClient> {
  requireState(state, 'server-masking')
  requireSeatNumber(seat)
  requireShape('inclusion', inclusion)
  const { verifyIdentity } = capable(capabilities)
  const { config, graph, clients } = state
  const { keys, identity } = requireMember(clients, seat, PHASE)
  const blame = blamePeer(PHASE, seat)
  const holders = graphOf(graph, config.clients).holders(seat)
  const places = placesIn(clients)
  const present = holders.filter((holder) => hasPlace(places, holder))
  if (!equalBytes(inclusion.holders, inclusionBits(holders, present))) {
    throw violation(
      'malformed-message',
      blame,
      `seat ${seat} must mask with exactly those of its holders that have sent shares of their secrets (U2)`,
    )
  }
  const message = inclusionStatement(config, seat, keysDigest(config, seat, keys), inclusion.holders)
  await verifyStatement(
    config,
    verifyIdentity,
    { seat, message, signature: inclusion.signature },
    identity,
    blame,
  )
  return { seat, inclusion }
}

/**
 * Closes the phase MaskedInputCollection: fixes U3 and makes the messages that announce it.
 *
 * @param state - The state from `closeShareKeys`.
 * @param survivors - The seats whose whole masked vector is in the running sum. They become U3.
 * @param including - Chosen graph only: the proof of each of these clients, as `acceptInclusion` returned it.
 * @param complaints - With hybrid key agreement: the complaints, as `acceptComplaint` returned them.
 * @param capabilities - With hybrid key agreement: `crypto`, from `withPostQuantum`.
 * @returns The next state, which depends on the adversary model and the graph, and the messages that announce U3.
 * @throws {SecAggError} `too-few-clients` if |U3| is below the minimum cohort, or below what the graph tolerates;
 *   `too-few-shares` if fewer than t holders of a client's secrets are left (`concerning` names that client).
 *   `invalid-argument` or `out-of-order` if an argument has the wrong form.
 * @example
 * ```ts
 * // Continues the example of server.acceptMaskedInput.
 * const checking = server.closeMaskedInput(masking.state, [0, 1, 2])
 * console.log(checking.state.state, checking.outbound.recipients) // 'server-checking' [ 0, 1, 2 ]
 * ```
 * @public
 */
export function closeMaskedInput(
  state: ServerMasking,
  survivors: readonly number[],
  including: readonly IncludingClient[],
  complaints?: readonly ComplainingClient[],
  capabilities?: Partial<Pick<ServerCapabilities, 'crypto'>>,
): { state: ServerAcknowledging; outbound: Outbound<LivingOwners> }
/**
 * The same step on a complete graph, or on a ring that the server has drawn.
 * @public
 */
export function closeMaskedInput(
  state: ServerMasking,
  survivors: readonly number[],
  including?: readonly [],
  complaints?: readonly ComplainingClient[],
  capabilities?: Partial<Pick<ServerCapabilities, 'crypto'>>,
): { state: ServerChecking | ServerUnmasking; outbound: Outbound<Survivors> }
/** @public */
export function closeMaskedInput(
  state: ServerMasking,
  survivors: readonly number[],
  including: readonly IncludingClient[] = [],
  complaints: readonly ComplainingClient[] = [],
  capabilities: Partial<Pick<ServerCapabilities, 'crypto'>> = {},
): {
  state: ServerChecking | ServerAcknowledging | ServerUnmasking
  outbound: Outbound<Survivors> | Outbound<LivingOwners>
} {
  requireState(state, 'server-masking')
  requireShape('seats', survivors)
  requireShape('list of proofs', including)
  requireShape('list of complaints', complaints)
  const { config, graph, publishedDigest } = state
  const hybrid = hybridFor(config, capable(capabilities).crypto)
  if (hybrid === undefined && complaints.length > 0) {
    throw usageError('invalid-argument', 'complaints need hybrid key agreement')
  }
  const accused = hybrid?.accusedBy(config, complaints) ?? []
  const blame = { ...blameNobody(PHASE), culprits: accused }
  requireEnough(survivors.length, minimumRemaining(graph, config.minimumCohort), 'U3', blame)
  const answers = bySeat(
    survivors.map((seat) => ({ seat })),
    PHASE,
  )
  const surviving = withAnswers(state.clients, answers).map(({ member }) => member.seat)
  const owners = state.clients.map(({ seat }) => seat)
  requireHolders(state, owners, surviving, PHASE)
  const keptOf = hybrid?.keepSecrets(state, surviving, complaints)
  const common = {
    config,
    graph,
    clients: state.clients.map((client): MaskedClient => {
      const { seat, keys, commitment, identity } = client
      return { seat, maskKey: keys.maskKey, commitment, identity, hybrid: keptOf?.(client) }
    }),
    survivors: surviving,
  }
  if (isChosen(config.graph)) {
    const next: ServerAcknowledging = {
      ...common,
      state: 'server-acknowledging',
      including: proofsOf(surviving, including),
    }
    return { state: next, outbound: livingOwnersToAnnounce(next) }
  }
  const next: ServerChecking | ServerUnmasking =
    publishedDigest === undefined
      ? { ...common, state: 'server-unmasking', consistent: undefined, acknowledging: undefined }
      : { ...common, state: 'server-checking', publishedDigest }
  return { state: next, outbound: survivorsToAnnounce(next) }
}

/** The proofs of these clients. Each must have one. */
function proofsOf(
  survivors: readonly number[],
  including: readonly IncludingClient[],
): readonly IncludingClient[] {
  const proven = bySeat(including, PHASE)
  return survivors.map((seat) => {
    const proof = memberAt(proven, seat)
    if (proof !== undefined) return proof
    const text = `there is no proof that shows with which holders seat ${seat} has masked`
    throw usageError('invalid-argument', text, { phase: PHASE })
  })
}

/**
 * The Survivors messages, which open the phase ConsistencyCheck, or Unmasking in the honest-but-curious model. They are
 * made from the state, so a server that restarts can make them again.
 *
 * @param state - The state from {@link closeMaskedInput}.
 * @returns One message for each client of U3: the survivors that it may know of.
 * @throws {SecAggError} `out-of-order` for another state.
 * @example
 * ```ts
 * // Continues the example of server.closeMaskedInput.
 * const announced = server.survivorsToAnnounce(checking.state)
 * console.log(announced.messageFor(1)) // [ 0, 1, 2 ]
 * ```
 * @public
 */
export function survivorsToAnnounce(state: ServerChecking | ServerUnmasking): Outbound<Survivors> {
  requireAnnounced(state)
  const { config, graph, survivors } = state
  return outboundBySeats(
    survivors,
    (receiver) => visibleFrom(graph, config.clients, receiver, survivors),
    (visible) => visible,
  )
}

/**
 * The seats that the Survivors message for one client can name. The message encodes survivors as a bit set over these
 * seats.
 *
 * @param state - The state from {@link closeMaskedInput}.
 * @param receiver - The seat of the client.
 * @returns Seats, ascending: on the sparse graph the clients of U2 that the receiver may know of, on the complete graph
 *   all seats.
 * @throws {SecAggError} `invalid-argument` or `out-of-order` if an argument has the wrong form.
 * @example
 * ```ts
 * // Continues the example of server.closeMaskedInput.
 * console.log(server.nameableSurvivors(checking.state, 1)) // [ 0, 1, 2, 3 ]
 * ```
 * @public
 */
export function nameableSurvivors(
  state: ServerChecking | ServerUnmasking,
  receiver: number,
): readonly number[] {
  requireAnnounced(state)
  requireSeatNumber(receiver)
  const { config, graph, clients } = state
  const told = visibleAmong(graph, config.clients, receiver, clients)
  return nameableSeats(config.graph, config.clients, told)
}

function requireAnnounced(state: ServerChecking | ServerUnmasking): void {
  requireState<ServerChecking | ServerUnmasking>(state, 'server-checking', 'server-unmasking')
}
