import { usageError } from '../errors.js'
import { maskPhase } from './mask-phase.js'
import type { Phase } from './phase.js'
import type { PhaseContext } from './phase-context.js'
import { advertisePhase, sharePhase } from './phases.js'
import type { SavedServer } from './saved-server.js'
import { checkPhase, unmaskPhase } from './unmask-phase.js'

/**
 * The phase that was saved. Its messages are checked once more as they are taken in.
 *
 * @throws {SecAggError} what was thrown where a message is refused now, as when a verifier of identities has failed.
 */
export async function resumedPhase(saved: SavedServer, context: PhaseContext): Promise<Phase> {
  const phase = phaseOfState(saved, context)
  for (const [seat, bytes] of saved.messages) {
    const takeIn = await phase.check(seat, bytes)
    await takeIn()
  }
  return phase
}

function phaseOfState({ state, folded, sum }: SavedServer, context: PhaseContext): Phase {
  switch (state.state) {
    case 'server-advertising':
      return advertisePhase(state, context)
    case 'server-sharing':
      return sharePhase(state, context)
    case 'server-masking':
      return maskPhase(state, context, sum && { seats: folded, sum })
    case 'server-checking':
      if (sum !== undefined) return checkPhase(state, sum, context)
      break
    case 'server-unmasking':
      if (sum !== undefined) return unmaskPhase(state, sum, context)
      break
  }
  throw usageError('malformed-state', 'no round is open in what was saved')
}
