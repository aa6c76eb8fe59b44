import * as P from '../codec/codec.js'
import { ascii, type Bytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import type { Assignment } from './assignments.js'
import { sealedCoder, seatsCoder } from './group-messages.js'

const text: P.Coder<string> = P.converted(P.bytes(P.U32LE), {
  toValue: (bytes) => String.fromCharCode(...bytes),
  toStored: (string) => ascii(string),
})

const groupsCoder = P.array(
  P.U32LE,
  P.struct({
    group: P.U32LE,
    seats: seatsCoder,
    epoch: P.U32LE,
    process: P.optional(P.struct({ id: text, address: text })),
    sealed: P.optional(sealedCoder),
  }),
)

/** The groups of a round and what is sealed of them. Vectors are not part of it. */
export function encodeGroups(groups: readonly Assignment[]): Bytes {
  const saved = groups.map(({ group, seats, epoch, process, sealed }) => ({
    group,
    seats,
    epoch,
    process: process && { id: process.id, address: process.address },
    sealed: sealed && { members: sealed.members, digest: sealed.digest, checks: sealed.checks },
  }))
  return groupsCoder.encode(saved)
}

/** @throws {SecAggError} `malformed-state` if these are not groups of `seats`. */
export function decodeGroups(bytes: Uint8Array, seats: readonly number[]): readonly Assignment[] {
  let groups: Assignment[]
  try {
    groups = groupsCoder.decode(bytes).map(({ group, seats: own, epoch, process, sealed }) => {
      return { group, seats: own, epoch, process, sealed, arrived: new Set<number>(), failures: 0 }
    })
  } catch {
    throw usageError('malformed-state', 'the checkpoint is not one of groups of seats')
  }
  const all = groups.flatMap((group) => group.seats)
  const isCut = all.length === seats.length && all.every((seat, index) => seat === seats[index])
  const isNumbered = groups.every(({ group }, index) => group === index)
  const areTheirs = groups.every(({ seats: own, sealed }) => {
    const possible = new Set(own)
    return (sealed?.members ?? []).every((seat) => possible.delete(seat))
  })
  if (isCut && isNumbered && areTheirs) return groups
  throw usageError('malformed-state', 'the groups of the checkpoint are not those of this round')
}
