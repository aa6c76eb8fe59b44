import { type PhaseName, usageError } from '../../errors.js'
import { minimumSeen } from '../../graph/index.js'
import type { ConsistencyCheck, Survivors } from '../../wire/index.js'
import { type ClientCapabilities, capable, requireShape } from '../capabilities.js'
import { blameServer, requireCanonicalSeats, requireEnough, requireState, violation } from '../checks.js'
import { signStatement, survivorsStatement } from '../identity.js'
import type { ClientChecked, ClientMasked } from './states.js'

const PHASE = 'consistency-check'

/**
 * Round 3 (ConsistencyCheck, active model only): checks U3 and signs it, so that every client can tell that t others
 * were told the same in this run of the round.
 *
 * @throws {SecAggError} fault `server`: `invalid-survivors`, `too-few-clients`.
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
    throw usageError('out-of-order', 'the consistency check belongs to the active model', { phase: PHASE })
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
 * U2 as the client knows it, its own seat included; ascending.
 * @throws {SecAggError} `out-of-order` for another state.
 * @public
 */
export function sharingSeats(state: ClientMasked | ClientChecked): readonly number[] {
  requireState<ClientMasked | ClientChecked>(state, 'client-masked', 'client-checked')
  return [state.seat, ...state.sharers.map(({ seat }) => seat)].sort((a, b) => a - b)
}

/**
 * What every client asks of U3, in both models, before it signs it or reveals a share for it: distinct known seats,
 * U3 ⊆ U2, its own seat among them, |U3| ≥ t and its own minimum; on the sparse graph t neighbors in U3.
 *
 * @throws {SecAggError} fault `server`: `invalid-survivors`, `too-few-clients`.
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
      'the list of survivors (U3) does not have the client that it was sent to',
    )
  }
  const least = minimumSeen(config.graph, config.threshold, minimumSurvivors)
  requireEnough(survivors.length, least, 'U3', blame)
}
