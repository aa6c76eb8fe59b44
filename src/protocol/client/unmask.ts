import { wipe } from '../../crypto/bytes.js'
import type { CryptoProvider } from '../../crypto/provider.js'
import { usageError } from '../../errors.js'
import type { ConsistencySignatures, Seated, Survivors, UnmaskingShares } from '../../wire/index.js'
import { type ClientCapabilities, cryptoOf, requireShape } from '../capabilities.js'
import { blameServer, requireCanonicalSeats, requireEnough, requireState, violation } from '../checks.js'
import { survivorsStatement, verifyStatement } from '../identity.js'
import { sharesAssociatedData, suiteOf } from '../keys.js'
import { requireValidSurvivors, sharingSeats } from './check-consistency.js'
import type { ClientChecked, ClientFinished, ClientMasked, SharePair } from './states.js'

const PHASE = 'unmasking'

/**
 * What the last step gives.
 * @public
 */
export type UnmaskResult = { state: ClientFinished; outbound: UnmaskingShares }
/**
 * What the last step takes.
 * @public
 */
export type UnmaskCapabilities = Pick<ClientCapabilities, 'crypto' | 'verifyIdentity'>

/** Bytes of a share of s^SK, the first half of what is sealed. */
const MASK_KEY_SHARE_LENGTH = 32

/**
 * Round 4 (Unmasking): reveals, for every owner in U2, the share of b where the owner is in U3 and of s^SK where it is
 * not. One set decides for all, so nobody can ask for both shares of one owner.
 *
 * In the honest-but-curious model the inbound message is U3, checked as {@link checkConsistency} checks it; in the
 * active model it is the signatures of U4 over the U3 that this client signed: U4 ⊆ U3, |U4| ≥ t, each by the
 * identity that signed the seat's keys in round 0.
 *
 * An owner whose ciphertext does not open is left out of the answer, which costs that owner one share.
 *
 * @throws {SecAggError} fault `server`: `invalid-survivors`, `too-few-clients`, `malformed-message`,
 *   `invalid-signature`.
 * @public
 */
export function unmask(
  state: ClientMasked,
  inbound: Survivors,
  capabilities: UnmaskCapabilities,
): Promise<UnmaskResult>
/** @public */
export function unmask(
  state: ClientChecked,
  inbound: ConsistencySignatures,
  capabilities: UnmaskCapabilities,
): Promise<UnmaskResult>
/** @public */
export async function unmask(
  state: ClientMasked | ClientChecked,
  inbound: Survivors | ConsistencySignatures,
  capabilities: UnmaskCapabilities,
): Promise<UnmaskResult> {
  requireState<ClientMasked | ClientChecked>(state, 'client-masked', 'client-checked')
  if (state.state === 'client-checked') {
    requireShape('ConsistencySignatures message', inbound)
    const crypto = cryptoOf(capabilities)
    await requireConsistency(state, inbound as ConsistencySignatures, capabilities)
    return revealShares(state, state.survivors, crypto)
  }
  if (state.config.adversary === 'active') {
    throw usageError('out-of-order', 'the active model unmasks after the consistency check', { phase: PHASE })
  }
  requireShape('Survivors message', inbound)
  const crypto = cryptoOf(capabilities)
  const survivors = [...(inbound as Survivors)]
  requireValidSurvivors(state, survivors, PHASE)
  return revealShares(state, survivors, crypto)
}

/** [active] At least t clients of U3 have signed that they were told of this client's U3. */
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
      `seat ${stranger} is said to have signed the list of survivors (U4), but is not on it (U3)`,
    )
  }
  requireEnough(seats.length, config.threshold, 'U4', blameServer(PHASE))
  const identities = new Map(state.sharers.map(({ seat, identity }) => [seat, identity]))
  identities.set(state.seat, state.ownIdentity)
  await Promise.all(
    signatures.map(({ seat, value: signature }) => {
      const message = survivorsStatement(config, publishedDigest, seat, survivors)
      const claim = { seat, message, signature }
      return verifyStatement(config, verifyIdentity, claim, identities.get(seat), blameServer(PHASE, seat))
    }),
  )
}

async function revealShares(
  state: ClientMasked | ClientChecked,
  survivors: Survivors,
  crypto: CryptoProvider,
): Promise<UnmaskResult> {
  const { config, seat, minimumSurvivors, ownShares, sharers } = state
  const survived = new Set(survivors)
  /** The share to reveal, in an array of its own. */
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
  return {
    state: {
      state: 'client-unmasked',
      config,
      seat,
      minimumSurvivors,
      owners: sharingSeats(state),
      survivors,
      outbound,
    },
    outbound,
  }
}
