import { equalBytes, moveTogether, wipe } from '../../crypto/bytes.js'
import { usageError } from '../../errors.js'
import { inclusionBits, minimumSeen } from '../../graph/index.js'
import type { MaskPlan, MaskTerm } from '../../vector/segments.js'
import type { ForwardedShares, Inclusion } from '../../wire/index.js'
import { type ClientCapabilities, capable, cryptoOf, requireShape } from '../capabilities.js'
import { blameServer, requireCanonicalSeats, requireEnough, requireState, violation } from '../checks.js'
import { hybridFor } from '../hybrid-steps.js'
import { type Signer, signStatement } from '../identity.js'
import { derivePairwiseSeed, deriveSelfMaskSeed } from '../keys.js'
import { inclusionStatement } from '../statements.js'
import type { ClientMasked, ClientShared, Peer, Sharer } from './states.js'

const PHASE = 'masked-input'

/**
 * The client's step of the phase MaskedInputCollection: checks U2 and returns the mask plan. `executeMaskPlan` uses it to
 * compute the masked vector
 *
 *     y = x + PRG(b) + Σ ±PRG(s_{u,v}) over v in U2, + if u > v, − if u < v.
 *
 * The plan is bound to one input x by `inputDigest`.
 *
 * Checks: U2 ⊆ U1; |U2| is at least t and at least the client's own minimum, or on the sparse graph t neighbors are in U2.
 *
 * On the chosen graph, the client also signs with which of its holders it has masked.
 *
 * @param state - The state from `shareKeys`.
 * @param inbound - The ForwardedShares message: the shares of U2 that are sealed to this client.
 * @param inputDigest - HMAC-SHA-256 of the packed input under the state's `digestKey`.
 * @param capabilities - `crypto`, for key agreements and key derivation; on the chosen graph also `signer`.
 * @returns The next state and the plan. Store the state before any part of the masked vector is sent.
 * @throws {SecAggError} With fault `server`: `malformed-message`, `too-few-clients`, `invalid-public-key`; with hybrid key
 *   agreement also `wrong-mask-secret`, which `complain` answers.
 *   `invalid-argument` or `out-of-order` if an argument has the wrong form; `crypto-failure` if a primitive fails.
 * @example
 * ```ts
 * // Continues the example of server.sharesToForward.
 * // Seat 3 drops out before it sends its vector.
 * import { executeMaskPlan, packVector } from 'secagg/vector'
 *
 * const vectors = [[1, 2, 3], [10, 20, 30], [100, 200, 300]].map((values) => [Uint16Array.from(values)])
 * const masked = await Promise.all(
 *   vectors.map(async (vector, seat) => {
 *     const { state } = shared[seat]!
 *     const digest = await crypto.sha256.hmac(state.digestKey, packVector(vector, config.segments))
 *     const step = await client.maskInput(state, forwarded.messageFor(seat), digest, { crypto })
 *     await executeMaskPlan(vector, config.segments, step.plan, crypto.suites.aes!) // x becomes y
 *     return step.state
 *   }),
 * )
 * console.log(masked[0]!.plan.length) // 4
 * ```
 * @public
 */
