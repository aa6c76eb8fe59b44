import { concatBytes, equalBytes, wipe, wipeAll } from '../../crypto/bytes.js'
import { drawSecret } from '../../crypto/random.js'
import { coordinateOf, holdersKnownTo, minimumPublished } from '../../graph/index.js'
import {
  type PublishedKeys,
  SEALED_SHARES_LENGTH,
  SELF_MASK_SEED_LENGTH,
  type ShareKeys,
} from '../../wire/index.js'
import { type ClientCapabilities, cryptoOf, requireShape, splitterOf } from '../capabilities.js'
import {
  blameServer,
  DistinctKeys,
  requireCanonicalSeats,
  requireEnough,
  requirePublicKeys,
  requireState,
  violation,
} from '../checks.js'
import { keysStatement, publishedDigest, verifyStatement } from '../identity.js'
import { commitToSelfMask, deriveSealingKey, type KeyHolder, sharesAssociatedData, suiteOf } from '../keys.js'
import type { ClientAdvertised, ClientShared, Peer, SharePair } from './states.js'

const PHASE = 'share-keys'

/**
 * The client's step of the phase ShareKeys: checks U1 and its keys, draws the secret b of the self-mask, splits s^SK and b
 * into shares of which t recover the secret, and seals one pair of shares to each holder.
 *
 * Checks: |U1| is at least t and at least the client's own minimum, or on the sparse graph k neighbors are in U1; the
 * client's own keys are in the message as it sent them; all keys are acceptable and distinct. In the active model also:
 * every signature is valid, and no identity has two seats.
 *
 * @param state - The state from `advertiseKeys`.
 * @param inbound - The PublishedKeys message: the keys of U1.
 * @param capabilities - `crypto` and `splitSecret`; and `verifyIdentity`, which the active model needs.
 * @returns The next state and the ShareKeys message. Store the state before the message is sent.
 * @throws {SecAggError} With fault `server`: `malformed-message`, `too-few-clients`, `own-entry-mismatch`,
 *   `invalid-public-key`, `duplicate-key`, `duplicate-identity`, `invalid-signature`. `invalid-argument` or `out-of-order`
 *   if an argument has the wrong form; `crypto-failure` or `no-randomness` if a primitive fails.
 * @example
 * ```ts
 * // Continues the examples of server.keysToPublish and secretSplitter.
 * const capabilities = { crypto, splitSecret, verifyIdentity }
 * const shared = await Promise.all(
 *   advertised.map(({ state }, seat) => client.shareKeys(state, published.messageFor(seat), capabilities)),
 * )
 * console.log(shared[0]!.state.peers.map(({ seat }) => seat)) // [ 1, 2, 3 ]
 * ```
 * @public
 */
