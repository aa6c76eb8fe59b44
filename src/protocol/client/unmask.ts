import { equalBytes, wipe } from '../../crypto/bytes.js'
import type { CryptoProvider } from '../../crypto/provider.js'
import { usageError } from '../../errors.js'
import { memberAt } from '../../graph/index.js'
import type {
  Acknowledgements,
  ConsistencySignatures,
  Seated,
  Survivors,
  UnmaskingShares,
} from '../../wire/index.js'
import { type ClientCapabilities, cryptoOf, requireShape } from '../capabilities.js'
import { blameServer, requireCanonicalSeats, requireEnough, requireState, violation } from '../checks.js'
import { verifyStatement } from '../identity.js'
import { sharesAssociatedData, suiteOf } from '../keys.js'
import { survivorsStatements } from '../statements.js'
import { requireValidSurvivors, sharingSeats } from './check-consistency.js'
import type { ClientAcknowledging, ClientChecked, ClientFinished, ClientMasked, SharePair } from './states.js'

const PHASE = 'unmasking'

/**
 * The result of {@link unmask}.
 * @public
 */
export type UnmaskResult = { state: ClientFinished; outbound: UnmaskingShares }

/**
 * The capabilities that {@link unmask} needs.
 * @public
 */
export type UnmaskCapabilities = Pick<ClientCapabilities, 'crypto' | 'verifyIdentity'>

/** The length in bytes of a share of s^SK. It comes first in a sealed pair of shares. */
const MASK_KEY_SHARE_LENGTH = 32

/**
 * The client's step of the phase Unmasking: reveals one share for each owner in U2. It is the share of b if the owner is in
 * U3, and the share of s^SK otherwise. U3 decides this for all owners at once, so the server cannot ask for both shares of
 * one owner.
 *
 * In the honest-but-curious model `inbound` is U3, which is checked as {@link checkConsistency} checks it. In the active
 * model `inbound` has the signatures of U4 over U3. The checks are: U4 ⊆ U3; |U4| ≥ t; each signature is over the U3 that
 * this client signed, and by the identity that signed the keys of that seat.
 *
 * On the chosen graph, `inbound` has acknowledgements. At least t of them must be valid and come from this client's holders.
 *
 * If a ciphertext cannot be opened, the answer has no share for its owner. That owner then has one share fewer.
 *
 * @param state - The state from `maskInput`, or in the active model from `checkConsistency` or `acknowledgeOwners`.
 * @param inbound - The Survivors message, or in the active model the ConsistencySignatures message; on the chosen graph
 *   the acknowledgements.
 * @param capabilities - `crypto`; and `verifyIdentity`, which the active model needs.
 * @returns The last state of the client and the message with the revealed shares. Store the state before the message is
 *   sent.
 * @throws {SecAggError} With fault `server`: `invalid-survivors`, `too-few-clients`, `malformed-message`,
 *   `invalid-signature`. `invalid-argument` or `out-of-order` if an argument has the wrong form; `crypto-failure` if a
 *   primitive fails.
 * @example
 * ```ts
 * // Continues the example of server.signaturesToPublish.
 * const revealed = await Promise.all(
 *   checked.map(({ state }, seat) =>
 *     client.unmask(state, signatures.messageFor(seat), { crypto, verifyIdentity }),
 *   ),
 * )
 * // Shares of b for the survivors, and of s^SK for seat 3, which dropped out.
 * console.log(revealed[0]!.outbound.map(({ value }) => value.length)) // [ 16, 16, 16, 32 ]
 * ```
 * @public
 */
export function unmask(
  state: ClientMasked,
  inbound: Survivors,
  capabilities: UnmaskCapabilities,
): Promise<UnmaskResult>
/**
 * The same step in the active model on the complete graph, after `checkConsistency`.
 * @public
 */
export function unmask(
  state: ClientChecked,
  inbound: ConsistencySignatures,
  capabilities: UnmaskCapabilities,
): Promise<UnmaskResult>
/**
 * The same step on the chosen graph, after `acknowledgeOwners`.
 * @public
 */
export function unmask(
  state: ClientAcknowledging,
  inbound: Acknowledgements,
  capabilities: UnmaskCapabilities,
): Promise<UnmaskResult>
/** @public */
export async function unmask(
  state: ClientMasked | ClientChecked | ClientAcknowledging,
  inbound: Survivors | ConsistencySignatures | Acknowledgements,
  capabilities: UnmaskCapabilities,
): Promise<UnmaskResult> {
  requireState<ClientMasked | ClientChecked | ClientAcknowledging>(
    state,
    'client-masked',
    'client-checked',
    'client-acknowledging',
  )
  if (state.state === 'client-acknowledging') {
    requireShape('Acknowledgements message', inbound)
    requireAcknowledged(state, inbound as Acknowledgements)
    return finish(state, state.owners, state.survivors, copyOf(state.shares))
  }
  if (state.state === 'client-checked') {
    requireShape('ConsistencySignatures message', inbound)
    const crypto = cryptoOf(capabilities)
    await requireConsistency(state, inbound as ConsistencySignatures, capabilities)
    return revealShares(state, state.survivors, crypto)
  }
  if (state.config.adversary === 'active') {
    throw usageError('out-of-order', 'in the active model unmasking comes after the consistency check', {
      phase: PHASE,
    })
  }
  requireShape('Survivors message', inbound)
  const crypto = cryptoOf(capabilities)
  const survivors = [...(inbound as Survivors)]
  requireValidSurvivors(state, survivors, PHASE)
  return revealShares(state, survivors, crypto)
}

