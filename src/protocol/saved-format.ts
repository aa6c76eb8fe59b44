import { sha256 } from '@noble/hashes/sha2.js'
import * as P from '../codec/codec.js'
import { type Bytes, codeUnits, concatBytes, equalBytes, fromCodeUnits, isBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import { type ChosenShape, isChosen } from '../graph/index.js'
import { encodeOwn, SEALED_SHARES_LENGTH, type Seated, seatList } from '../wire/index.js'
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
export function encodeSaved<T>(kind: SavedKind, { hash }: RoundConfig, body: P.Coder<T>, value: T): Bytes {
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
  coders: { readonly [kind in K]: P.Coder<T> },
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
  readonly [K in S['state']]: P.Coder<Omit<Extract<S, { state: K }>, keyof State>>
}

export function encodeStateBy<S extends State>(coders: StateCoders<S>, state: S): Bytes {
  const kind: S['state'] = state.state
  return encodeSaved(kind, state.config, coders[kind] as unknown as P.Coder<S>, state)
}

/** `fits` tells whether the parts of a state belong together. In a forged or mixed-up state they may not. */
export function decodeStateBy<S extends State>(
  coders: StateCoders<S>,
  config: RoundConfig,
  bytes: Uint8Array,
  fits: (state: S) => boolean,
): S {
  const untyped = coders as unknown as { readonly [K in S['state']]: P.Coder<object> }
  const { kind, value } = decodeSaved(config, untyped, bytes)
  const state = { state: kind, config, ...value } as S
  if (!fits(state)) throw malformed('the parts of the saved state do not belong together')
  return state
}

function malformed(message: string): Error {
  return usageError('malformed-state', message)
}

/** A list of records with a seat each, ascending by seat. */
export function members<M extends { readonly seat: number }>(
  { clients }: RoundConfig,
  entry: P.Coder<Omit<M, 'seat'>>,
): P.Coder<readonly M[]> {
  return P.converted(seatList(clients, entry), {
    toValue: (list): readonly M[] =>
      below(clients, list).map(({ seat, value }) => ({ seat, ...value }) as unknown as M),
    toStored: (list) => list.map((member) => ({ seat: member.seat, value: member })),
  })
}

/** Checks that all seats are below `clients`. The entries are ascending, so checking the last one is enough. */
function below<T>(clients: number, entries: readonly Seated<T>[]): readonly Seated<T>[] {
  if ((entries.at(-1)?.seat ?? 0) < clients) return entries
  throw new RangeError('the saved state has a seat that does not exist in the round')
}

const nothing: P.Coder<null> = P.coder({ encodeTo: () => {}, decodeFrom: () => null })

const absent: P.Coder<undefined> = P.converted(nothing, { toValue: () => undefined, toStored: () => null })

/** A field that a state has only in some rounds. */
export function onlyIf<T>(condition: boolean, field: P.Coder<T>): P.Coder<T | undefined> {
  return (condition ? field : absent) as P.Coder<T | undefined>
}

/** A field that a state has with hybrid key agreement only. */
export function ifHybrid<T>(config: RoundConfig, field: P.Coder<T>): P.Coder<T | undefined> {
  return onlyIf(isHybrid(config), field)
}

/** A field that a state has on the chosen graph only. */
export function onChosenGraph<T>(
  { graph }: RoundConfig,
  fieldFor: (graph: ChosenShape) => P.Coder<T>,
): P.Coder<T | undefined> {
  return (isChosen(graph) ? fieldFor(graph) : absent) as P.Coder<T | undefined>
}

/** A list of seats, ascending. */
export function seats({ clients }: RoundConfig): P.Coder<readonly number[]> {
  return P.converted(seatList(clients, nothing), {
    toValue: (list): readonly number[] => below(clients, list).map(({ seat }) => seat),
    toStored: (list) => list.map((seat) => ({ seat, value: null })),
  })
}

/** Whether `all` contains all of `some`. */
export function isSubset(some: readonly number[], all: readonly number[]): boolean {
  const known = new Set(all)
  return some.every((seat) => known.has(seat))
}

/** A list of entries in any order. */
export function list<T>(entry: P.Coder<T>): P.Coder<readonly T[]> {
  return P.array(P.U32LE, entry)
}

/** A list of values with a seat each, ascending by seat. */
export function seated(
  config: RoundConfig,
  value: P.Coder<Uint8Array>,
): P.Coder<readonly Seated<Uint8Array>[]> {
  return members<Seated<Uint8Array>>(config, P.struct({ value }))
}

/** Any string, such as the name of an identity, which the caller chooses. */
export const text: P.Coder<string> = P.converted(P.bytes(P.U32LE), {
  toValue: fromCodeUnits,
  toStored: codeUnits,
})

export const identity: P.Coder<string | undefined> = P.optional(text)

export const key: P.Coder<Uint8Array> = P.bytes(32)
export const selfMask: P.Coder<Uint8Array> = P.bytes(16)
export const digest: P.Coder<Uint8Array> = P.bytes(32)
/** What one client has sealed to another; on the chosen graph it may be nothing. */
export function sealedShares({ graph }: RoundConfig): P.Coder<Uint8Array> {
  return P.bytes(isChosen(graph) ? P.U8 : SEALED_SHARES_LENGTH)
}
/** The ciphertexts for all peers of a sender, one after the other. */
export const allSealedShares: P.Coder<Uint8Array> = P.bytes(P.U32LE)
