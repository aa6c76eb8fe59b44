import type { RoundConfig } from 'secagg'
import type { CryptoProvider } from 'secagg/crypto'
import type { ClientCapabilities, client } from 'secagg/protocol'
import { indexOfSeat } from '../../../src/graph/index.js'
import { sharesAssociatedData, suiteOf } from '../../../src/protocol/keys.js'
import type { Acknowledgements, LivingOwners, UnmaskingShares } from '../../../src/wire/index.js'

// Steps of a client of the sparse graph in the active model, each without one check. They start from the state of a real
// session, so that an attack can be seen to succeed where that check is missing.

/** How a client answers in phases 3 and 4. A step that is not given is the real one. */
export interface ClientSteps {
  acknowledge?(
    state: client.ClientMasked,
    living: LivingOwners,
    capabilities: ClientCapabilities,
  ): Promise<client.ClientAcknowledging>
  unmask?(state: client.ClientAcknowledging, acknowledgements: Acknowledgements): UnmaskingShares
}

/** A client that reveals its shares to anyone who asks, acknowledged or not. */
export const WITHOUT_ACKNOWLEDGEMENTS: ClientSteps = { unmask: ({ shares }) => shares }

/** A client that believes the server about who is alive: no proof of an owner counts. */
export const WITHOUT_PROOFS: ClientSteps = {
  acknowledge: async (state, living, { crypto }) => {
    const { config, seat, minimumSurvivors, sharers } = state
    const owners = sharers.filter(({ choice }) => choice?.place !== undefined)
    const shares: UnmaskingShares[number][] = []
    const outbound: Acknowledgements[number][] = []
    const survivors = living.map((entry) => entry.seat)
    for (const { seat: owner, choice } of owners) {
      const pair = await openShares(config, crypto, state, owner)
      if (pair === undefined) continue
      const isAlive = indexOfSeat(survivors, owner) >= 0
      shares.push({ seat: owner, value: isAlive ? pair.selfMask : pair.maskKey })
      if (isAlive) outbound.push({ seat: owner, value: choice!.given })
    }
    return {
      state: 'client-acknowledging',
      config,
      seat,
      minimumSurvivors,
      owners: owners.map((owner) => owner.seat),
      survivors,
      shares,
      expected: sharers.flatMap(({ seat: holder, choice }) =>
        choice?.isHolder === true ? [{ seat: holder, value: choice.expected }] : [],
      ),
      outbound,
    }
  },
}

/** Both shares that a client holds of an owner; a corrupt client shows them to the server. */
export async function openShares(
  config: RoundConfig,
  crypto: CryptoProvider,
  { seat, sharers }: client.ClientMasked,
  owner: number,
): Promise<{ maskKey: Uint8Array; selfMask: Uint8Array } | undefined> {
  const sharer = sharers.find((each) => each.seat === owner)
  if (sharer === undefined) return undefined
  const { openingKey, ciphertext } = sharer
  const data = sharesAssociatedData(config, owner, seat)
  const pair = await suiteOf(config, crypto).open(openingKey, data, ciphertext)
  return pair && { maskKey: pair.slice(0, 32), selfMask: pair.slice(32) }
}
