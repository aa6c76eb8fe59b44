import { uint } from '../bytes.js'
import type { Configuration } from '../configuration.js'
import type { Graph } from '../graph.js'
import { parcelBytes } from '../hybrid.js'
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
  { clients, graph: kind }: Configuration,
  graph: Graph,
  u1: ReadonlyMap<number, Member>,
  receiver: number,
): Uint8Array {
  const told = graph.around(receiver, [...u1.keys()])
  const keysOf = (seat: number): Uint8Array[] => {
    const { cipherKey, maskKey, choice, cipherKemKey, maskKemKey, signature } = u1.get(seat)!.keys
    return [cipherKey, maskKey, choice, cipherKemKey, maskKemKey, signature]
  }
  if (kind === 'complete') {
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
  const neighbors = graph.neighbors(receiver, [...u1.keys()])
  const senders = neighbors.filter((each) => u2.has(each))
  const parcels = senders.flatMap((sender) => u2.get(sender)!.parcels!.get(receiver) ?? [])
  return message(TYPE.forwardedShares, seatSet(neighbors, senders), ...parcels.map(parcelBytes))
}

export function announcedSurvivors(
  { clients, graph: kind }: Configuration,
  graph: Graph,
  u2: readonly number[],
  survivors: readonly number[],
  receiver: number,
): Uint8Array {
  const universe = kind === 'complete' ? everybody(clients) : graph.around(receiver, u2)
  return message(TYPE.survivors, seatSet(universe, graph.around(receiver, survivors)))
}

export function livingOwners(
  graph: Graph,
  u2: readonly number[],
  inclusions: ReadonlyMap<number, Uint8Array>,
  survivors: readonly number[],
  receiver: number,
): Uint8Array {
  const owners = graph.owners(receiver).filter((owner) => u2.includes(owner))
  const living = owners.filter((owner) => survivors.includes(owner))
  const proofs = living.map((owner) => inclusions.get(owner)!)
  return message(TYPE.livingOwners, seatSet(owners, living), ...proofs)
}

/** What the holders of `owner` acknowledge it with; by holder, ascending. */
export function acknowledgementsOf(
  graph: Graph,
  acknowledgements: ReadonlyMap<number, ReadonlyMap<number, Uint8Array>>,
  owner: number,
): ReadonlyMap<number, Uint8Array> {
  const given = graph.holders(owner).flatMap((holder) => {
    const value = acknowledgements.get(holder)?.get(owner)
    return value === undefined ? [] : [[holder, value] as const]
  })
  return new Map(given)
}

export function collectedAcknowledgements(
  graph: Graph,
  u2: readonly number[],
  acknowledgements: ReadonlyMap<number, ReadonlyMap<number, Uint8Array>>,
  receiver: number,
): Uint8Array {
  const holders = graph.holders(receiver).filter((holder) => u2.includes(holder))
  const given = acknowledgementsOf(graph, acknowledgements, receiver)
  return message(TYPE.collectedAcknowledgements, seatSet(holders, [...given.keys()]), ...given.values())
}