export async function shareKeys(
  state: ClientAdvertised,
  inbound: PublishedKeys,
  capabilities: ClientCapabilities,
): Promise<{ state: ClientShared; outbound: ShareKeys }> {
  requireState(state, 'client-advertised')
  requireShape('PublishedKeys message', inbound)
  const crypto = cryptoOf(capabilities)
  const splitSecret = splitterOf(capabilities)
  const { config, seat, minimumSurvivors, cipherKeyPair, maskKeyPair } = state
  const identities = await checkPublishedKeys(state, inbound, capabilities)

  const published = inbound.map((entry) => entry.seat)
  const holders = holdersKnownTo(config.graph, seat, config.clients, published)
  const selfMask = drawSecret(crypto, SELF_MASK_SEED_LENGTH)
  const maskKeyShares = await splitSecret(maskKeyPair.privateKey, config.threshold, holders.length)
  const selfMaskShares = await splitSecret(selfMask, config.threshold, holders.length)
  const sharesFor = (holder: number): SharePair => {
    const index = coordinateOf(holders, holder) - 1
    return { maskKeyShare: maskKeyShares[index]!, selfMaskShare: selfMaskShares[index]! }
  }

  const among = new Set(published)
  const others = holders.filter((holder) => holder !== seat && among.has(holder))
  const keysOf = new Map(inbound.map((entry) => [entry.seat, entry.value]))
  const agreements = await crypto.x25519.sharedSecrets(
    cipherKeyPair.privateKey,
    others.map((other) => keysOf.get(other)!.cipherKey),
  )
  const own: KeyHolder = { seat, publicKey: cipherKeyPair.publicKey }
  const sealed = await Promise.all(
    others.map(async (other, index): Promise<{ peer: Peer; ciphertext: Uint8Array }> => {
      const { cipherKey, maskKey } = keysOf.get(other)!
      const agreement = agreements[index]
      if (agreement === undefined) {
        throw violation(
          'invalid-public-key',
          blameServer(PHASE, other),
          'the key agreement with a public key results in zero',
        )
      }
      const holder: KeyHolder = { seat: other, publicKey: cipherKey }
      const sealingKey = await deriveSealingKey(config, crypto, agreement, own, holder)
      const openingKey = await deriveSealingKey(config, crypto, agreement, holder, own)
      const { maskKeyShare, selfMaskShare } = sharesFor(other)
      const plaintext = concatBytes(maskKeyShare, selfMaskShare)
      const associatedData = sharesAssociatedData(config, seat, other)
      const ciphertext = await suiteOf(config, crypto).seal(sealingKey, associatedData, plaintext)
      wipe(agreement, sealingKey, plaintext)
      return { peer: { seat: other, maskKey, openingKey, identity: identities.get(other) }, ciphertext }
    }),
  )
  const ciphertexts = new Uint8Array(sealed.length * SEALED_SHARES_LENGTH)
  sealed.forEach(({ ciphertext }, index) => {
    ciphertexts.set(ciphertext, index * SEALED_SHARES_LENGTH)
  })
  const ownShares = holders.includes(seat) ? copyOf(sharesFor(seat)) : undefined
  wipeAll([...maskKeyShares, ...selfMaskShares])
  const commitment = await commitToSelfMask(config, crypto, selfMask, seat)
  const outbound: ShareKeys = { commitment, ciphertexts }
  return {
    state: {
      state: 'client-shared',
      config,
      seat,
      minimumSurvivors,
      maskKeyPair,
      selfMask,
      ownShares,
      ownIdentity: identities.get(seat),
      publishedDigest: config.adversary === 'active' ? publishedDigest(config, inbound) : undefined,
      peers: sealed.map(({ peer }) => peer),
      digestKey: drawSecret(crypto, 32),
      outbound,
    },
    outbound,
  }
}

function copyOf({ maskKeyShare, selfMaskShare }: SharePair): SharePair {
  return { maskKeyShare: Uint8Array.from(maskKeyShare), selfMaskShare: Uint8Array.from(selfMaskShare) }
}

/** The identities of U1; empty in the honest-but-curious model. */
async function checkPublishedKeys(
  state: ClientAdvertised,
  inbound: PublishedKeys,
  { verifyIdentity }: ClientCapabilities,
): Promise<ReadonlyMap<number, string>> {
  const { config, seat, minimumSurvivors, outbound: sent } = state
  const blame = blameServer(PHASE)
  const seats = inbound.map((entry) => entry.seat)
  requireCanonicalSeats(seats, config.clients, 'malformed-message', blame)
  requireEnough(seats.length, minimumPublished(config.graph, config.threshold, minimumSurvivors), 'U1', blame)
  const own = inbound.find((entry) => entry.seat === seat)?.value
  if (
    own === undefined ||
    !equalBytes(own.cipherKey, sent.cipherKey) ||
    !equalBytes(own.maskKey, sent.maskKey)
  ) {
    throw violation(
      'own-entry-mismatch',
      blame,
      'the list of keys (U1) does not include the keys of this client as it sent them',
    )
  }

  const identities = new Map<number, string>()
  if (config.adversary === 'active') {
    const verified = await Promise.all(
      inbound.map(({ seat: signer, value: keys }) => {
        const claim = {
          seat: signer,
          message: keysStatement(config, signer, keys),
          signature: keys.signature,
        }
        return verifyStatement(config, verifyIdentity, claim, undefined, blameServer(PHASE, signer))
      }),
    )
    seats.forEach((signer, index) => {
      identities.set(signer, verified[index]!)
    })
  }
  const distinct = new DistinctKeys()
  for (const { seat: claimant, value: keys } of inbound) {
    requirePublicKeys(keys, blameServer(PHASE, claimant))
    const clash = distinct.claim(claimant, keys, identities.get(claimant))
    if (clash !== undefined) {
      const concerned = blameServer(PHASE, clash.owner, claimant)
      throw violation(
        clash.code,
        concerned,
        `seats ${clash.owner} and ${claimant} have ${clash.code === 'duplicate-key' ? 'a key' : 'an identity'} in common`,
      )
    }
  }
  return identities
}
