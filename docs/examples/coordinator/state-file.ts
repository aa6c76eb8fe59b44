import { existsSync, readFileSync } from 'node:fs'
import { writeDurably } from './durable-file.js'
import type { RoundId } from './task.js'

/** The lengths of what precedes the saved session: the number of the round, then its session id. */
const NUMBER = 8
const ID = 32

/**
 * The file in which a client stores the last round that it has begun, and its saved session, which is empty once the round
 * is over. The number of the round only rises. A round whose number is not higher was begun before, whatever its session id
 * is.
 */
export class StateFile {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** Records that the round begins. Returns `false` if this round or a later one was begun before. */
  claim(name: RoundId): boolean {
    const last = this.#last()
    if (last !== undefined && name.round <= last.round) return false
    this.write(name, new Uint8Array(0))
    return true
  }

  /** The saved session of this round, if any. */
  read(name: RoundId): Uint8Array | undefined {
    const saved = this.#of(name)
    return saved?.length ? saved : undefined
  }

  /** Whether this round is over for the client. It no longer has the session, and must not begin the round again. */
  isOver(name: RoundId): boolean {
    return this.#of(name)?.length === 0
  }

  /** Saves the session, completely or not at all. It is on the disk when this returns. */
  write({ round, sessionId }: RoundId, saved: Uint8Array): void {
    const number = Buffer.alloc(NUMBER)
    number.writeBigUInt64LE(BigInt(round))
    writeDurably(this.#path, Buffer.concat([number, sessionId, saved]))
  }

  /** Records that the round is over, and deletes its secrets. */
  finish(name: RoundId): void {
    this.write(name, new Uint8Array(0))
  }

  #of({ round, sessionId }: RoundId): Uint8Array | undefined {
    const last = this.#last()
    return last?.round === round && last.sessionId.equals(sessionId) ? last.saved : undefined
  }

  #last(): { readonly round: number; readonly sessionId: Buffer; readonly saved: Uint8Array } | undefined {
    if (!existsSync(this.#path)) return undefined
    const bytes = readFileSync(this.#path)
    return {
      round: Number(bytes.readBigUInt64LE(0)),
      sessionId: bytes.subarray(NUMBER, NUMBER + ID),
      saved: Uint8Array.from(bytes.subarray(NUMBER + ID)),
    }
  }
}
