import { equalBytes, wipe } from '../../crypto/bytes.js'
import { usageError } from '../../errors.js'
import { minimumSeen } from '../../graph/index.js'
import type { MaskPlan, MaskTerm } from '../../vector/segments.js'
import type { ForwardedShares } from '../../wire/index.js'
import { type ClientCapabilities, cryptoOf, requireShape } from '../capabilities.js'
import { blameServer, requireCanonicalSeats, requireEnough, requireState, violation } from '../checks.js'
import { derivePairwiseSeed, deriveSelfMaskSeed } from '../keys.js'
import type { ClientMasked, ClientShared, Peer, Sharer } from './states.js'

const PHASE = 'masked-input'

/**
 * Round 2 (MaskedInputCollection): takes U2 and the sealed shares, and yields the plan by which the vector core makes
 *
 *     y = x + PRG(b) + Σ ±PRG(s_{u,v}) over v in U2, + where u > v, − where u < v.
 *
 * `inputDigest` is the digest of x under the state's `digestKey`; the plan masks that input and no other.
 *
 * Checks: U2 ⊆ U1; |U2| ≥ t and the client's own minimum, or on the sparse graph t neighbors in U2.
 *
 * @throws {SecAggError} fault `server`: `malformed-message`, `too-few-clients`.
 * @public
 */
export async function maskInput(
  state: ClientShared,
  inbound: ForwardedShares,
  inputDigest: Uint8Array,
  capabilities: Pick<ClientCapabilities, 'crypto'>,
): Promise<{ state: ClientMasked; plan: MaskPlan }> {
  requireState(state, 'client-shared')
  requireShape('ForwardedShares message', inbound)
  requireShape('digest', inputDigest)
  const crypto = cryptoOf(capabilities)
  const { config, seat, minimumSurvivors, maskKeyPair, selfMask, ownShares, ownIdentity } = state
  const { publishedDigest, digestKey } = state
  const pairs = matchSharers(state, inbound)
  const least = minimumSeen(config.graph, config.threshold, minimumSurvivors)
  requireEnough(pairs.length + 1, least, 'U2', blameServer(PHASE))

  const agreements = await crypto.x25519.sharedSecrets(
    maskKeyPair.privateKey,
    pairs.map(({ peer }) => peer.maskKey),
  )
  const own = { seat, publicKey: maskKeyPair.publicKey }
  const pairwise = await Promise.all(
    pairs.map(async ({ peer }, index): Promise<MaskTerm> => {
      const agreement = agreements[index]
      if (agreement === undefined) {
        throw violation('invalid-public-key', blameServer(PHASE, peer.seat), 'a key agreement gives zero')
      }
      const other = { seat: peer.seat, publicKey: peer.maskKey }
      const seed = await derivePairwiseSeed(config, crypto, agreement, own, other)
      wipe(agreement)
      return { seed, sign: seat > peer.seat ? 1 : -1 }
    }),
  )
  const self: MaskTerm = { seed: await deriveSelfMaskSeed(config, crypto, selfMask, seat), sign: 1 }
  const plan = [self, ...pairwise]
  return {
    state: {
      state: 'client-masked',
      config,
      seat,
      minimumSurvivors,
      ownShares,
      ownIdentity,
      publishedDigest,
      sharers: pairs.map(({ sharer }) => sharer),
      plan,
      digestKey,
      inputDigest: Uint8Array.from(inputDigest),
    },
    plan,
  }
}

/**
 * The plan once more, to send the same y again.
 *
 * @throws {SecAggError} `input-changed` where the input is another one: a second y under the same masks would give the
 *   server the difference of the two inputs.
 * @public
 */
export function repeatMaskInput(state: ClientMasked, inputDigest: Uint8Array): MaskPlan {
  requireState(state, 'client-masked')
  requireShape('digest', inputDigest)
  if (!equalBytes(state.inputDigest, inputDigest)) {
    throw usageError('input-changed', 'the masks of this round were made for another input', { phase: PHASE })
  }
  return state.plan
}

function matchSharers(state: ClientShared, inbound: ForwardedShares): { peer: Peer; sharer: Sharer }[] {
  const blame = blameServer(PHASE)
  const seats = inbound.map((entry) => entry.seat)
  requireCanonicalSeats(seats, state.config.clients, 'malformed-message', blame)
  const peers = new Map(state.peers.map((peer) => [peer.seat, peer]))
  return inbound.map(({ seat, value: ciphertext }) => {
    const peer = peers.get(seat)
    if (peer === undefined) {
      throw violation(
        'malformed-message',
        blameServer(PHASE, seat),
        `there is a ciphertext of seat ${seat} (U2), which is none of those whose keys this client was given (U1)`,
      )
    }
    const { openingKey, identity } = peer
    return { peer, sharer: { seat, openingKey, ciphertext, identity } }
  })
}
