import { type Bytes, concatBytes } from '../crypto/bytes.js'
import { digestOf } from '../crypto/digest.js'
import { isChosen, publishableSeats } from '../graph/index.js'
import {
  encodeMessage,
  type PublicKeys,
  type PublishedKeys,
  publishedKeysCoder,
  seatSet,
} from '../wire/index.js'
import { allSeats, type RoundConfig } from './config.js'
import { isHybrid, label, seatBytes } from './keys.js'

/** All that a client advertises and signs, in this order. */
export const KEYS = ['cipherKey', 'maskKey', 'choice', 'cipherKemKey', 'maskKemKey'] as const

/** What a client signs in the phase AdvertiseKeys. */
export function keysStatement(config: RoundConfig, seat: number, keys: Omit<PublicKeys, 'signature'>): Bytes {
  const all = KEYS.map((kind) => keys[kind] ?? NOTHING)
  return concatBytes(label('sign keys'), config.hash, seatBytes(seat), ...all)
}

const NOTHING = new Uint8Array(0)

/** SHA-256 of what a client signs in the phase AdvertiseKeys. It identifies the client's keys and choice in this run. */
export function keysDigest(config: RoundConfig, seat: number, keys: Omit<PublicKeys, 'signature'>): Bytes {
  return digestOf(keysStatement(config, seat, keys))
}

/**
 * What a client signs on the chosen graph, with its masked input: that `holders` are those of its holders with which it has
 * masked, in the run in which it advertised the keys with the digest `keys`.
 */
export function inclusionStatement(
  config: RoundConfig,
  seat: number,
  keys: Uint8Array,
  holders: Uint8Array,
): Bytes {
  return concatBytes(label('sign inclusion'), config.hash, seatBytes(seat), keys, holders)
}

/** Whether clients sign U3 in phase 3, so that they need D: in the active model on the complete graph. */
export function signsSurvivors({ adversary, graph }: RoundConfig): boolean {
  return adversary === 'active' && !isChosen(graph)
}

/**
 * The types of the messages that a client receives after it has masked its input, in order: on the chosen graph who is alive
 * and who has acknowledged the client; on the other graphs U3 and, in the active model, the signatures over it.
 */
export function messagesAfterMasking(
  config: RoundConfig,
):
  | readonly ['livingOwners', 'collectedAcknowledgements']
  | readonly ['survivors', 'consistencySignatures']
  | readonly ['survivors'] {
  if (isChosen(config.graph)) return ['livingOwners', 'collectedAcknowledgements']
  return signsSurvivors(config) ? ['survivors', 'consistencySignatures'] : ['survivors']
}

/**
 * D: SHA-256 of the PublishedKeys message, which on the complete graph is the same for all clients of U1. Two runs with the
 * same configuration have different digests, because every client draws new keys for each run.
 */
export function publishedDigest(config: RoundConfig, published: PublishedKeys): Uint8Array {
  const universe = publishableSeats(config.graph, config.clients)
  const coder = publishedKeysCoder(universe, config.signatureLength, 0, isHybrid(config))
  return digestOf(encodeMessage('publishedKeys', coder, published))
}

/**
 * What a client signs in the phase ConsistencyCheck: that it was told these survivors, U3, in the run whose published keys
 * have the digest D. Without D, a signature from an earlier run with the same session id would be valid in a later one.
 */
export function survivorsStatement(
  config: RoundConfig,
  published: Uint8Array,
  seat: number,
  survivors: readonly number[],
): Bytes {
  return survivorsStatements(config, published, survivors)(seat)
}

/** The {@link survivorsStatement} of each seat. The list is encoded only once. */
export function survivorsStatements(
  config: RoundConfig,
  published: Uint8Array,
  survivors: readonly number[],
): (seat: number) => Bytes {
  const beginning = concatBytes(label('sign survivors'), config.hash, published)
  const set = seatSet(allSeats(config)).encode(survivors)
  return (seat) => concatBytes(beginning, seatBytes(seat), set)
}
