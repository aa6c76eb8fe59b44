import { sha256 } from '@noble/hashes/sha2.js'
import type { CoderType } from 'micro-packed'
import * as P from 'micro-packed'
import { type Bytes, codeUnits, concatBytes, equalBytes, fromCodeUnits, isBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import { byteString, encodeOwn, SEALED_SHARES_LENGTH, type Seated, seatList } from '../wire/index.js'
import type { RoundConfig } from './config.js'

/** The version byte with which everything saved begins. */
const SAVED_VERSION = 2

/** The second byte: what it is. */
const KINDS = {
  'client-advertised': 1,
  'client-shared': 2,
  'client-masked': 3,
  'client-checked': 4,
  'client-unmasked': 5,
  'server-advertising': 16,
  'server-sharing': 17,
  'server-masking': 18,
  'server-checking': 19,
  'server-unmasking': 20,
  'server-unmasked': 21,
  'client-session': 32,
  'server-session': 33,
} as const

type SavedKind = keyof typeof KINDS

const HASH_LENGTH = 32
/** Version, kind, configuration hash. */
const HEADER_LENGTH = 2 + HASH_LENGTH

/**
 * The byte form of something that outlives its process: version, kind, the hash of the configuration that it belongs to,
 * the body, and SHA-256 of all that. The last tells what was cut or damaged, and no more: whoever can write the store
 * can make up a state.
 */
export function encodeSaved<T>(kind: SavedKind, { hash }: RoundConfig, body: CoderType<T>, value: T): Bytes {
  const content = concatBytes(Uint8Array.of(SAVED_VERSION, KINDS[kind]), hash, encodeOwn(body, value))
  return concatBytes(content, sha256(content))
}

/**
 * The value that {@link encodeSaved} made these bytes of, and its kind, which is one of those that have a coder. It shares
 * no memory with them.
 *
 * @throws {SecAggError} fault `usage`: `malformed-state` where anything is missing, added, changed or of another kind;
 *   `unsupported-version`; `configuration-mismatch` where it belongs to another round.
 */
export function decodeSaved<K extends SavedKind, T>(
  { hash }: RoundConfig,
  coders: { readonly [kind in K]: CoderType<T> },
  bytes: Uint8Array,
): { readonly kind: K; readonly value: T } {
  if (!isBytes(bytes)) throw usageError('invalid-argument', 'a saved state must be a Uint8Array')
  if (bytes.length > 0 && bytes[0] !== SAVED_VERSION) {
    const details = { expected: SAVED_VERSION, got: bytes[0] }
    throw usageError('unsupported-version', 'this was saved by another version of the library', details)
  }
  const end = bytes.length - HASH_LENGTH
  if (end < HEADER_LENGTH) throw malformed('the saved bytes were cut off')
  // Not `slice`, which on a Node Buffer shares memory.
  const content = new Uint8Array(bytes.subarray(0, end))
  if (!equalBytes(sha256(content), bytes.subarray(end)))
    throw malformed('the saved bytes were cut off or changed')
  const kind = (Object.keys(coders) as K[]).find((name) => KINDS[name] === content[1])
  if (kind === undefined) throw malformed(`this is no ${Object.keys(coders).join(' or ')}`)
  if (!equalBytes(content.subarray(2, HEADER_LENGTH), hash)) {
    throw usageError('configuration-mismatch', 'this was saved in a round with another configuration')
  }
  try {
    return { kind, value: coders[kind].decode(content.subarray(HEADER_LENGTH)) }
  } catch {
    // Without a cause: the coder's own error quotes the bytes, which are secret.
    throw malformed('what was saved does not hold what its kind does')
  }
}

/** Something that is told apart by its name and belongs to a round. */
interface State {
  readonly state: SavedKind
  readonly config: RoundConfig
}

/** What the states of a party hold besides their names and the configuration. */
export type StateCoders<S extends State> = {
  readonly [K in S['state']]: CoderType<Omit<Extract<S, { state: K }>, keyof State>>
}

export function encodeStateBy<S extends State>(coders: StateCoders<S>, state: S): Bytes {
  const kind: S['state'] = state.state
  return encodeSaved(kind, state.config, coders[kind] as unknown as CoderType<S>, state)
}

/** `fits`: whether what a state holds belongs together, which somebody who makes up a state may have missed. */
export function decodeStateBy<S extends State>(
  coders: StateCoders<S>,
  config: RoundConfig,
  bytes: Uint8Array,
  fits: (state: S) => boolean,
): S {
  const untyped = coders as unknown as { readonly [K in S['state']]: CoderType<object> }
  const { kind, value } = decodeSaved(config, untyped, bytes)
  const state = { state: kind, config, ...value } as S
  if (!fits(state)) throw malformed('the parts of the saved state do not belong together')
  return state
}

function malformed(message: string): Error {
  return usageError('malformed-state', message)
}

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
