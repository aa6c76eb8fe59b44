import { requireState } from '../checks.js'
import { SERVER_STATES, type ServerState } from './states.js'

/**
 * The secrets that a state carries, to be overwritten once it is no longer needed: the very arrays. Until the last round
 * a server has none.
 */
export function secretsIn(state: ServerState): readonly Uint8Array[] {
  requireState(state, ...SERVER_STATES)
  if (state.state !== 'server-unmasked') return []
  return [...state.selfMasks, ...state.maskKeys].map(({ value }) => value)
}
