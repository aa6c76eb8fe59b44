import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'

/** Bytes of a session id, with which the file begins. */
const ID = 32

/** Where one client keeps its session: the round it belongs to, and what was saved last, nothing once it is over. */
export class StateFile {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** What was saved of this round, if anything. */
  read(sessionId: Uint8Array): Uint8Array | undefined {
    const saved = this.#of(sessionId)
    return saved?.length ? saved : undefined
  }

  /** Whether this round is over for the client. Without its session it must not begin the round again. */
  isOver(sessionId: Uint8Array): boolean {
    return this.#of(sessionId)?.length === 0
  }

  /** All of it or nothing, and on the disk before it returns. */
  write(sessionId: Uint8Array, saved: Uint8Array): void {
    const part = `${this.#path}.part`
    const file = openSync(part, 'w', 0o600)
    writeSync(file, Buffer.concat([sessionId, saved]))
    fsyncSync(file)
    closeSync(file)
    renameSync(part, this.#path)
  }

  /** The round is over: its secrets go. */
  finish(sessionId: Uint8Array): void {
    this.write(sessionId, new Uint8Array(0))
  }

  #of(sessionId: Uint8Array): Uint8Array | undefined {
    if (!existsSync(this.#path)) return undefined
    const bytes = readFileSync(this.#path)
    return bytes.subarray(0, ID).equals(sessionId) ? Uint8Array.from(bytes.subarray(ID)) : undefined
  }
}
