import * as P from '../../codec/codec.js'
import { type Bytes, wipe, wipeAll } from '../../crypto/bytes.js'
import { SecAggError, usageError } from '../../errors.js'
import * as client from '../../protocol/client/index.js'
import type { RoundConfig } from '../../protocol/index.js'
import { decodeSaved, digest, encodeSaved } from '../../protocol/saved-format.js'

/**
 * Stores the bytes of a session in place of the bytes before, completely or not at all: for example, write a file under
 * another name, then rename it. Once the promise resolves, the bytes must survive the end of the process and a power
 * failure. The session calls it before it returns a message that depends on the stored state. If it fails, the message is
 * not returned. The bytes are secret, and the store owns them.
 * @public
 */
export type SaveSession = (bytes: Bytes) => void | Promise<void>

/**
 * Durably records the id of a session that begins. Returns `true` if the id is new, and `false` if it was recorded before.
 * Check and record in one atomic step, so that only one of two processes gets `true`. Keep every id; if the ids follow a
 * number that only rises, that number is enough. Each client needs its own record. The bytes are public, and the function
 * owns them.
 * @public
 */
export type ClaimSession = (sessionId: Bytes) => boolean | Promise<boolean>

/**
 * @throws {SecAggError} `session-id-reused`, fault `server`, if the id was recorded before; fault `usage`:
 *   `storage-failure` if the function fails, `invalid-argument` if it does not return a boolean.
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
  // A function that forgets to return a value would protect nobody.
  if (isFresh !== false) {
    throw usageError('invalid-argument', 'claimSession must return true for a new session id, else false', {
      expected: 'boolean',
      got: typeof isFresh,
    })
  }
  const text =
    'this session id was used before: either the server offers it again, or this client starts over without its saved session'
  throw new SecAggError('session-id-reused', 'server', text, { phase: 'advertise-keys' })
}

/** @throws {SecAggError} `storage-failure`, fault `usage`, if the host's store fails. */
export async function save(
  store: SaveSession | undefined,
  form: () => Bytes | Promise<Bytes>,
): Promise<void> {
  if (store === undefined) return
  const bytes = await form()
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

/** The saved part of a client's session. */
export interface SavedClient {
  readonly state: client.ClientState
  /** SHA-256 of the message that brought the client into this state; `undefined` before the first. */
  readonly lastInbound: Uint8Array | undefined
}

const coder = P.struct({ state: P.bytes(P.U32LE), lastInbound: P.optional(digest) })

export function encodeClientSession({ state, lastInbound }: SavedClient): Bytes {
  const encoded = client.encodeState(state)
  const form = encodeSaved('client-session', state.config, coder, { state: encoded, lastInbound })
  wipe(encoded)
  return form
}

/** @throws {SecAggError} The same errors as `client.decodeState`. */
export function decodeClientSession(bytes: Uint8Array, config: RoundConfig): SavedClient {
  const { value } = decodeSaved(config, { 'client-session': coder }, bytes)
  try {
    return { state: client.decodeState(value.state, config), lastInbound: value.lastInbound }
  } finally {
    wipe(value.state)
  }
}
