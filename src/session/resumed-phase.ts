import { SecAggError, usageError } from '../errors.js'
import { isSubset } from '../protocol/saved-fields.js'
import { maskPhase } from './mask-phase.js'
import type { Phase } from './phase.js'
import { type PhaseContext, seatsOf } from './phase-context.js'
import { advertisePhase, sharePhase } from './phases.js'
import type { SavedServer } from './saved-server.js'
import { checkPhase, unmaskPhase } from './unmask-phase.js'

/**
 * The phase that was saved. Its messages are checked once more as they are taken in.
 *
 * @throws {SecAggError} `malformed-state` where one is refused now, as when its sender's identity is no longer known; the
 *   refusal is its `cause`. What was thrown where a verifier has failed.
 */
export async function resumedPhase(saved: SavedServer, context: PhaseContext): Promise<Phase> {
  const phase = phaseOfState(saved, context)
  try {
    for (const [seat, bytes] of saved.messages) {
      const takeIn = await phase.check(seat, bytes)
      await takeIn()
    }
  } catch (cause) {
    if (!(cause instanceof SecAggError) || cause.fault !== 'peer') throw cause
    throw usageError('malformed-state', 'a message that was accepted is refused now', { cause })
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
      if (sum !== undefined && isSubset(folded, seatsOf(state.clients))) {
        return maskPhase(state, context, { seats: folded, sum })
      }
      break
    case 'server-checking':
      if (sum !== undefined) return checkPhase(state, sum, context)
      break
    case 'server-unmasking':
      if (sum !== undefined) return unmaskPhase(state, sum, context)
      break
  }
  throw usageError('malformed-state', 'the saved session has no open round')
}
