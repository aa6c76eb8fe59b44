import type { MaskExecutor, ServerSession, SliceStore } from 'secagg'
import { executeMaskPlan } from '../../src/vector/index.js'
import { type Random, randomOf } from '../support/seeded.js'

/** What can go wrong, one bit each. */
export const TROUBLES = {
  put: 1,
  get: 2,
  damage: 4,
  lose: 8,
  discard: 16,
  save: 32,
  execute: 64,
} as const

type Trouble = keyof typeof TROUBLES

/** What a server's processes have on disk, one after the other: slices, and the session. It fails at random moments. */
export class FlakyDisk {
  readonly slices: Map<string, Uint8Array> = new Map()
  /** The session, where it was saved. */
  form: Uint8Array | undefined
  /** The round and the seats that were waited for when the form was stored. */
  stored: { readonly round: string | undefined; readonly waitingFor: readonly number[] } | undefined
  /** How many things went wrong. */
  failures = 0
  #random: Random = randomOf(0)
  #troubles = 0
  #percent = 0

  constructor(form?: Uint8Array) {
    this.form = form
  }

  /** From now on so many of a hundred operations fail, of the kinds in `troubles`. */
  weather(seed: number, troubles: number, percent: number): void {
    this.#random = randomOf(seed)
    this.#troubles = troubles
    this.#percent = percent
  }

  fails(trouble: Trouble): boolean {
    if ((this.#troubles & TROUBLES[trouble]) === 0 || this.#random.below(100) >= this.#percent) return false
    this.failures++
    return true
  }

  /** One of `count` things that may as well happen. */
  chance(count: number): number {
    return this.#random.below(count)
  }
}

/** The disk as one process sees it: nothing of what it has begun happens once the process is killed. */
export class DiskOfProcess {
  readonly #disk: FlakyDisk
  #killed = false
  /** Whose disk it is; for notes of what was stored. */
  server: ServerSession | undefined

  constructor(disk: FlakyDisk) {
    this.#disk = disk
  }

  kill(): void {
    this.#killed = true
  }

  readonly store: SliceStore = {
    put: (seat, slice, bytes) =>
      this.#atSomeTime(() => {
        const fails = this.#disk.fails('put')
        if (!fails || this.#disk.chance(2) === 0) this.#disk.slices.set(`${seat} ${slice}`, bytes)
        if (fails) throw new Error('the disk is full')
      }),
    get: (seat, slice) =>
      this.#atSomeTime(() => {
        const { slices } = this.#disk
        if (this.#disk.fails('get')) throw new Error('the disk is gone')
        if (this.#disk.fails('lose')) slices.delete(`${seat} ${slice}`)
        const bytes = slices.get(`${seat} ${slice}`)
        // As a store in plain JavaScript would.
        if (bytes === undefined) return undefined as unknown as Uint8Array
        return this.#disk.fails('damage') ? bytes.map((byte) => byte ^ 1) : bytes
      }),
    discard: (seat) =>
      this.#atSomeTime(() => {
        const { slices } = this.#disk
        const fails = this.#disk.fails('discard')
        if (!fails || this.#disk.chance(2) === 0) {
          for (const key of [...slices.keys()]) if (key.startsWith(`${seat} `)) slices.delete(key)
        }
        if (fails) throw new Error('the disk is read-only')
      }),
  }

  readonly save = (bytes: Uint8Array): void | Promise<void> => {
    const stored = { phase: this.server?.phase, waitingFor: this.server?.waitingFor ?? [] }
    return this.#atSomeTime(() => {
      const fails = this.#disk.fails('save')
      if (!fails || this.#disk.chance(2) === 0) Object.assign(this.#disk, { form: bytes, stored })
      if (fails) throw new Error('the folder could not be synchronized')
    })
  }

  /** Fails before or after its work on the target. */
  readonly execute: MaskExecutor = async (target, segments, plan, suite, options) => {
    const fails = this.#disk.fails('execute')
    if (!fails || this.#disk.chance(2) === 0) await executeMaskPlan(target, segments, plan, suite, options)
    if (fails) throw new Error('a worker is lost')
  }

  /** Now, or some turns later; never, where the process is killed before. */
  #atSomeTime<T>(work: () => T): T | Promise<T> {
    const turns = this.#disk.chance(4)
    if (this.#killed) return new Promise<T>(() => undefined)
    return turns === 0 ? work() : this.#later(turns, work)
  }

  async #later<T>(turns: number, work: () => T): Promise<T> {
    for (let turn = 0; turn < turns; turn++) await undefined
    return this.#killed ? new Promise<T>(() => undefined) : work()
  }
}