export async function maskInput(
  state: ClientShared,
  inbound: ForwardedShares,
  inputDigest: Uint8Array,
  capabilities: Pick<ClientCapabilities, 'crypto' | 'signer'>,
): Promise<{ state: ClientMasked; plan: MaskPlan }> {
  requireState(state, 'client-shared')
  requireShape('ForwardedShares message', inbound)
  requireShape('digest', inputDigest)
  const crypto = cryptoOf(capabilities)
  const { config, seat, minimumSurvivors, maskKeyPair, selfMask, ownShares, ownIdentity } = state
  const { publishedDigest, digestKey } = state
  const pairs = matchSharers(state, inbound)
  const seen = pairs.filter(({ peer }) => peer.choice?.isHolder !== false).length + 1
  const minimum = minimumSeen(config.graph, config.threshold, minimumSurvivors)
  requireEnough(seen, minimum, 'U2', blameServer(PHASE))

  // Before any seed is derived, since a signer may fail.
  const inclusion = await signInclusion(
    state,
    pairs.map(({ peer }) => peer.seat),
    capable(capabilities).signer,
  )
  const hybrid = hybridFor(config, crypto)
  const peers = pairs.map(({ peer }) => peer)
  const maskKeys = peers.map(({ maskKey }) => maskKey)
  const agreements = await (hybrid?.agreementsWith(state, peers, crypto) ??
    crypto.x25519.sharedSecrets(maskKeyPair.privateKey, maskKeys))
  const agreed = peers.map((peer, index): Uint8Array => {
    const agreement = agreements[index]
    if (agreement !== undefined) return agreement
    throw violation(
      'invalid-public-key',
      blameServer(PHASE, peer.seat),
      'the key agreement with a public key gives an all-zero secret',
    )
  })
  const received = await hybrid?.receiveSecrets(state, pairs, agreed, crypto)
  const own = { seat, publicKey: maskKeyPair.publicKey, kemDigest: state.hybrid?.maskKemDigest }
  const pairwise = await Promise.all(
    pairs.map(async ({ peer }, index): Promise<MaskTerm> => {
      const agreement = agreed[index]!
      const secret = received?.[index]?.secret
      const other = { seat: peer.seat, publicKey: peer.maskKey, kemDigest: peer.hybrid?.maskKemDigest }
      const seed = await derivePairwiseSeed(config, crypto, agreement, own, other, secret)
      wipe(agreement)
      if (secret !== undefined) wipe(secret.secret)
      return { seed, sign: seat > peer.seat ? 1 : -1 }
    }),
  )
  const self: MaskTerm = { seed: await deriveSelfMaskSeed(config, crypto, selfMask, seat), sign: 1 }
  const terms = [self, ...pairwise]
  const seeds = moveTogether(terms.map(({ seed }) => seed))
  const plan = terms.map(({ sign }, index): MaskTerm => ({ seed: seeds[index]!, sign }))
  return {
    state: {
      state: 'client-masked',
      config,
      seat,
      minimumSurvivors,
      ownShares,
      ownIdentity,
      publishedDigest,
      inclusion,
      sharers: (received ?? pairs).map(({ sharer }) => sharer),
      plan,
      digestKey,
      inputDigest: Uint8Array.from(inputDigest),
    },
    plan,
  }
}

/** On the chosen graph: which holders are among `masked`, the seats with which this client masks, and the signature over it. */
async function signInclusion(
  { config, seat, ownChoice }: ClientShared,
  masked: readonly number[],
  signer: Signer | undefined,
): Promise<Inclusion | undefined> {
  if (ownChoice === undefined) return undefined
  const holders = inclusionBits(ownChoice.holders, masked)
  const statement = inclusionStatement(config, seat, ownChoice.keysDigest, holders)
  return { holders, signature: await signStatement(config, signer, statement, PHASE) }
}

/**
 * Returns the mask plan again, to send the same masked vector y once more.
 *
 * @param state - The state from {@link maskInput}.
 * @param inputDigest - The digest of the input, computed as for {@link maskInput}.
 * @returns The plan.
 * @throws {SecAggError} `input-changed` if the input is a different one: two masked vectors with the same masks would show
 *   the server the difference of the two inputs. `invalid-argument` or `out-of-order` if an argument has the wrong form.
 * @example
 * ```ts
 * // Continues the example of client.maskInput.
 * const again = client.repeatMaskInput(masked[0]!, masked[0]!.inputDigest)
 * console.log(again === masked[0]!.plan) // true
 * ```
 * @public
 */
export function repeatMaskInput(state: ClientMasked, inputDigest: Uint8Array): MaskPlan {
  requireState(state, 'client-masked')
  requireShape('digest', inputDigest)
  if (!equalBytes(state.inputDigest, inputDigest)) {
    throw usageError('input-changed', 'the masks of this round belong to another input', { phase: PHASE })
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
        `there is a ciphertext of seat ${seat} (U2), but this client was not given the keys of that seat (U1)`,
      )
    }
    const { openingKey, identity, choice } = peer
    return { peer, sharer: { seat, openingKey, ciphertext, identity, choice } }
  })
}
