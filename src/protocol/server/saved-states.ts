import * as P from 'micro-packed'
import type { Bytes } from '../../crypto/bytes.js'
import type { DrawnGraph } from '../../graph/index.js'
import { byteString, type PublicKeys, SEALED_SHARES_LENGTH } from '../../wire/index.js'
import { requireConfig, requireState } from '../checks.js'
import type { RoundConfig } from '../config.js'
import {
  allSealedShares,
  decodeStateBy,
  digest,
  encodeStateBy,
  identity,
  inActiveModel,
  isSubset,
  key,
  list,
  members,
  record,
  type StateCoders,
  seated,
  seats,
  selfMask,
} from '../saved-format.js'
import {
  type AdvertisedClient,
  type ConsistentClient,
  type MaskedClient,
  SERVER_STATES,
  type ServerState,
  type SharingClient,
} from './states.js'
import type { WrongShare } from './wrong-shares.js'

/**
 * The byte form of a server's state, to be stored before any message made from it is sent. The one after the last round
 * holds secrets of clients. The running sum is not part of it, nor the configuration but for its hash.
 * @public
 */
export function encodeState(state: ServerState): Bytes {
  requireState(state, ...SERVER_STATES)
  return encodeStateBy(codersOf(state.config), state)
}

/**
 * The state that {@link encodeState} made these bytes of, in the round of `config`.
 *
 * @throws {SecAggError} fault `usage`: `malformed-state` where the bytes are no server's state, or cut or changed;
 *   `unsupported-version`; `configuration-mismatch` where it is of another round.
 * @public
 */
export function decodeState(bytes: Uint8Array, config: RoundConfig): ServerState {
  requireConfig(config)
  return decodeStateBy(codersOf(config), config, bytes, fits)
}

/** Whether the server can go on from it. */
function fits(state: ServerState): boolean {
  if (state.state === 'server-advertising') return true
  const clients = seatsOf(state.clients)
  if (!fitsRing(state, clients)) return false
  switch (state.state) {
    case 'server-sharing':
      return true
    case 'server-masking':
      return fitsPeers(state.clients)
    case 'server-checking':
      return isSubset(state.survivors, clients)
    case 'server-unmasking': {
      const { survivors, consistent = [] } = state
      return isSubset(survivors, clients) && isSubset(seatsOf(consistent), survivors)
    }
    case 'server-unmasked':
      return isSubset([...seatsOf(state.selfMasks), ...seatsOf(state.maskKeys)], clients)
  }
}

/** A ring has every client once. */
function fitsRing({ graph, config }: { graph: DrawnGraph; config: RoundConfig }, clients: readonly number[]) {
  if (graph.kind === 'complete') return true
  const { ring, neighbors } = graph
  return (
    ring.length > neighbors &&
    new Set(ring).size === ring.length &&
    ring.every((seat) => seat < config.clients) &&
    isSubset(clients, ring)
  )
}

/** Two clients that are peers have sealed shares to each other. */
function fitsPeers(clients: readonly SharingClient[]): boolean {
  const peersOf = new Map(clients.map(({ seat, peers }) => [seat, new Set(peers)]))
  return clients.every(
    ({ seat, peers, ciphertexts }) =>
      ciphertexts.length === peers.length * SEALED_SHARES_LENGTH &&
      peers.every((peer) => peer !== seat && peersOf.get(peer)?.has(seat) !== false),
  )
}

function seatsOf(members: readonly { readonly seat: number }[]): number[] {
  return members.map(({ seat }) => seat)
}

function codersOf(config: RoundConfig): StateCoders<ServerState> {
  const graph = drawnGraph(config)
  const signature = byteString(config.signatureLength)
  const keys = record<PublicKeys>({ cipherKey: key, maskKey: key, signature })
  const clients = members<MaskedClient>(config, record({ maskKey: key, commitment: digest, identity }))
  const survivors = seats(config)
  return {
    'server-advertising': record({}),
    'server-sharing': record({
      graph,
      clients: members<AdvertisedClient>(config, record({ keys, identity })),
    }),
    'server-masking': record({
      graph,
      publishedDigest: inActiveModel(config, digest),
      clients: members<SharingClient>(
        config,
        record({ keys, identity, commitment: digest, peers: seats(config), ciphertexts: allSealedShares }),
      ),
    }),
    'server-checking': record({ graph, publishedDigest: digest, clients, survivors }),
    'server-unmasking': record({
      graph,
      clients,
      survivors,
      consistent: P.optional(P.bool, members<ConsistentClient>(config, record({ signature }))),
    }),
    'server-unmasked': record({
      graph,
      clients,
      survivors,
      selfMasks: seated(config, selfMask),
      maskKeys: seated(config, key),
      wrongShares: list(record<WrongShare>({ owner: P.U16LE, holder: P.U16LE })),
      culprits: seats(config),
    }),
  }
}

/** The shape follows from the configuration; what was drawn is the ring. */
function drawnGraph({ graph }: RoundConfig): P.CoderType<DrawnGraph> {
  return P.apply(list(P.U16LE), {
    encode: (ring): DrawnGraph => (graph.kind === 'complete' ? graph : { ...graph, ring }),
    decode: (drawn) => (drawn.kind === 'complete' ? [] : drawn.ring),
  })
}
