import * as P from 'micro-packed'
import type { DrawnGraph } from '../../graph/index.js'
import type { PublicKeys } from '../../wire/index.js'
import type { RoundConfig } from '../config.js'
import { decodeStateBy, encodeStateBy, type StateCoders } from '../saved.js'
import {
  allSealedShares,
  digest,
  identity,
  key,
  list,
  members,
  record,
  seated,
  seats,
  selfMask,
} from '../saved-fields.js'
import type {
  AdvertisedClient,
  ConsistentClient,
  MaskedClient,
  ServerState,
  SharingClient,
} from './states.js'
import type { WrongShare } from './wrong-shares.js'

/**
 * The byte form of a server's state, to be stored before any message made from it is sent. The one after the last round
 * holds secrets of clients. The running sum is not part of it, nor the configuration but for its hash.
 */
export function encodeState(state: ServerState): Uint8Array {
  return encodeStateBy(codersOf(state.config), state)
}

/**
 * The state that {@link encodeState} made these bytes of, in the round of `config`.
 *
 * @throws {SecAggError} fault `usage`: `malformed-state` where the bytes are no server's state, or cut or changed;
 *   `unsupported-version`; `configuration-mismatch` where it is of another round.
 */
export function decodeState(bytes: Uint8Array, config: RoundConfig): ServerState {
  return decodeStateBy(codersOf(config), config, bytes)
}

function codersOf(config: RoundConfig): StateCoders<ServerState> {
  const graph = drawnGraph(config)
  const signature = P.bytes(config.signatureLength)
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
      clients: members<SharingClient>(
        config,
        record({ keys, identity, commitment: digest, peers: seats(config), ciphertexts: allSealedShares }),
      ),
    }),
    'server-checking': record({ graph, clients, survivors }),
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
