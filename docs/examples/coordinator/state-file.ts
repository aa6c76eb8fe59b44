import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'

/** Bytes of a session id, with which the file begins. */
const ID = 32

/** Where one client keeps its session: the round it belongs to, and what was saved last. */
export class StateFile {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** What was saved of this round, if anything. */
  read(sessionId: Uint8Array): Uint8Array | undefined {
    if (!existsSync(this.#path)) return undefined
    const bytes = readFileSync(this.#path)
    return bytes.subarray(0, ID).equals(sessionId) ? Uint8Array.from(bytes.subarray(ID)) : undefined
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
  remove(): void {
    rmSync(this.#path, { force: true })
  }
}
