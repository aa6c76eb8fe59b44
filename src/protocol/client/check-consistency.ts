import { wipe } from '../../crypto/bytes.js'
import { type PhaseName, usageError } from '../../errors.js'
import { isChosen, isIncluded, memberAt, minimumSeen } from '../../graph/index.js'
import {
  type Acknowledgements,
  type ConsistencyCheck,
  type Inclusion,
  KEY_LENGTH,
  type LivingOwners,
  type Seated,
  type Survivors,
} from '../../wire/index.js'
import { type ClientCapabilities, capable, cryptoOf, requireShape } from '../capabilities.js'
import { blameServer, requireCanonicalSeats, requireEnough, requireState, violation } from '../checks.js'
import type { RoundConfig } from '../config.js'
import { signStatement, type VerifyIdentity, verifyStatement } from '../identity.js'
import { sharesAssociatedData, suiteOf } from '../keys.js'
import { inclusionStatement, survivorsStatement } from '../statements.js'
import type { ClientAcknowledging, ClientChecked, ClientMasked, PeerChoice, Sharer } from './states.js'

const PHASE = 'consistency-check'

/**
 * The client's step of the phase ConsistencyCheck (active model only): checks U3 and signs it. With t such signatures every
 * client can verify that t clients were told the same U3 in this run of the round.
 *
 * @param state - The state from `maskInput`.
 * @param inbound - The Survivors message: U3.
 * @param capabilities - `signer`.
 * @returns The next state and the ConsistencyCheck message. Store the state before the message is sent.
 * @throws {SecAggError} With fault `server`: `invalid-survivors`, `too-few-clients`. `invalid-argument` or `out-of-order`
 *   if an argument has the wrong form or the model is not active; `crypto-failure` if the signer fails.
 * @example
 * ```ts
 * // Continues the example of server.survivorsToAnnounce.
 * const checked = await Promise.all(
 *   masked.map((state, seat) =>
 *     client.checkConsistency(state, announced.messageFor(seat), { signer: signers[seat] }),
 *   ),
 * )
 * console.log(checked[0]!.outbound.length) // 64
 * ```
 * @public
 */
export async function checkConsistency(
  state: ClientMasked,
  inbound: Survivors,
  capabilities: Pick<ClientCapabilities, 'signer'>,
): Promise<{ state: ClientChecked; outbound: ConsistencyCheck }> {
  requireState(state, 'client-masked')
  requireShape('Survivors message', inbound)
  const { signer } = capable(capabilities)
  const { config, seat, minimumSurvivors, ownShares, ownIdentity, publishedDigest, sharers } = state
  if (publishedDigest === undefined) {
    throw usageError('out-of-order', 'only the active model has a consistency check', { phase: PHASE })
  }
  requireValidSurvivors(state, inbound, PHASE)
  const survivors = [...inbound]
  const statement = survivorsStatement(config, publishedDigest, seat, survivors)
  const outbound = await signStatement(config, signer, statement, PHASE)
  return {
    state: {
      state: 'client-checked',
      config,
      seat,
      minimumSurvivors,
      ownShares,
      ownIdentity,
      publishedDigest,
      sharers,
      survivors,
      outbound,
    },
    outbound,
  }
}

/**
 * U2 as far as the client knows it, including its own seat. The Survivors message is encoded as a bit set over these seats on
 * the sparse graph.
 *
 * @param state - The state from `maskInput` or {@link checkConsistency}.
 * @returns Seats, ascending.
 * @throws {SecAggError} `out-of-order` for another state.
 * @example
 * ```ts
 * // Continues the example of client.maskInput.
 * console.log(client.sharingSeats(masked[0]!)) // [ 0, 1, 2, 3 ]
 * ```
 * @public
 */
export function sharingSeats(state: ClientMasked | ClientChecked): readonly number[] {
  requireState<ClientMasked | ClientChecked>(state, 'client-masked', 'client-checked')
  return [state.seat, ...state.sharers.map(({ seat }) => seat)].sort((a, b) => a - b)
}

/**
 * Checks U3 before the client signs it or reveals a share for it, in both models: the seats are distinct and known;
 * U3 ⊆ U2; the client's own seat is in U3; |U3| is at least t and at least the client's own minimum, or on the sparse graph
 * t neighbors are in U3.
 *
 * @throws {SecAggError} With fault `server`: `invalid-survivors`, `too-few-clients`.
 */
export function requireValidSurvivors(state: ClientMasked, survivors: Survivors, phase: PhaseName): void {
  const { config, seat, minimumSurvivors } = state
  const blame = blameServer(phase)
  requireCanonicalSeats(survivors, config.clients, 'invalid-survivors', blame)
  const sharing = new Set(sharingSeats(state))
  const stranger = survivors.find((survivor) => !sharing.has(survivor))
  if (stranger !== undefined) {
    throw violation(
      'invalid-survivors',
      blameServer(phase, stranger),
      `seat ${stranger} is named as a survivor (U3), but sent no shares of its secrets (U2)`,
    )
  }
  if (!survivors.includes(seat)) {
    throw violation(
      'invalid-survivors',
      blame,
      'the list of survivors (U3) does not include the client that received it',
    )
  }
  const minimum = minimumSeen(config.graph, config.threshold, minimumSurvivors)
  requireEnough(survivors.length, minimum, 'U3', blame)
}

