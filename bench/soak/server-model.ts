import type { ErrorCode, PhaseName, RoundReport } from 'secagg'
import type { MessageType } from '../../src/wire/index.js'
import { type Parcel, STEPS, sameBytes, typeOfStep } from './parcel.js'

/** What a server must answer to a parcel. */
export type Expectation =
  | { readonly status: 'accepted' | 'duplicate' | 'busy' }
  | { readonly status: 'refused'; readonly code: ErrorCode; readonly phase: PhaseName }

/** What a server of these parameters counts on. */
export interface ModelParameters {
  readonly clients: number
  readonly slices: number
  readonly maximumUploads: number
  readonly threshold: number
  /** The least |U1|. */
  readonly minimumAdvertised: number
  /** δ, of those that have shown up. */
  readonly dropoutFraction: number
}

/**
 * Keeps the books that a server must keep, from what the network knows of each parcel and without a look at its bytes
 * other than for equality.
 */
export class ServerModel {
  readonly #parameters: ModelParameters
  readonly #accepted = new Map<MessageType, Map<string, Uint8Array>>()
  readonly #refused = new Map<string, number>()
  readonly #closed: { phase: PhaseName; expected: number[]; accepted: number[]; duplicates: number }[] = []
  readonly #uploads = new Map<number, number>()
  #step = 0
  #members: ReadonlySet<number>
  #taken = new Set<number>()
  #advertised = 0
  #duplicates = 0
  #done = false

  constructor(parameters: ModelParameters) {
    this.#parameters = parameters
    this.#members = new Set(Array.from({ length: parameters.clients }, (_, seat) => seat))
  }

  get step(): number {
    return this.#step
  }

  get phase(): PhaseName {
    return STEPS[this.#step]!
  }

  /** Those who may still answer in the open round, ascending. */
  get missing(): readonly number[] {
    return ascending(this.#members).filter((seat) => !this.#taken.has(seat))
  }

  /** Enters a parcel. */
  receive(parcel: Parcel): Expectation {
    const expectation = this.#judge(parcel)
    const { seat, part, bytes, type } = parcel
    if (expectation.status === 'accepted') {
      const accepted = this.#accepted.get(type!) ?? new Map<string, Uint8Array>()
      this.#accepted.set(type!, accepted.set(`${seat} ${part}`, bytes))
      const parts = (this.#uploads.get(seat) ?? 0) + 1
      const whole = type !== 'maskedSlice' || parts === this.#parameters.slices
      if (whole) this.#taken.add(seat)
      if (whole) this.#uploads.delete(seat)
      else this.#uploads.set(seat, parts)
    } else if (expectation.status === 'duplicate') {
      this.#duplicates++
    } else if (expectation.status === 'refused' && this.#isSeat(seat)) {
      const key = `${seat} ${expectation.phase} ${expectation.code}`
      this.#refused.set(key, (this.#refused.get(key) ?? 0) + 1)
    }
    return expectation
  }

  /** Forgets an unfinished upload; whether there was one. */
  discard(seat: number): boolean {
    const discarded = this.#uploads.delete(seat)
    const slices = this.#accepted.get('maskedSlice')
    if (discarded) {
      for (const key of [...slices!.keys()]) if (key.startsWith(`${seat} `)) slices!.delete(key)
    }
    return discarded
  }

  /** Why the open round cannot be closed yet, as far as that can be told without the graph. */
  get obstacle(): ErrorCode | undefined {
    const { minimumAdvertised, dropoutFraction, threshold } = this.#parameters
    const count = this.#taken.size
    if (this.#step === 0) return count < minimumAdvertised ? 'too-few-clients' : undefined
    // Nobody has t answering holders where there are fewer than t answers.
    if (this.#step === 3) return count < threshold ? 'too-few-shares' : undefined
    // The tiny addend: the part that was meant, and not what the nearest double gives.
    const mayDrop = Math.floor(dropoutFraction * this.#advertised + 1e-9)
    return count < this.#advertised - mayDrop ? 'too-few-clients' : undefined
  }

  /** Closes the open round. */
  close(): void {
    const [expected, accepted] = [ascending(this.#members), ascending(this.#taken)]
    this.#closed.push({ phase: this.phase, expected, accepted, duplicates: this.#duplicates })
    this.#duplicates = 0
    if (this.#step === 3) {
      this.#done = true
      return
    }
    if (this.#step === 0) this.#advertised = this.#taken.size
    this.#members = this.#taken
    this.#taken = new Set()
    this.#uploads.clear()
    this.#step++
  }

  /** The report of the round so far, with counts in place of reasons. */
  get report(): { phases: RoundReport['phases']; refused: ReadonlyMap<string, number> } {
    return { phases: this.#closed, refused: this.#refused }
  }

  #judge({ seat, type, part, bytes, flaw }: Parcel): Expectation {
    const { slices, maximumUploads } = this.#parameters
    const refused = (code: ErrorCode): Expectation => ({ status: 'refused', code, phase: this.phase })
    const expectedType = typeOfStep(this.#step, slices)
    const before = type && this.#accepted.get(type)?.get(`${seat} ${part}`)
    if (before !== undefined && sameBytes(before, bytes)) return { status: 'duplicate' }
    // Without a header of this version there is no type.
    if (type === undefined) return refused(flaw!)
    const isOver = this.#done || type !== expectedType
    if (isOver && this.#accepted.has(type)) return refused('late-message')
    if (type !== expectedType) return refused('unexpected-message')
    if (!this.#members.has(seat)) return refused('unknown-seat')
    if (before !== undefined) return refused('conflicting-message')
    if (flaw !== undefined) return refused(flaw)
    if (type === 'maskedSlice' && !this.#uploads.has(seat) && this.#uploads.size >= maximumUploads) {
      return { status: 'busy' }
    }
    return { status: 'accepted' }
  }

  #isSeat(seat: number): boolean {
    return Number.isInteger(seat) && seat >= 0 && seat < this.#parameters.clients
  }
}

function ascending(seats: Iterable<number>): number[] {
  return [...seats].sort((a, b) => a - b)
}
