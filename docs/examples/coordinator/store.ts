import { ClassicLevel } from 'classic-level'
import { makeFolder } from './durable-file.js'
import { fromHex, toHex } from './hex.js'
import type { PhaseName } from './task.js'

/** How a round ended. */
export type Result =
  | { readonly round: number; readonly survivors: readonly number[]; readonly sum: readonly number[] }
  | { readonly round: number; readonly failed: string }

/** The round that was open, with the session of the server as far as it was saved. */
export interface OpenRound extends PhaseName {
  readonly saved: Uint8Array | undefined
}

/**
 * What has to outlive the process, in an embedded database. What belongs together is written together, and is on the
 * disk before a promise resolves.
 */
export class Store {
  readonly #database: ClassicLevel<string, Buffer>

  private constructor(database: ClassicLevel<string, Buffer>) {
    this.#database = database
  }

  static async open(folder: string): Promise<Store> {
    makeFolder(folder)
    const database = new ClassicLevel<string, Buffer>(folder, { valueEncoding: 'buffer' })
    await database.open()
    return new Store(database)
  }

  /** The round that is open, or `undefined` before the first and between two. */
  async openRound(): Promise<OpenRound | undefined> {
    const [name, saved] = await this.#database.getMany(['round', 'session'])
    if (name === undefined) return undefined
    const { round, sessionId } = JSON.parse(String(name)) as { round: number; sessionId: string }
    return { round, sessionId: fromHex(sessionId, 32), saved: saved && Uint8Array.from(saved) }
  }

  /** The session of the open round goes together with what its configuration is made of. */
  async save({ round, sessionId }: PhaseName, session?: Uint8Array): Promise<void> {
    const name = Buffer.from(JSON.stringify({ round, sessionId: toHex(sessionId) }))
    const batch = this.#database.batch().put('round', name)
    if (session !== undefined) batch.put('session', Buffer.from(session))
    await batch.write({ sync: true })
  }

  /** With its result a round is over: its session, in which there are secrets of clients, goes in the same moment. */
  async finish(result: Result): Promise<void> {
    const batch = this.#database.batch().put(keyOf(result.round), Buffer.from(JSON.stringify(result)))
    await batch.del('round').del('session').write({ sync: true })
  }

  async result(round: number): Promise<Result | undefined> {
    const bytes = await this.#database.get(keyOf(round))
    return bytes && (JSON.parse(String(bytes)) as Result)
  }

  /** The number of the last round that is over; 0 before the first. */
  async lastRound(): Promise<number> {
    const [last] = await this.#database.keys({ gt: 'result ', lt: 'result~', reverse: true, limit: 1 }).all()
    return last === undefined ? 0 : Number(last.slice('result '.length))
  }

  close(): Promise<void> {
    return this.#database.close()
  }
}

/** In the order of the numbers. */
function keyOf(round: number): string {
  return `result ${String(round).padStart(12, '0')}`
}
