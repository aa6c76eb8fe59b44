import { requireState } from '../checks.js'
import { CLIENT_STATES, type ClientState, type SharePair, type Sharer } from './states.js'

/**
 * The secrets that a state carries, to be overwritten once they are in no later state that is still needed: the very
 * arrays, which states may share.
 */
export function secretsIn(state: ClientState): readonly Uint8Array[] {
  requireState(state, ...CLIENT_STATES)
  switch (state.state) {
    case 'client-advertised':
      return [state.cipherKeyPair.privateKey, state.maskKeyPair.privateKey]
    case 'client-shared': {
      const { maskKeyPair, selfMask, ownShares, peers, digestKey } = state
      const opening = peers.map(({ openingKey }) => openingKey)
      return [maskKeyPair.privateKey, selfMask, digestKey, ...sharesIn(ownShares), ...opening]
    }
    case 'client-masked': {
      const { ownShares, sharers, plan, digestKey } = state
      return [digestKey, ...sharesIn(ownShares), ...openingKeysIn(sharers), ...plan.map(({ seed }) => seed)]
    }
    case 'client-checked':
      return [...sharesIn(state.ownShares), ...openingKeysIn(state.sharers)]
    case 'client-unmasked':
      // The shares in it have been revealed.
      return []
  }
}

function sharesIn(pair: SharePair | undefined): readonly Uint8Array[] {
  return pair === undefined ? [] : [pair.maskKeyShare, pair.selfMaskShare]
}

function openingKeysIn(sharers: readonly Sharer[]): readonly Uint8Array[] {
  return sharers.map(({ openingKey }) => openingKey)
}