/** Active model: checks that at least t clients of U3 have signed the same U3 that this client was told. */
async function requireConsistency(
  state: ClientChecked,
  signatures: ConsistencySignatures,
  { verifyIdentity }: UnmaskCapabilities,
): Promise<void> {
  const { config, survivors, publishedDigest } = state
  const seats = signatures.map(({ seat }) => seat)
  requireCanonicalSeats(seats, config.clients, 'malformed-message', blameServer(PHASE))
  const surviving = new Set(survivors)
  const stranger = seats.find((seat) => !surviving.has(seat))
  if (stranger !== undefined) {
    const blame = blameServer(PHASE, stranger)
    throw violation(
      'invalid-survivors',
      blame,
      `the message has a signature of seat ${stranger} (U4), which is not on the list of survivors (U3)`,
    )
  }
  requireEnough(seats.length, config.threshold, 'U4', blameServer(PHASE))
  const identities = new Map(state.sharers.map(({ seat, identity }) => [seat, identity]))
  identities.set(state.seat, state.ownIdentity)
  const statementOf = survivorsStatements(config, publishedDigest, survivors)
  await Promise.all(
    signatures.map(({ seat, value: signature }) => {
      const claim = { seat, message: statementOf(seat), signature }
      return verifyStatement(config, verifyIdentity, claim, identities.get(seat), blameServer(PHASE, seat))
    }),
  )
}

async function revealShares(
  state: ClientMasked | ClientChecked,
  survivors: Survivors,
  crypto: CryptoProvider,
): Promise<UnmaskResult> {
  const { config, seat, ownShares, sharers } = state
  const survived = new Set(survivors)
  /** A copy of the share to reveal. */
  const chosen = (owner: number, { maskKeyShare, selfMaskShare }: SharePair): Seated<Uint8Array> => ({
    seat: owner,
    value: Uint8Array.from(survived.has(owner) ? selfMaskShare : maskKeyShare),
  })
  const opened = await Promise.all(
    sharers.map(async ({ seat: owner, openingKey, ciphertext }): Promise<Seated<Uint8Array> | undefined> => {
      const associatedData = sharesAssociatedData(config, owner, seat)
      const pair = await suiteOf(config, crypto).open(openingKey, associatedData, ciphertext)
      if (pair === undefined) return undefined
      const share = chosen(owner, {
        maskKeyShare: pair.subarray(0, MASK_KEY_SHARE_LENGTH),
        selfMaskShare: pair.subarray(MASK_KEY_SHARE_LENGTH),
      })
      wipe(pair)
      return share
    }),
  )
  const own = ownShares === undefined ? undefined : chosen(seat, ownShares)
  const outbound = [...opened, own]
    .filter((share) => share !== undefined)
    .sort((one, other) => one.seat - other.seat)
  return finish(state, sharingSeats(state), survivors, outbound)
}

function finish(
  { config, seat, minimumSurvivors }: ClientMasked | ClientChecked | ClientAcknowledging,
  owners: readonly number[],
  survivors: Survivors,
  outbound: UnmaskingShares,
): UnmaskResult {
  const state: ClientFinished = {
    state: 'client-unmasked',
    config,
    seat,
    minimumSurvivors,
    owners,
    survivors,
    outbound,
  }
  return { state, outbound }
}

/** Copies the values, because the state before wipes its own. */
function copyOf(shares: UnmaskingShares): UnmaskingShares {
  return shares.map(({ seat, value }) => ({ seat, value: Uint8Array.from(value) }))
}

/**
 * Checks that at least t of this client's holders have acknowledged it. Honest holders that did so never reveal a share of
 * s^SK. Values that are wrong, or come from seats that are not holders, do not count.
 */
function requireAcknowledged({ config, expected }: ClientAcknowledging, inbound: Acknowledgements): void {
  const blame = blameServer(PHASE)
  requireCanonicalSeats(
    inbound.map(({ seat }) => seat),
    config.clients,
    'malformed-message',
    blame,
  )
  const valid = inbound.filter(({ seat, value }) => {
    const holder = memberAt(expected, seat)
    return holder !== undefined && equalBytes(holder.value, value)
  })
  if (valid.length >= config.threshold) return
  const text = `only ${valid.length} of this client's holders have acknowledged it, but ${config.threshold} are needed (U4)`
  throw violation('too-few-clients', blame, text, { expected: config.threshold, got: valid.length })
}
