import { KEM_CIPHERTEXT_LENGTH } from '../crypto/encapsulation.js'
import { type DrawnGraph, graphOf, indexOfSeat, isChosen } from '../graph/index.js'
import { SEALED_SHARES_LENGTH } from '../wire/index.js'
import type { ClientShared, Peer } from './client/states.js'
import type { RoundConfig } from './config.js'
import { isHybrid } from './keys.js'

// How long is what one client seals to another. Everybody who decodes a message needs these lengths, so they are here and not
// with the rest of hybrid key agreement, which is loaded only by programs that use it.

/** The bytes with which one side of a pair sends its secret: ciphertext, sealed secret with its tag, confirmation. */
export const SENT_SECRET_LENGTH: number = KEM_CIPHERTEXT_LENGTH + 48 + 32

/** What the server keeps of these bytes if the sender has dropped out: SHA-256 of the ciphertext, and the confirmation. */
export const KEPT_SECRET_LENGTH: number = 32 + 32

/** What the server keeps of each pair of a dropped client once it has opened the secrets: the secret, and a digest. */
export const OPENED_SECRET_LENGTH: number = 32 + 32

/**
 * Whether, of a pair that shares a mask, the client at `seat` sends the secret for it, and not the one at `other`. `seat` must
 * have `other` as a holder. `isMutual`: whether `other` has `seat` as a holder too. Each client sends in about half of its
 * pairs; one that many others have chosen does not send more.
 */
export function sendsSecret(seat: number, other: number, isMutual: boolean): boolean {
  return !isMutual || ((seat + other) % 2 === 1) === seat < other
}

/** The bytes of what `sender` seals to `receiver`, one of its holders: shares, and with hybrid key agreement a parcel. */
export function sealedLength(
  config: RoundConfig,
  sender: number,
  receiver: number,
  isMutual: boolean,
): number {
  if (!isHybrid(config)) return SEALED_SHARES_LENGTH
  const shares = KEM_CIPHERTEXT_LENGTH + SEALED_SHARES_LENGTH
  return sendsSecret(sender, receiver, isMutual) ? shares + SENT_SECRET_LENGTH : shares
}

/** The same for the server, which knows the graph. */
export function sealedLengthBetween(
  config: RoundConfig,
  graph: DrawnGraph,
  sender: number,
  receiver: number,
): number {
  return sealedLength(config, sender, receiver, isHolder(config, graph, sender, receiver))
}

/** Whether `seat` holds shares of the secrets of `owner`. On the other graphs than the chosen one, that is mutual. */
export function isHolder({ clients }: RoundConfig, graph: DrawnGraph, seat: number, owner: number): boolean {
  return !isChosen(graph) || indexOfSeat(graphOf(graph, clients).holders(owner), seat) >= 0
}

/** The peers that hold shares of this client's secrets. */
export function holdersAmong(peers: readonly Peer[]): readonly Peer[] {
  return peers.filter(({ choice }) => choice?.isHolder !== false)
}

/** Whether each of the two is among the holders of the other. */
export function isMutual({ choice }: Peer): boolean {
  return choice === undefined || (choice.isHolder && choice.place !== undefined)
}

/** The bytes of what this client seals to its holders. */
export function sealedByClient({
  config,
  seat,
  peers,
}: Pick<ClientShared, 'config' | 'seat' | 'peers'>): number {
  return holdersAmong(peers).reduce(
    (sum, peer) => sum + sealedLength(config, seat, peer.seat, isMutual(peer)),
    0,
  )
}

/** The bytes of what a peer seals to this client; 0 if this client is not one of its holders. */
export function sealedFromPeer({ config, seat }: ClientShared, peer: Peer): number {
  const { choice } = peer
  if (choice !== undefined && choice.place === undefined) return 0
  return sealedLength(config, peer.seat, seat, isMutual(peer))
}
