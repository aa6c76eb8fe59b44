import * as P from '../../codec/codec.js'
import type { Bytes } from '../../crypto/bytes.js'
import { KEM_SEED_LENGTH } from '../../crypto/encapsulation.js'
import { choiceLength, isChosen } from '../../graph/index.js'
import type { MaskTerm } from '../../vector/segments.js'
import {
  ACKNOWLEDGEMENT_LENGTH,
  advertiseKeysCoder,
  inclusionCoder,
  SELF_MASK_SEED_LENGTH,
  type UnmaskingShares,
} from '../../wire/index.js'
import { requireConfig, requireState } from '../checks.js'
import type { RoundConfig } from '../config.js'
import { isHybrid } from '../keys.js'
import { sealedByClient } from '../parcel-lengths.js'
import {
  allSealedShares,
  decodeStateBy,
  digest,
  encodeStateBy,
  identity,
  ifHybrid,
  isSubset,
  key,
  list,
  members,
  onChosenGraph,
  onlyIf,
  type StateCoders,
  sealedShares,
  seated,
  seats,
  selfMask,
} from '../saved-format.js'
import { signsSurvivors } from '../statements.js'
import { sharingSeats } from './check-consistency.js'
import type { AdvertisedHybrid, PeerHybrid, SharedHybrid } from './hybrid-states.js'
import {
  CLIENT_STATES,
  type ClientState,
  type KeyPair,
  type OwnChoice,
  type Peer,
  type PeerChoice,
  type SharePair,
  type Sharer,
} from './states.js'

/** The length in bytes of s^SK, and of a share of it. */
const MASK_KEY_LENGTH = 32

/**
 * Encodes a state of a client. Store the bytes before the message of this state is sent. They contain secrets: guard them
 * like a private key. They contain the hash of the configuration, but not the configuration.
 *
 * @param state - Any state of a client.
 * @returns Bytes for {@link decodeState}.
 * @throws {SecAggError} `out-of-order` if this is not a state of a client.
 * @example
 * ```ts
 * // Continues the example of client.shareKeys.
 * const bytes = client.encodeState(shared[0]!.state)
 * console.log(bytes[0]) // 2
 * ```
 * @public
 */
export function encodeState(state: ClientState): Bytes {
  requireState(state, ...CLIENT_STATES)
  return encodeStateBy(codersOf(state.config), state)
}

/**
 * Decodes a state that {@link encodeState} has encoded.
 *
 * Always continue from the last state that was stored. An older one cannot be detected here; continuing from it can reveal
 * the input or make the sum wrong.
 *
 * @param bytes - The stored bytes.
 * @param config - The configuration of the same round.
 * @returns An equal state, which shares no memory with `bytes`.
 * @throws {SecAggError} With fault `usage`: `malformed-state` if the bytes are not a client's state, or are truncated or
 *   changed; `unsupported-version`; `configuration-mismatch` if the state belongs to another round.
 * @example
 * ```ts
 * // Continues the example of client.encodeState.
 * const resumed = client.decodeState(bytes, config)
 * console.log(resumed.state, resumed.seat) // 'client-shared' 0
 * ```
 * @public
 */
export function decodeState(bytes: Uint8Array, config: RoundConfig): ClientState {
  requireConfig(config)
  return decodeStateBy(codersOf(config), config, bytes, fits)
}

/** Whether the parts of the state belong together, so that the client can continue from it. */
function fits(state: ClientState): boolean {
  const { seat, config } = state
  if (seat >= config.clients) return false
  switch (state.state) {
    case 'client-advertised':
      return true
    case 'client-shared': {
      const { peers, outbound } = state
      return (
        isStranger(seat, peers) &&
        peers.every((peer) => acknowledges(peer, isHybrid(config))) &&
        outbound.ciphertexts.length === sealedByClient(state)
      )
    }
    case 'client-masked':
      return (
        isStranger(seat, state.sharers) &&
        state.sharers.every((sharer) => acknowledges(sharer)) &&
        state.plan.length === state.sharers.length + 1
      )
    case 'client-checked':
      return (
        signsSurvivors(config) &&
        isStranger(seat, state.sharers) &&
        isSubset(state.survivors, sharingSeats(state))
      )
    case 'client-acknowledging': {
      const { owners, survivors, shares, expected, outbound } = state
      return (
        isChosen(config.graph) &&
        isStranger(seat, [...expected, ...shares]) &&
        isSubset(survivors, owners) &&
        isSubset(seatsOf(outbound), survivors) &&
        areShares(shares, owners, survivors)
      )
    }
    case 'client-complained': {
      const { nameable, outbound } = state
      return isHybrid(config) && isSubset(outbound, nameable) && !nameable.includes(seat)
    }
    case 'client-unmasked':
      return (
        isSubset(state.survivors, state.owners) && areShares(state.outbound, state.owners, state.survivors)
      )
  }
}

/** Whether there is an acknowledgement for an owner, if it `isLate` not yet, and one from a holder, and no other. */
function acknowledges({ choice }: Peer | Sharer, isLate = false): boolean {
  if (choice === undefined) return true
  const { isHolder, place, given, expected } = choice
  return (
    given.length === (place === undefined || isLate ? 0 : ACKNOWLEDGEMENT_LENGTH) &&
    expected.length === (isHolder ? ACKNOWLEDGEMENT_LENGTH : 0)
  )
}

