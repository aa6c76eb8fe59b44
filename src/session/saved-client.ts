import * as P from 'micro-packed'
import { type Bytes, wipe } from '../crypto/bytes.js'
import { client, type RoundConfig } from '../protocol/index.js'
import { decodeSaved, encodeSaved } from '../protocol/saved.js'
import { digest, record } from '../protocol/saved-fields.js'

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
