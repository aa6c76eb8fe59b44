import * as P from '../../codec/codec.js'
import type { Bytes } from '../../crypto/bytes.js'
import { KEM_KEY_LENGTH } from '../../crypto/encapsulation.js'
import {
  CHOICE_LENGTH,
  type ChoosingClient,
  type DrawnGraph,
  graphOf,
  indexOfSeat,
  isChosen,
  memberAt,
} from '../../graph/index.js'
import { ACKNOWLEDGEMENT_LENGTH, inclusionCoder, type PublicKeys } from '../../wire/index.js'
import { requireConfig, requireState } from '../checks.js'
import type { RoundConfig } from '../config.js'
import { isHybrid } from '../keys.js'
import { OPENED_SECRET_LENGTH, sealedLengthBetween } from '../parcel-lengths.js'
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
  seated,
  seats,
  selfMask,
} from '../saved-format.js'
import { signsSurvivors } from '../statements.js'
import { crossingLength, joinedTo } from './pairs.js'
import {
  type AcknowledgingClient,
  type AdvertisedClient,
  type ConsistentClient,
  type IncludingClient,
  type MaskedClient,
  type MaskedHybrid,
  SERVER_STATES,
  type ServerAdvertising,
  type ServerFinished,
  type ServerMasking,
  type ServerState,
  type SharingClient,
} from './states.js'
import type { WrongShare } from './wrong-shares.js'

/**
 * Encodes a state of the server. Store the bytes before any message that is made from the state is sent.
 *
 * The bytes contain the hash of the configuration, but neither the configuration nor the running sum. The last state,
 * `server-unmasked`, contains secrets of clients: guard it like a private key.
 *
 * @param state - Any state of the server.
 * @returns Bytes for {@link decodeState}.
 * @throws {SecAggError} `out-of-order` if this is not a state of the server.
 * @example
 * ```ts
 * // Continues the example of server.closeShareKeys.
 * const bytes = server.encodeState(masking.state)
 * console.log(bytes[0]) // 2
 * ```
 * @public
 */
export function encodeState(state: ServerState): Bytes {
  requireState(state, ...SERVER_STATES)
  return encodeStateBy(codersOf(state.config), state)
}

/**
 * Decodes a state that {@link encodeState} has encoded.
 *
 * @param bytes - The stored bytes.
 * @param config - The configuration of the same round.
 * @returns An equal state, which shares no memory with `bytes`.
 * @throws {SecAggError} With fault `usage`: `malformed-state` if the bytes are not a server's state, or are truncated or
 *   changed; `unsupported-version`; `configuration-mismatch` if the state belongs to another round.
 * @example
 * ```ts
 * // Continues the example of server.encodeState.
 * const resumed = server.decodeState(bytes, config)
 * console.log(resumed.state) // 'server-masking'
 * ```
 * @public
 */
export function decodeState(bytes: Uint8Array, config: RoundConfig): ServerState {
  requireConfig(config)
  return decodeStateBy(codersOf(config), config, bytes, fits)
}

/** Whether the parts of the state belong together, so that the server can continue from it. */
function fits(state: ServerState): boolean {
  if (state.state === 'server-advertising') return true
  const clients = seatsOf(state.clients)
  if (!fitsGraph(state, clients) || !fitsCrossing(state)) return false
  switch (state.state) {
    case 'server-sharing':
      return true
    case 'server-masking':
      return fitsPeers(state)
    case 'server-checking':
      return signsSurvivors(state.config) && isSubset(state.survivors, clients)
    case 'server-acknowledging': {
      const { survivors, including } = state
      return isChosen(state.graph) && isSubset(survivors, clients) && isSubset(survivors, seatsOf(including))
    }
    case 'server-unmasking': {
      const { config, survivors, consistent, acknowledging = [] } = state
      return (
        (consistent !== undefined) === signsSurvivors(config) &&
        isSubset(survivors, clients) &&
        isSubset(seatsOf([...(consistent ?? []), ...acknowledging]), survivors)
      )
    }
    case 'server-unmasked': {
      const { survivors, selfMasks, maskKeys } = state
      return (
        isSubset([...survivors, ...seatsOf(selfMasks), ...seatsOf(maskKeys)], clients) && fitsSecrets(state)
      )
    }
  }
}

/** With hybrid key agreement: what is kept of the pairs across the border of U3 has its length. */
function fitsCrossing(state: Exclude<ServerState, ServerAdvertising>): boolean {
  if (!isHybrid(state.config) || !('survivors' in state) || state.state === 'server-unmasked') return true
  const { clients, survivors } = state
  return clients.every(({ seat, hybrid }) => {
    const expected = indexOfSeat(survivors, seat) >= 0 ? 0 : crossingLength(state, seat, survivors)
    return hybrid?.crossing.length === expected
  })
}

/** With hybrid key agreement: each client that dropped out has a second secret for each survivor that shares a mask with it. */
function fitsSecrets(state: ServerFinished): boolean {
  const { survivors, maskKeys, maskSecrets } = state
  if (maskSecrets === undefined) return true
  return (
    maskSecrets.length === maskKeys.length &&
    maskKeys.every(({ seat }) => {
      const expected = OPENED_SECRET_LENGTH * joinedTo(state, seat, survivors).length
      return memberAt(maskSecrets, seat)?.value.length === expected
    })
  )
}

