import { wipe } from '../crypto/bytes.js'
import { SecAggError } from '../errors.js'

/**
 * Stores the byte form of a session in place of the one before; all of it or nothing, as by writing a file under another
 * name and renaming it. Once it resolves, the form must outlast the process and a failure of power. It is called before a
 * message is handed out that the form is needed for, which is not handed out where it fails. The bytes are the store's
 * own, and secret.
 */
export type SaveSession = (bytes: Uint8Array) => void | Promise<void>

/** @throws {SecAggError} `storage-failure`, fault `usage`, where the host's store fails. */
export async function save(store: SaveSession | undefined, form: () => Uint8Array): Promise<void> {
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
  wipe(...secrets.filter((secret) => !kept.has(secret)))
}
