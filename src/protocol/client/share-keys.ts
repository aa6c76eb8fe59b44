import { concatBytes, joinBytes, moveTogether, wipe, wipeAll } from '../../crypto/bytes.js'
import { digestOnce } from '../../crypto/digest.js'
import { drawSecret } from '../../crypto/random.js'
import { coordinateOf, holdersKnownTo, indexOfSeat, isChosen } from '../../graph/index.js'
import {
  type PublicKeys,
  type PublishedKeys,
  SELF_MASK_SEED_LENGTH,
  type ShareKeys,
} from '../../wire/index.js'
import { type ClientCapabilities, cryptoOf, requireShape, splitterOf } from '../capabilities.js'
import { blameServer, requireState, violation } from '../checks.js'
import { hybridFor } from '../hybrid-steps.js'
import {
  commitToSelfMask,
  deriveAcknowledgement,
  deriveSealingKey,
  type KeyHolder,
  sharesAssociatedData,
  suiteOf,
} from '../keys.js'
import { keysDigest, publishedDigest, signsSurvivors } from '../statements.js'
import { checkPublishedKeys, placesAmong } from './published-keys.js'
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
  const { config, seat, minimumSurvivors, cipherKeyPair, maskKeyPair, outbound: sent } = state
  const places = placesAmong(state, inbound)
  const hybrid = hybridFor(config, crypto)
  // Each key of ML-KEM-768 is hashed once, for this check and for all that depends on it.
  const digest = digestOnce()
  const identities = await checkPublishedKeys(state, inbound, places, capabilities, hybrid, digest)

  const published = inbound.map((entry) => entry.seat)
  const holders = holdersKnownTo(config, seat, published, sent.choice)
  const keysOf = new Map(inbound.map((entry) => [entry.seat, entry.value]))
  const others = published.filter((other) => other !== seat)
  // All keys in one call: a provider with threads decides by their number what to send there.
  const agreeing = crypto.x25519.sharedSecrets(
    cipherKeyPair.privateKey,
    others.map((other) => keysOf.get(other)!.cipherKey),
  )
  // A rejection is handled when the agreements are awaited. Until then it must not count as unhandled.
  agreeing.catch(() => undefined)
  const selfMask = drawSecret(crypto, SELF_MASK_SEED_LENGTH)
  const shared = state.hybrid?.master ?? maskKeyPair.privateKey
  const maskKeyShares = await splitSecret(shared, config.threshold, holders.length)
  const selfMaskShares = await splitSecret(selfMask, config.threshold, holders.length)
  const sharesFor = (holder: number): SharePair => {
    const index = coordinateOf(holders, holder) - 1
    return { maskKeyShare: maskKeyShares[index]!, selfMaskShare: selfMaskShares[index]! }
  }

  const isMutual = (other: number): boolean => !isChosen(config.graph) || places.has(other)
  const holderOf = (holder: number, keys: Omit<PublicKeys, 'signature'>): KeyHolder =>
    hybrid?.keyHolder(holder, keys, 'cipher', digest) ?? { seat: holder, publicKey: keys.cipherKey }
  const own = holderOf(seat, sent)
  const sealing = others.filter((other) => indexOfSeat(holders, other) >= 0)
  const secrets = await hybrid?.sealSecrets(
    state,
    sealing.map((other) => ({ seat: other, keys: keysOf.get(other)!, isMutual: isMutual(other) })),
    crypto,
    digest,
  )
  const agreements = await agreeing
  const sealed = await Promise.all(
    others.map(async (other, index): Promise<{ peer: Peer; ciphertext: Uint8Array | undefined }> => {
      const keys = keysOf.get(other)!
      // A copy, since the key may be part of a message that is many times as long.
      const maskKey = Uint8Array.from(keys.maskKey)
      const agreement = agreements[index]
      if (agreement === undefined) {
        throw violation(
          'invalid-public-key',
          blameServer(PHASE, other),
          'the key agreement with a public key gives an all-zero secret',
        )
      }
      const holder = holderOf(other, keys)
      // With hybrid key agreement, what comes from the peer depends on a ciphertext that is still to arrive.
      const sealedTo = secrets?.get(other)
      const openingKey =
        hybrid === undefined ? await deriveSealingKey(config, crypto, agreement, holder, own) : NOTHING
      const identity = identities.get(other)
      const place = places.get(other)
      const isHolder = indexOfSeat(holders, other) >= 0
      const choice = isChosen(config.graph)
        ? {
            isHolder,
            place,
            keysDigest: keysDigest(config, other, keys),
            given:
              place === undefined || hybrid !== undefined
                ? NOTHING
                : await deriveAcknowledgement(config, crypto, agreement, own, holder),
            expected: isHolder
              ? await deriveAcknowledgement(config, crypto, agreement, holder, own, sealedTo?.second)
              : NOTHING,
          }
        : undefined
      const peer: Peer = {
        seat: other,
        maskKey,
        openingKey,
        identity,
        choice,
        hybrid: hybrid?.peerOf(keys, agreement, holder, sealedTo, digest),
      }
      if (!isHolder) {
        wipe(agreement)
        return { peer, ciphertext: undefined }
      }
      const sealingKey = await deriveSealingKey(config, crypto, agreement, own, holder, sealedTo?.second)
      const { maskKeyShare, selfMaskShare } = sharesFor(other)
      const plaintext = concatBytes(maskKeyShare, selfMaskShare)
      const associatedData = sharesAssociatedData(config, seat, other)
      const sealedShares = await suiteOf(config, crypto).seal(sealingKey, associatedData, plaintext)
      wipe(agreement, sealingKey, plaintext)
      if (sealedTo === undefined) return { peer, ciphertext: sealedShares }
      wipe(sealedTo.second.secret)
      return { peer, ciphertext: hybrid!.parcelOf(sealedTo, sealedShares) }
    }),
  )
  const ciphertexts = joinBytes(sealed.flatMap(({ ciphertext }) => ciphertext ?? []))
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
      hybrid: hybrid?.sharedOf(state, own, digest),
      selfMask,
      ownShares,
      ownIdentity: identities.get(seat),
      publishedDigest: signsSurvivors(config) ? publishedDigest(config, inbound) : undefined,
      ownChoice: isChosen(config.graph) ? { holders, keysDigest: keysDigest(config, seat, sent) } : undefined,
      peers: inOnePiece(sealed.map(({ peer }) => peer)),
      digestKey: drawSecret(crypto, 32),
      outbound,
    },
    outbound,
  }
}

function copyOf({ maskKeyShare, selfMaskShare }: SharePair): SharePair {
  return { maskKeyShare: Uint8Array.from(maskKeyShare), selfMaskShare: Uint8Array.from(selfMaskShare) }
}

/** The same peers. Their values are in one piece of memory, since a client keeps several for each peer. */
export function inOnePiece(peers: readonly Peer[]): readonly Peer[] {
  const parts = ({ maskKey, openingKey, choice }: Peer): Uint8Array[] =>
    choice === undefined
      ? [maskKey, openingKey]
      : [maskKey, openingKey, choice.keysDigest, choice.given, choice.expected]
  const moved = moveTogether(peers.flatMap(parts))
  let next = 0
  return peers.map((peer): Peer => {
    const [maskKey, openingKey] = [moved[next++]!, moved[next++]!]
    if (peer.choice === undefined) return { ...peer, maskKey, openingKey }
    const [keysDigest, given, expected] = [moved[next++]!, moved[next++]!, moved[next++]!]
    return { ...peer, maskKey, openingKey, choice: { ...peer.choice, keysDigest, given, expected } }
  })
}

const NOTHING = new Uint8Array(0)
