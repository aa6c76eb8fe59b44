import * as P from 'micro-packed'
import { type Bytes, wipe, wipeAll } from '../../crypto/bytes.js'
import { SecAggError, usageError } from '../../errors.js'
import { client, type RoundConfig } from '../../protocol/index.js'
import { decodeSaved, digest, encodeSaved, record } from '../../protocol/saved-format.js'

/**
 * Stores the byte form of a session in place of the one before; all of it or nothing, as by writing a file under another
 * name and renaming it. Once it resolves, the form must outlast the process and a failure of power. It is called before a
 * message is handed out that the form is needed for, which is not handed out where it fails. The bytes are the store's
 * own, and secret.
 * @public
 */
export type SaveSession = (bytes: Bytes) => void | Promise<void>

/**
 * Records durably that a session with this id begins here: `true` where the id is new, `false` where it was recorded
 * before. Look and record in one step, so that of two processes only one gets `true`. Keep every id, or a number that
 * only rises where the ids follow one. One record is for one client; the bytes are the function's own, and public.
 * @public
 */
export type ClaimSession = (sessionId: Bytes) => boolean | Promise<boolean>

/**
 * @throws {SecAggError} `session-id-reused`, fault `server`, where the id was recorded before; fault `usage`:
 *   `storage-failure` where the record fails, `invalid-argument` where it does not answer with a boolean.
 */
export async function requireFresh(options: {
  readonly config: RoundConfig
  readonly claimSession?: ClaimSession | undefined
}): Promise<void> {
  const { config, claimSession } = options
  if (claimSession === undefined) return
  let isFresh: unknown
  try {
    isFresh = await claimSession(new Uint8Array(config.sessionId))
  } catch (cause) {
    throw new SecAggError('storage-failure', 'usage', 'the session id could not be recorded', { cause })
  }
  if (isFresh === true) return
  // A function that forgets to return would otherwise protect nobody.
  if (isFresh !== false) {
    throw usageError('invalid-argument', 'claimSession must return true for a new session id, else false', {
      expected: 'boolean',
      got: typeof isFresh,
    })
  }
  const text =
    'this session id was used before: the server offers it again, or this client starts over without its saved session'
  throw new SecAggError('session-id-reused', 'server', text, { phase: 'advertise-keys' })
}

/** @throws {SecAggError} `storage-failure`, fault `usage`, where the host's store fails. */
export async function save(store: SaveSession | undefined, form: () => Bytes): Promise<void> {
  if (store === undefined) return
  const bytes = form()
  try {
    await store(bytes)
  } catch (cause) {
    throw new SecAggError('storage-failure', 'usage', 'the session could not be saved', { cause })
  }
}

/** Overwrites those of `secrets` that are not among `needed`. */
export function wipeAllBut(secrets: readonly Uint8Array[], needed: readonly Uint8Array[]): void {
  const kept = new Set(needed)
  wipeAll(secrets.filter((secret) => !kept.has(secret)))
}

/** What is kept of a client's session. */
export interface SavedClient {
  readonly state: client.ClientState
  /** SHA-256 of the message that brought the client into this state; none before the first. */
  readonly lastInbound: Uint8Array | undefined
}

const coder = record({ state: P.bytes(P.U32LE), lastInbound: P.optional(P.bool, digest) })

export function encodeClientSession({ state, lastInbound }: SavedClient): Bytes {
  const encoded = client.encodeState(state)
  const form = encodeSaved('client-session', state.config, coder, { state: encoded, lastInbound })
  wipe(encoded)
  return form
}

/** @throws {SecAggError} as `client.decodeState` does. */
export function decodeClientSession(bytes: Uint8Array, config: RoundConfig): SavedClient {
  const { value } = decodeSaved(config, { 'client-session': coder }, bytes)
  try {
    return { state: client.decodeState(value.state, config), lastInbound: value.lastInbound }
  } finally {
    wipe(value.state)
  }
}
