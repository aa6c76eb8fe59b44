import { sha256 } from '@noble/hashes/sha2.js'
import type { CoderType } from 'micro-packed'
import { type Bytes, concatBytes, equalBytes, isBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import { encodeOwn } from '../wire/index.js'
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