/**
 * Phase 3 (ConsistencyCheck) on the chosen graph. For every owner, the client decides once and for all whether the owner is
 * alive: it is if its {@link Inclusion} proves that it has masked with this client, and counts as dropped out otherwise. The
 * client keeps only the share that it may then reveal, and acknowledges the owners that are alive.
 *
 * If the ciphertext of an owner cannot be opened, the client does not acknowledge that owner and reveals no share for it.
 *
 * @param state - The state after phase 2.
 * @param inbound - The owners that the server says are alive, ascending by seat.
 * @param capabilities - `crypto` and `verifyIdentity`.
 * @returns The next state, and the acknowledgements to send.
 * @throws {SecAggError} fault `server`: `invalid-survivors` if a seat has not chosen this client, or has not masked with it;
 *   `invalid-signature`. Fault `usage`: `out-of-order` on another graph.
 * @example
 * ```ts
 * // Continues the example of server.livingOwnersToAnnounce.
 * const acknowledged = await Promise.all(
 *   seats.map((seat) => client.acknowledgeOwners(masked[seat]!.state, announced.messageFor(seat), own[seat]!)),
 * )
 * console.log(acknowledged[1]!.outbound.length === owners!.size) // true
 * ```
 * @public
 */
export async function acknowledgeOwners(
  state: ClientMasked,
  inbound: LivingOwners,
  capabilities: Pick<ClientCapabilities, 'crypto' | 'verifyIdentity'>,
): Promise<{ state: ClientAcknowledging; outbound: Acknowledgements }> {
  requireState(state, 'client-masked')
  requireShape('LivingOwners message', inbound)
  const { verifyIdentity } = capable(capabilities)
  const crypto = cryptoOf(capabilities)
  const { config, seat, minimumSurvivors, sharers } = state
  if (!isChosen(config.graph)) {
    throw usageError('out-of-order', 'only clients on the chosen graph acknowledge owners', { phase: PHASE })
  }
  const survivors = inbound.map((entry) => entry.seat)
  requireCanonicalSeats(survivors, config.clients, 'invalid-survivors', blameServer(PHASE))
  const owners = ownersOf(state)
  await Promise.all(inbound.map((entry) => requireIncluded(config, owners, entry, verifyIdentity)))
  const survived = new Set(survivors)
  const opened = await Promise.all(
    owners.map(async (owner): Promise<Revealed | undefined> => {
      const { openingKey, ciphertext, choice } = owner
      const associatedData = sharesAssociatedData(config, owner.seat, seat)
      const pair = await suiteOf(config, crypto).open(openingKey, associatedData, ciphertext)
      if (pair === undefined) return undefined
      const isAlive = survived.has(owner.seat)
      // A copy, because both shares of the pair are wiped.
      const share = Uint8Array.from(isAlive ? pair.subarray(KEY_LENGTH) : pair.subarray(0, KEY_LENGTH))
      wipe(pair)
      return { seat: owner.seat, share, acknowledgement: isAlive ? Uint8Array.from(choice.given) : undefined }
    }),
  )
  const revealed = opened.filter((entry) => entry !== undefined)
  const outbound = revealed.flatMap(({ seat: owner, acknowledgement }) =>
    acknowledgement === undefined ? [] : [{ seat: owner, value: acknowledgement }],
  )
  return {
    state: {
      state: 'client-acknowledging',
      config,
      seat,
      minimumSurvivors,
      owners: owners.map((owner) => owner.seat),
      survivors,
      shares: revealed.map(({ seat: owner, share }) => ({ seat: owner, value: share })),
      expected: sharers.flatMap(({ seat: holder, choice }) =>
        choice?.isHolder === true ? [{ seat: holder, value: Uint8Array.from(choice.expected) }] : [],
      ),
      outbound,
    },
    outbound,
  }
}

interface Revealed {
  readonly seat: number
  readonly share: Uint8Array
  readonly acknowledgement: Uint8Array | undefined
}

/** A peer that has chosen this client as a holder. */
type Owner = Sharer & { readonly choice: PeerChoice & { readonly place: number } }

function ownersOf({ sharers }: ClientMasked): readonly Owner[] {
  return sharers.filter((sharer): sharer is Owner => sharer.choice?.place !== undefined)
}

/**
 * The owners on the chosen graph: the clients of U2 that have chosen this client as a holder.
 * @throws {SecAggError} `out-of-order` for another state.
 *
 * @param state - The state after `maskInput`.
 * @returns Seats, ascending.
 * @example
 * ```ts
 * // Continues the example of server.acceptInclusion.
 * console.log(client.ownerSeats(masked[1]!.state).length === owners!.size) // true
 * ```
 * @public
 */
export function ownerSeats(state: ClientMasked): readonly number[] {
  requireState(state, 'client-masked')
  return ownersOf(state).map(({ seat }) => seat)
}

async function requireIncluded(
  config: RoundConfig,
  owners: readonly Owner[],
  { seat: owner, value: inclusion }: Seated<Inclusion>,
  verifyIdentity: VerifyIdentity | undefined,
): Promise<void> {
  const blame = blameServer(PHASE, owner)
  const sharer = memberAt(owners, owner)
  if (sharer === undefined) {
    throw violation(
      'invalid-survivors',
      blame,
      `seat ${owner} is named as alive, but has not chosen this client`,
    )
  }
  const { identity, choice } = sharer
  if (!isIncluded(inclusion.holders, choice.place)) {
    throw violation(
      'invalid-survivors',
      blame,
      `seat ${owner} is named as alive, but has not masked with this client`,
    )
  }
  const message = inclusionStatement(config, owner, choice.keysDigest, inclusion.holders)
  const claim = { seat: owner, message, signature: inclusion.signature }
  await verifyStatement(config, verifyIdentity, claim, identity, blame)
}
