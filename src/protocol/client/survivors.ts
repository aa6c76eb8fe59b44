import type { PhaseName } from '../../errors.js'
import { minimumSeen } from '../../graph/index.js'
import type { Survivors } from '../../wire/index.js'
import { blameServer, violation } from '../blame.js'
import { requireCanonicalSeats, requireEnough, requireState } from '../checks.js'
import type { ClientChecked, ClientMasked } from './states.js'

/**
 * U2 as the client knows it, its own seat included; ascending.
 * @throws {SecAggError} `out-of-order` for another state.
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
