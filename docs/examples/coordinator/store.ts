import { realpathSync } from 'node:fs'
import { ClassicLevel } from 'classic-level'
import { makeFolder } from './durable-file.js'
import { fromHex, toHex } from './hex.js'
import type { RoundId } from './task.js'

/** How a round ended. */
export type Result =
  | { readonly round: number; readonly survivors: readonly number[]; readonly sum: readonly number[] }
  | { readonly round: number; readonly failed: string }

/** The open round, and the saved session of the server, if there is one. */
export interface OpenRound extends RoundId {
  readonly saved: Uint8Array | undefined
}

/**
 * The folders whose databases are open in this process. LevelDB locks the folder by a lock that belongs to the whole process.
 * A second open in the same process is refused, but it drops this lock, and then another process could open the database too.
 */
const openFolders = new Set<string>()

/**
 * An embedded database with everything that must survive the end of the process. Data that belongs together is written in
 * one batch, which is on the disk when the promise resolves.
 */
export class Store {
  readonly #database: ClassicLevel<string, Buffer>
  readonly #folder: string

  private constructor(database: ClassicLevel<string, Buffer>, folder: string) {
    this.#database = database
    this.#folder = folder
  }

  /** Opens the database in `folder`. Throws if it is open already, in this process or in another one. */
  static async open(folder: string): Promise<Store> {
    makeFolder(folder)
    const path = realpathSync(folder)
    if (openFolders.has(path)) throw new Error(`the database in ${folder} is already open in this process`)
    openFolders.add(path)
    try {
      const database = new ClassicLevel<string, Buffer>(path, { valueEncoding: 'buffer' })
      await database.open()
      return new Store(database, path)
    } catch (error) {
      openFolders.delete(path)
      throw error
    }
  }

  /** The open round, or `undefined` if no round is open. */
  async openRound(): Promise<OpenRound | undefined> {
    const [name, saved] = await this.#database.getMany(['round', 'session'])
    if (name === undefined) return undefined
    const { round, sessionId } = JSON.parse(String(name)) as { round: number; sessionId: string }
    return { round, sessionId: fromHex(sessionId, 32), saved: saved && Uint8Array.from(saved) }
  }

  /** Saves the session of the open round together with the inputs to its configuration. */
  async save({ round, sessionId }: RoundId, session?: Uint8Array): Promise<void> {
    const name = Buffer.from(JSON.stringify({ round, sessionId: toHex(sessionId) }))
    const batch = this.#database.batch().put('round', name)
    if (session !== undefined) batch.put('session', Buffer.from(session))
    await batch.write({ sync: true })
  }

  /** Stores the result of the round. In the same batch, deletes its session, which contains secrets of clients. */
  async finish(result: Result): Promise<void> {
    const batch = this.#database.batch().put(keyOf(result.round), Buffer.from(JSON.stringify(result)))
    await batch.del('round').del('session').write({ sync: true })
  }

  async result(round: number): Promise<Result | undefined> {
    const bytes = await this.#database.get(keyOf(round))
    return bytes && (JSON.parse(String(bytes)) as Result)
  }

  /** The number of the last round that is over, or 0. */
  async lastRound(): Promise<number> {
    const [last] = await this.#database.keys({ gt: 'result ', lt: 'result~', reverse: true, limit: 1 }).all()
    return last === undefined ? 0 : Number(last.slice('result '.length))
  }

  async close(): Promise<void> {
    await this.#database.close()
    openFolders.delete(this.#folder)
  }
}

/** The key of a result. Keys sort in the order of the rounds. */
function keyOf(round: number): string {
  return `result ${String(round).padStart(12, '0')}`
}
