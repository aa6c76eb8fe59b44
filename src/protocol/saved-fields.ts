import * as P from 'micro-packed'
import { codeUnits, fromCodeUnits } from '../crypto/bytes.js'
import { byteString, SEALED_SHARES_LENGTH, type Seated, seatList } from '../wire/index.js'
import type { RoundConfig } from './config.js'

/** `P.struct`, for records in which a field may be undefined but is there. */
export function record<T>(fields: { readonly [K in keyof T]: P.CoderType<T[K]> }): P.CoderType<T> {
  return P.struct(fields) as unknown as P.CoderType<T>
}

/** Whoever or whatever has a seat, ascending by it. */
export function members<M extends { readonly seat: number }>(
  { clients }: RoundConfig,
  entry: P.CoderType<Omit<M, 'seat'>>,
): P.CoderType<readonly M[]> {
  return P.apply(seatList(clients, entry), {
    encode: (list): readonly M[] =>
      below(clients, list).map(({ seat, value }) => ({ seat, ...value }) as unknown as M),
    decode: (list) => list.map((member) => ({ seat: member.seat, value: member })),
  })
}

/** Of entries ascending by seat the last tells of all. */
function below<T>(clients: number, entries: readonly Seated<T>[]): readonly Seated<T>[] {
  if ((entries.at(-1)?.seat ?? 0) < clients) return entries
  throw new RangeError('a seat is none of the round')
}

const nothing: P.CoderType<null> = P.wrap({ encodeStream: () => {}, decodeStream: () => null, size: 0 })

const absent: P.CoderType<undefined> = P.apply(nothing, { encode: () => undefined, decode: () => null })

/** A field that a state has in the active model only. */
export function inActiveModel<T>(
  { adversary }: RoundConfig,
  field: P.CoderType<T>,
): P.CoderType<T | undefined> {
  return (adversary === 'active' ? field : absent) as P.CoderType<T | undefined>
}

/** Seats alone, ascending. */
export function seats({ clients }: RoundConfig): P.CoderType<readonly number[]> {
  return P.apply(seatList(clients, nothing), {
    encode: (list): readonly number[] => below(clients, list).map(({ seat }) => seat),
    decode: (list) => list.map((seat) => ({ seat, value: null })),
  })
}

/** Whether all of `some` are among `all`; both without repetitions. */
export function isSubset(some: readonly number[], all: readonly number[]): boolean {
  const known = new Set(all)
  return some.every((seat) => known.has(seat))
}

/** Entries in the order in which they are. */
export function list<T>(entry: P.CoderType<T>): P.CoderType<readonly T[]> {
  return P.array(P.U32LE, entry) as unknown as P.CoderType<readonly T[]>
}

/** Values, each of one seat. */
export function seated(
  config: RoundConfig,
  value: P.CoderType<Uint8Array>,
): P.CoderType<readonly Seated<Uint8Array>[]> {
  return members<Seated<Uint8Array>>(config, record({ value }))
}

/** Any text, such as the name of an identity, which is the caller's. */
export const text: P.CoderType<string> = P.apply(P.bytes(P.U32LE), {
  encode: fromCodeUnits,
  decode: codeUnits,
})

export const identity: P.CoderType<string | undefined> = P.optional(P.bool, text)

export const key: P.CoderType<Uint8Array> = byteString(32)
export const selfMask: P.CoderType<Uint8Array> = byteString(16)
export const digest: P.CoderType<Uint8Array> = byteString(32)
export const sealedShares: P.CoderType<Uint8Array> = byteString(SEALED_SHARES_LENGTH)
/** As many as the sender has peers. */
export const allSealedShares: P.CoderType<Uint8Array> = byteString(P.U32LE)
