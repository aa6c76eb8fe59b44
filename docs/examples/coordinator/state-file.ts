import { existsSync, readFileSync } from 'node:fs'
import { writeDurably } from './durable-file.js'
import type { PhaseName } from './task.js'

/** Bytes before what was saved: the number of the round, then its session id. */
const NUMBER = 8
const ID = 32

/**
 * Where one client keeps its session: the last round that it has begun, and what was saved last, nothing once it is over.
 * That number only rises: a round that is not above it was begun before, whatever its session id is.
 */
export class StateFile {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** Records that the round begins. `false` where it, or a later one, was begun before. */
  claim(name: PhaseName): boolean {
    const last = this.#last()
    if (last !== undefined && name.round <= last.round) return false
    this.write(name, new Uint8Array(0))
    return true
  }

  /** What was saved of this round, if anything. */
  read(name: PhaseName): Uint8Array | undefined {
    const saved = this.#of(name)
    return saved?.length ? saved : undefined
  }

  /** Whether this round is over for the client. Without its session it must not begin the round again. */
  isOver(name: PhaseName): boolean {
    return this.#of(name)?.length === 0
  }

  /** All of it or nothing, and on the disk before it returns. */
  write({ round, sessionId }: PhaseName, saved: Uint8Array): void {
    const number = Buffer.alloc(NUMBER)
    number.writeBigUInt64LE(BigInt(round))
    writeDurably(this.#path, Buffer.concat([number, sessionId, saved]))
  }

  /** The round is over: its secrets go. */
  finish(name: PhaseName): void {
    this.write(name, new Uint8Array(0))
  }

  #of({ round, sessionId }: PhaseName): Uint8Array | undefined {
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
