import type { RoundConfig, VerifyIdentity } from 'secagg'
import type { CryptoProvider } from 'secagg/crypto'
import { type ClientCapabilities, client } from 'secagg/protocol'
import { indexOfSeat } from '../../../src/graph/index.js'
import { deriveAcknowledgement, sharesAssociatedData, suiteOf } from '../../../src/protocol/keys.js'
import type { Acknowledgements, LivingOwners, UnmaskingShares } from '../../../src/wire/index.js'

// Steps of a client of the sparse graph in the active model, each without one check. They start from the state of a real
// session, so that an attack can be seen to succeed where that check is missing.

/** How a client answers in phases 3 and 4. A step that is not given is the real one. */
export interface ClientSteps {
  acknowledge?(
    state: client.ClientMasked,
    living: LivingOwners,
    capabilities: ClientCapabilities,
    /** Its state two phases before. */
    earlier: client.ClientShared,
  ): Promise<client.ClientAcknowledging>
  unmask?(
    state: client.ClientAcknowledging,
    acknowledgements: Acknowledgements,
    capabilities: ClientCapabilities,
  ): UnmaskingShares | Promise<UnmaskingShares>
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

/** A client that looks at the bits of a proof, and not at who signed it. */
export const WITHOUT_SIGNATURES: ClientSteps = {
  acknowledge: async (state, living, { crypto }) => {
    const verifyIdentity: VerifyIdentity = async ({ seat }) =>
      state.sharers.find((sharer) => sharer.seat === seat)?.identity
    return (await client.acknowledgeOwners(state, living, { crypto, verifyIdentity })).state
  },
}

/** Clients that derive acknowledgements from the agreement of their mask keys, the private parts of which they share. */
export const FROM_MASK_KEYS: ClientSteps = {
  acknowledge: async (state, living, capabilities, { maskKeyPair, peers }) => {
    const { config, seat, sharers } = state
    const { crypto } = capabilities
    const own = { seat, publicKey: maskKeyPair.publicKey }
    const changed = await Promise.all(
      sharers.map(async (sharer) => {
        const peer = {
          seat: sharer.seat,
          publicKey: peers.find((each) => each.seat === sharer.seat)!.maskKey,
        }
        const value = (holder: typeof own, owner: typeof own) =>
          acknowledgementFromMaskKeys(config, crypto, maskKeyPair.privateKey, peer.publicKey, holder, owner)
        const choice = { ...sharer.choice!, given: await value(own, peer), expected: await value(peer, own) }
        return { ...sharer, choice }
      }),
    )
    return (await client.acknowledgeOwners({ ...state, sharers: changed }, living, capabilities)).state
  },
}

/** What anyone can compute who has the private mask key of one of the two. */
export async function acknowledgementFromMaskKeys(
  config: RoundConfig,
  crypto: CryptoProvider,
  privateKey: Uint8Array,
  publicKey: Uint8Array,
  holder: KeyHolder,
  owner: KeyHolder,
): Promise<Uint8Array> {
  const [agreement] = await crypto.x25519.sharedSecrets(privateKey, [publicKey])
  return deriveAcknowledgement(config, crypto, agreement!, holder, owner)
}

type KeyHolder = Parameters<typeof deriveAcknowledgement>[3]

/** Clients whose acknowledgement for another client is the same as that client's for them. */
export const UNDIRECTED: ClientSteps = {
  acknowledge: async (state, living, capabilities) => {
    const sharers = state.sharers.map((sharer) => {
      const { given, expected } = sharer.choice!
      // Where only one of the two has drawn the other, there is only one value.
      if (given.length === 0 || expected.length === 0) return sharer
      const both = given.map((byte, index) => byte ^ expected[index]!)
      return { ...sharer, choice: { ...sharer.choice!, given: both, expected: both } }
    })
    return (await client.acknowledgeOwners({ ...state, sharers }, living, capabilities)).state
  },
}

/** A client that is content with `needed` correct acknowledgements, and counts the same one again. */
export const withAcknowledgements = (needed: number): ClientSteps => ({
  unmask: ({ expected, shares }, received) => {
    const isRight = ({ seat, value }: Acknowledgements[number]): boolean =>
      expected.some((each) => each.seat === seat && each.value.every((byte, i) => byte === value[i]))
    return received.filter(isRight).length >= needed ? shares : []
  },
})

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
