import { usageError } from '../../errors.js'
import type { ConsistencyCheck, Survivors } from '../../wire/index.js'
import { type ClientCapabilities, capable } from '../capabilities.js'
import { requireState } from '../checks.js'
import { signStatement, survivorsStatement } from '../identity.js'
import { requireShape } from '../shapes.js'
import type { ClientChecked, ClientMasked } from './states.js'
import { requireValidSurvivors } from './survivors.js'

const PHASE = 'consistency-check'

/**
 * Round 3 (ConsistencyCheck, active model only): checks U3 and signs it, so that every client can tell that t others
 * were told the same in this run of the round.
 *
 * @throws {SecAggError} fault `server`: `invalid-survivors`, `too-few-clients`.
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
