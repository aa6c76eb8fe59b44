import { sha256 } from '@noble/hashes/sha2.js'
import type { CoderType } from 'micro-packed'
import * as P from 'micro-packed'
import { type Bytes, codeUnits, concatBytes, equalBytes, fromCodeUnits, isBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import { type ChosenShape, isChosen } from '../graph/index.js'
import { byteString, encodeOwn, SEALED_SHARES_LENGTH, type Seated, seatList } from '../wire/index.js'
import type { RoundConfig } from './config.js'
import { isHybrid } from './keys.js'

/** The first byte of everything that is saved. */
const SAVED_VERSION = 2

/** The second byte tells what it is. */
const KINDS = {
  'client-advertised': 1,
  'client-shared': 2,
  'client-masked': 3,
  'client-checked': 4,
  'client-unmasked': 5,
  'client-acknowledging': 6,
  'client-complained': 7,
  'server-advertising': 16,
  'server-sharing': 17,
  'server-masking': 18,
  'server-checking': 19,
  'server-unmasking': 20,
  'server-unmasked': 21,
  'server-acknowledging': 22,
  'client-session': 32,
  'server-session': 33,
} as const

type SavedKind = keyof typeof KINDS

const HASH_LENGTH = 32
/** Version, kind, configuration hash. */
const HEADER_LENGTH = 2 + HASH_LENGTH

/**
 * Encodes something that outlives its process: version, kind, the hash of its configuration, the body, and SHA-256 of all
 * these. The SHA-256 detects truncation and damage. It does not authenticate: everyone with write access to the store can
 * forge a state.
 */
export function encodeSaved<T>(kind: SavedKind, { hash }: RoundConfig, body: CoderType<T>, value: T): Bytes {
  const content = concatBytes(Uint8Array.of(SAVED_VERSION, KINDS[kind]), hash, encodeOwn(body, value))
  return concatBytes(content, sha256(content))
}

/**
 * Decodes what {@link encodeSaved} has encoded, if `coders` has a coder for its kind. The result shares no memory with
 * `bytes`.
 *
 * @throws {SecAggError} With fault `usage`: `malformed-state` if bytes are missing, added or changed, or the kind is another
 *   one; `unsupported-version`; `configuration-mismatch` if it belongs to another round.
 */
export function decodeSaved<K extends SavedKind, T>(
  { hash }: RoundConfig,
  coders: { readonly [kind in K]: CoderType<T> },
  bytes: Uint8Array,
): { readonly kind: K; readonly value: T } {
  if (!isBytes(bytes)) throw usageError('invalid-argument', 'a saved state must be a Uint8Array')
  if (bytes.length > 0 && bytes[0] !== SAVED_VERSION) {
    const details = { expected: SAVED_VERSION, got: bytes[0] }
    throw usageError(
      'unsupported-version',
      'the saved bytes come from another version of the library',
      details,
    )
  }
  const end = bytes.length - HASH_LENGTH
  if (end < HEADER_LENGTH) throw malformed('the saved bytes are truncated')
  // Not `slice`: on a Node Buffer it shares memory.
  const content = new Uint8Array(bytes.subarray(0, end))
  if (!equalBytes(sha256(content), bytes.subarray(end)))
    throw malformed('the saved bytes are truncated or changed')
  const kind = (Object.keys(coders) as K[]).find((name) => KINDS[name] === content[1])
  if (kind === undefined) throw malformed(`the saved bytes are not a ${Object.keys(coders).join(' or ')}`)
  if (!equalBytes(content.subarray(2, HEADER_LENGTH), hash)) {
    throw usageError('configuration-mismatch', 'the saved bytes belong to a round with another configuration')
  }
  try {
    return { kind, value: coders[kind].decode(content.subarray(HEADER_LENGTH)) }
  } catch {
    // No cause: the error of the coder quotes the bytes, which are secret.
    throw malformed('the saved bytes do not match their kind')
  }
}

/** A state of either party. Its name tells which one it is. */
interface State {
  readonly state: SavedKind
  readonly config: RoundConfig
}

/** A coder for each state of a party, without its name and the configuration. */
export type StateCoders<S extends State> = {
  readonly [K in S['state']]: CoderType<Omit<Extract<S, { state: K }>, keyof State>>
}

export function encodeStateBy<S extends State>(coders: StateCoders<S>, state: S): Bytes {
  const kind: S['state'] = state.state
  return encodeSaved(kind, state.config, coders[kind] as unknown as CoderType<S>, state)
}

/** `fits` tells whether the parts of a state belong together. In a forged or mixed-up state they may not. */
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

/** `P.struct` for records whose fields are always present but may be `undefined`. */
export function record<T>(fields: { readonly [K in keyof T]: P.CoderType<T[K]> }): P.CoderType<T> {
  return P.struct(fields) as unknown as P.CoderType<T>
}

/** A list of records with a seat each, ascending by seat. */
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

/** Checks that all seats are below `clients`. The entries are ascending, so checking the last one is enough. */
function below<T>(clients: number, entries: readonly Seated<T>[]): readonly Seated<T>[] {
  if ((entries.at(-1)?.seat ?? 0) < clients) return entries
  throw new RangeError('the saved state has a seat that does not exist in the round')
}

const nothing: P.CoderType<null> = P.wrap({ encodeStream: () => {}, decodeStream: () => null, size: 0 })

const absent: P.CoderType<undefined> = P.apply(nothing, { encode: () => undefined, decode: () => null })

/** A field that a state has only in some rounds. */
export function onlyIf<T>(condition: boolean, field: P.CoderType<T>): P.CoderType<T | undefined> {
  return (condition ? field : absent) as P.CoderType<T | undefined>
}

/** A field that a state has with hybrid key agreement only. */
export function ifHybrid<T>(config: RoundConfig, field: P.CoderType<T>): P.CoderType<T | undefined> {
  return onlyIf(isHybrid(config), field)
}

/** A field that a state has on the chosen graph only. */
export function onChosenGraph<T>(
  { graph }: RoundConfig,
  fieldFor: (graph: ChosenShape) => P.CoderType<T>,
): P.CoderType<T | undefined> {
  return (isChosen(graph) ? fieldFor(graph) : absent) as P.CoderType<T | undefined>
}

/** A list of seats, ascending. */
export function seats({ clients }: RoundConfig): P.CoderType<readonly number[]> {
  return P.apply(seatList(clients, nothing), {
    encode: (list): readonly number[] => below(clients, list).map(({ seat }) => seat),
    decode: (list) => list.map((seat) => ({ seat, value: null })),
  })
}

/** Whether `all` contains all of `some`. */
export function isSubset(some: readonly number[], all: readonly number[]): boolean {
  const known = new Set(all)
  return some.every((seat) => known.has(seat))
}

/** A list of entries in any order. */
export function list<T>(entry: P.CoderType<T>): P.CoderType<readonly T[]> {
  return P.array(P.U32LE, entry) as unknown as P.CoderType<readonly T[]>
}

/** A list of values with a seat each, ascending by seat. */
export function seated(
  config: RoundConfig,
  value: P.CoderType<Uint8Array>,
): P.CoderType<readonly Seated<Uint8Array>[]> {
  return members<Seated<Uint8Array>>(config, record({ value }))
}

/** Any string, such as the name of an identity, which the caller chooses. */
export const text: P.CoderType<string> = P.apply(P.bytes(P.U32LE), {
  encode: fromCodeUnits,
  decode: codeUnits,
})

export const identity: P.CoderType<string | undefined> = P.optional(P.bool, text)

export const key: P.CoderType<Uint8Array> = byteString(32)
export const selfMask: P.CoderType<Uint8Array> = byteString(16)
export const digest: P.CoderType<Uint8Array> = byteString(32)
/** What one client has sealed to another; on the chosen graph it may be nothing. */
export function sealedShares({ graph }: RoundConfig): P.CoderType<Uint8Array> {
  return byteString(isChosen(graph) ? P.U8 : SEALED_SHARES_LENGTH)
}
/** The ciphertexts for all peers of a sender, one after the other. */
export const allSealedShares: P.CoderType<Uint8Array> = byteString(P.U32LE)