/** A ring contains every client once. So does a list of choices. */
function fitsGraph(
  { graph, config }: { graph: DrawnGraph; config: RoundConfig },
  clients: readonly number[],
) {
  if (graph.kind === 'complete') return true
  if (graph.kind === 'chosen') return isSubset(clients, seatsOf(graph.choices))
  const { ring, neighbors } = graph
  return (
    ring.length > neighbors &&
    new Set(ring).size === ring.length &&
    ring.every((seat) => seat < config.clients) &&
    isSubset(clients, ring)
  )
}

/**
 * A client has sealed one pair of shares to each of its peers. On the chosen graph these are its holders in U1. On the other
 * graphs they are among its holders, and two clients that are peers have sealed shares to each other.
 */
function fitsPeers({ config, graph, clients }: ServerMasking): boolean {
  const { holders } = graphOf(graph, config.clients)
  const peersOf = new Map(clients.map(({ seat, peers }) => [seat, new Set(peers)]))
  const advertised = isChosen(graph) ? seatsOf(graph.choices) : undefined
  return clients.every(({ seat, peers, ciphertexts }) => {
    const sealed = peers.reduce((sum, peer) => sum + sealedLengthBetween(config, graph, seat, peer), 0)
    if (ciphertexts.length !== sealed) return false
    if (advertised !== undefined) {
      const expected = holders(seat).filter((holder) => indexOfSeat(advertised, holder) >= 0)
      return expected.length === peers.length && isSubset(expected, peers)
    }
    return (
      (graph.kind === 'complete' || isSubset(peers, holders(seat))) &&
      peers.every((peer) => peer !== seat && peersOf.get(peer)?.has(seat) !== false)
    )
  })
}

function seatsOf(members: readonly { readonly seat: number }[]): number[] {
  return members.map(({ seat }) => seat)
}

function codersOf(config: RoundConfig): StateCoders<ServerState> {
  const graph = drawnGraph(config)
  const signature = P.bytes(config.signatureLength)
  const choice = onChosenGraph(config, () => P.bytes(CHOICE_LENGTH))
  const kemKey = ifHybrid(config, P.bytes(KEM_KEY_LENGTH))
  const keys = P.struct<PublicKeys>({
    cipherKey: key,
    maskKey: key,
    choice,
    cipherKemKey: kemKey,
    maskKemKey: kemKey,
    signature,
  })
  const hybrid = ifHybrid(
    config,
    P.struct<MaskedHybrid>({ maskKemDigest: digest, crossing: P.bytes(P.U32LE), complaint: seats(config) }),
  )
  const clients = members<MaskedClient>(
    config,
    P.struct({ maskKey: key, commitment: digest, identity, hybrid }),
  )
  const survivors = seats(config)
  // Two bytes where they are enough, as in states that older versions have stored.
  const seat = config.clients <= 65536 ? P.U16LE : P.U32LE
  return {
    'server-advertising': P.struct({}),
    'server-sharing': P.struct({
      graph,
      clients: members<AdvertisedClient>(config, P.struct({ keys, identity })),
    }),
    'server-masking': P.struct({
      graph,
      publishedDigest: onlyIf(signsSurvivors(config), digest),
      clients: members<SharingClient>(
        config,
        P.struct({ keys, identity, commitment: digest, peers: seats(config), ciphertexts: allSealedShares }),
      ),
    }),
    'server-checking': P.struct({ graph, publishedDigest: digest, clients, survivors }),
    'server-acknowledging': P.struct({
      graph,
      clients,
      survivors,
      including: onChosenGraph(config, ({ neighbors }) =>
        members<IncludingClient>(
          config,
          P.struct({ inclusion: inclusionCoder(neighbors, config.signatureLength) }),
        ),
      ) as P.Coder<readonly IncludingClient[]>,
    }),
    'server-unmasking': P.struct({
      graph,
      clients,
      survivors,
      consistent: P.optional(members<ConsistentClient>(config, P.struct({ signature }))),
      acknowledging: onChosenGraph(config, () =>
        members<AcknowledgingClient>(
          config,
          P.struct({ acknowledgements: seated(config, P.bytes(ACKNOWLEDGEMENT_LENGTH)) }),
        ),
      ),
    }),
    'server-unmasked': P.struct({
      graph,
      clients,
      survivors,
      selfMasks: seated(config, selfMask),
      maskKeys: seated(config, key),
      maskSecrets: ifHybrid(config, seated(config, P.bytes(P.U32LE))),
      wrongShares: list(P.struct<WrongShare>({ owner: seat, holder: seat })),
      culprits: seats(config),
    }),
  }
}

/** The shape follows from the configuration; what was drawn is the ring, or the choices of the clients. */
function drawnGraph(config: RoundConfig): P.Coder<DrawnGraph> {
  const { graph, hash } = config
  if (graph.kind === 'chosen') {
    const choices = members<ChoosingClient>(config, P.struct({ choice: P.bytes(CHOICE_LENGTH) }))
    return P.converted(choices, {
      toValue: (list): DrawnGraph => ({ ...graph, hash, choices: list }),
      toStored: (drawn) => (drawn.kind === 'chosen' ? drawn.choices : []),
    })
  }
  return P.converted(list(P.U16LE), {
    toValue: (ring): DrawnGraph => (graph.kind === 'complete' ? graph : { ...graph, ring }),
    toStored: (drawn) => (drawn.kind === 'sparse' ? drawn.ring : []),
  })
}
