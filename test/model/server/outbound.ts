import { uint } from '../bytes.js'
import type { Configuration } from '../configuration.js'
import type { Graph } from '../graph.js'
import { message, seatSet, TYPE } from '../messages.js'
import { everybody } from '../parties.js'
import type { Member } from './reconstruct.js'

// What the server sends.

export function messagesTo(
  receivers: readonly number[],
  messageFor: (receiver: number) => Uint8Array,
): ReadonlyMap<number, Uint8Array> {
  return new Map(receivers.map((receiver) => [receiver, messageFor(receiver)]))
}

export function publishedKeys(
  { clients, neighbors }: Configuration,
  graph: Graph,
  u1: ReadonlyMap<number, Member>,
  receiver: number,
): Uint8Array {
  const told = graph.around(receiver, [...u1.keys()])
  const keysOf = (seat: number): Uint8Array[] => {
    const { cipherKey, maskKey, signature } = u1.get(seat)!.keys
    return [cipherKey, maskKey, signature]
  }
  if (neighbors === 0) {
    return message(TYPE.publishedKeys, seatSet(everybody(clients), told), ...told.flatMap(keysOf))
  }
  const list = told.flatMap((seat) => [uint(4, seat), ...keysOf(seat)])
  return message(TYPE.publishedKeys, uint(2, told.length), ...list)
}

export function forwardedShares(
  graph: Graph,
  u1: ReadonlyMap<number, Member>,
  u2: ReadonlyMap<number, Member>,
  receiver: number,
): Uint8Array {
  const peers = graph.peers(receiver, [...u1.keys()])
  const senders = peers.filter((peer) => u2.has(peer))
  const ciphertexts = senders.map((sender) => u2.get(sender)!.ciphertexts!.get(receiver)!)
  return message(TYPE.forwardedShares, seatSet(peers, senders), ...ciphertexts)
}

export function announcedSurvivors(
  { clients, neighbors }: Configuration,
  graph: Graph,
  u2: readonly number[],
  survivors: readonly number[],
  receiver: number,
): Uint8Array {
  const universe = neighbors === 0 ? everybody(clients) : graph.around(receiver, u2)
  return message(TYPE.survivors, seatSet(universe, graph.around(receiver, survivors)))
}