/** Of each owner at most one share, of the secret that its fate calls for. */
function areShares(
  shares: UnmaskingShares,
  owners: readonly number[],
  survivors: readonly number[],
): boolean {
  const survived = new Set(survivors)
  const lengthOf = (owner: number) => (survived.has(owner) ? SELF_MASK_SEED_LENGTH : MASK_KEY_LENGTH)
  return (
    isSubset(seatsOf(shares), owners) && shares.every(({ seat, value }) => value.length === lengthOf(seat))
  )
}

function seatsOf(entries: readonly { readonly seat: number }[]): number[] {
  return entries.map(({ seat }) => seat)
}

function isStranger(seat: number, others: readonly { readonly seat: number }[]): boolean {
  return others.every((other) => other.seat !== seat)
}

const keyPair = P.struct<KeyPair>({ privateKey: key, publicKey: key })
const sharePair = P.optional(P.struct<SharePair>({ maskKeyShare: key, selfMaskShare: selfMask }))

function codersOf(config: RoundConfig): StateCoders<ClientState> {
  const seed = P.bytes(config.suite === 'aes' ? 16 : 32)
  // With hybrid key agreement it is empty until the shares have arrived, or if there are none.
  const openingKey = isHybrid(config) ? P.bytes(P.U8) : seed
  const kemSeed = P.bytes(KEM_SEED_LENGTH)
  const signature = P.bytes(config.signatureLength)
  const publishedDigest = onlyIf(signsSurvivors(config), digest)
  const acknowledgement = P.bytes(ACKNOWLEDGEMENT_LENGTH)
  const ifAny = P.bytes(P.U8)
  const choice = onChosenGraph(config, () =>
    P.struct<PeerChoice>({
      isHolder: P.bool,
      place: P.optional(P.U16LE),
      keysDigest: digest,
      given: ifAny,
      expected: ifAny,
    }),
  )
  const peerHybrid = ifHybrid(
    config,
    P.struct<PeerHybrid>({
      cipherAgreement: key,
      cipherKey: key,
      cipherKemDigest: digest,
      maskKemDigest: digest,
    }),
  )
  const base = { seat: P.U32LE, minimumSurvivors: P.U32LE }
  const sharers = members<Sharer>(
    config,
    P.struct({ openingKey, ciphertext: sealedShares(config), identity, choice }),
  )
  const sign = P.converted(P.bool, {
    toValue: (positive: boolean): MaskTerm['sign'] => (positive ? 1 : -1),
    toStored: (sign: MaskTerm['sign']) => sign === 1,
  })
  return {
    'client-advertised': P.struct({
      ...base,
      cipherKeyPair: keyPair,
      maskKeyPair: keyPair,
      hybrid: ifHybrid(config, P.struct<AdvertisedHybrid>({ cipherSeed: kemSeed, master: key })),
      outbound: advertiseKeysCoder(config.signatureLength, choiceLength(config.graph), isHybrid(config)),
    }),
    'client-shared': P.struct({
      ...base,
      maskKeyPair: keyPair,
      hybrid: ifHybrid(
        config,
        P.struct<SharedHybrid>({
          cipherSeed: kemSeed,
          master: key,
          cipherKey: key,
          cipherKemDigest: digest,
          maskKemDigest: digest,
        }),
      ),
      selfMask,
      ownShares: sharePair,
      ownIdentity: identity,
      publishedDigest,
      ownChoice: onChosenGraph(config, () =>
        P.struct<OwnChoice>({ holders: seats(config), keysDigest: digest }),
      ),
      peers: members<Peer>(
        config,
        P.struct({ maskKey: key, openingKey, identity, choice, hybrid: peerHybrid }),
      ),
      digestKey: digest,
      outbound: P.struct({ commitment: digest, ciphertexts: allSealedShares }),
    }),
    'client-masked': P.struct({
      ...base,
      ownShares: sharePair,
      ownIdentity: identity,
      publishedDigest,
      inclusion: onChosenGraph(config, ({ neighbors }) => inclusionCoder(neighbors, config.signatureLength)),
      sharers,
      plan: list(P.struct<MaskTerm>({ seed, sign })),
      digestKey: digest,
      inputDigest: digest,
    }),
    'client-checked': P.struct({
      ...base,
      ownShares: sharePair,
      ownIdentity: identity,
      publishedDigest: digest,
      sharers,
      survivors: seats(config),
      outbound: signature,
    }),
    'client-acknowledging': P.struct({
      ...base,
      owners: seats(config),
      survivors: seats(config),
      shares: seated(config, P.bytes(P.U8)),
      expected: seated(config, acknowledgement),
      outbound: seated(config, acknowledgement),
    }),
    'client-complained': P.struct({ ...base, nameable: seats(config), outbound: seats(config) }),
    'client-unmasked': P.struct({
      ...base,
      owners: seats(config),
      survivors: seats(config),
      outbound: seated(config, P.bytes(P.U8)),
    }),
  }
}
