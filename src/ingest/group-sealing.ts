import * as P from '../codec/codec.js'
import { ascii, type Bytes } from '../crypto/bytes.js'
import { SecAggError, usageError } from '../errors.js'
import { type Clock, timer } from '../transport/clock.js'
import { ignore } from '../transport/notices.js'
import type { Segment } from '../vector/index.js'
import { inTurns } from '../vector/pace.js'
import type { Assignment, Assignments } from './assignments.js'
import { type SealedGroup, sealedCoder, seatsCoder } from './group-messages.js'
import type { PartialSums } from './partial-sums.js'

/** What {@link Sealing} works with. */
interface SealingOptions {
  readonly assignments: Assignments
  readonly sums: PartialSums
  readonly segments: readonly Segment[]
  readonly clock: Clock
  /** The time between two attempts to seal a group, in milliseconds. */
  readonly pollTime: number
  /** Whether the round was given up. */
  isOver(): boolean
  /** Called when vectors have arrived or were lost. */
  onChange(): void
}

/** Which vectors a sum is to have. */
interface Wanted {
  /** The seats whose vectors were there when sealing began. */
  readonly wanted: ReadonlySet<number>
  mayCount(seat: number): boolean
  /** Clients of a lost group have this many milliseconds to send their vectors again. */
  readonly reuploadTime: number
}

/**
 * How many partial sums are fetched from one process at a time. Each has a block of up to half a MiB in memory, and a process
 * with many groups could not answer requests for all of them before they count as lost.
 */
const FETCHES = 4

/** Takes one answer of each group, and keeps its blocks. */
export class Sealing {
  readonly #options: SealingOptions
  /** For each process, its fetches in progress. A slow process does not hold up the groups of another. */
  readonly #fetches = new Map<
    string,
    { next: number; readonly turns: readonly ReturnType<typeof inTurns>[] }
  >()
  readonly #attempts = new Set<Promise<void>>()

  constructor(options: SealingOptions) {
    this.#options = options
  }

  /** Resolves when no attempt is in progress that an earlier call has begun. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#attempts)
  }

  /**
   * Seals all groups, each at its own pace: one that is slow, or lost, does not hold up the others. No attempt outlives this
   * call, because it would write over what a later call has kept.
   */
  async seal(about: Wanted): Promise<void> {
    const { assignments, clock } = this.#options
    let isTimeUp = false
    const cancel = timer(clock, about.reuploadTime, () => {
      isTimeUp = true
    })
    let failure: { readonly error: unknown } | undefined
    let wake: () => void = ignore
    const failed = new Promise<void>((resolve) => {
      wake = resolve
    })
    const sealOne = async (group: Assignment): Promise<void> => {
      while (group.sealed === undefined && failure === undefined) {
        this.#throwIfOver()
        // Decided once per attempt, so that every group has an attempt after the time was up.
        await this.#track(this.#attempt(group, about, isTimeUp, () => failure !== undefined))
        if (group.sealed !== undefined) return
        await this.#pause(failed)
        if (failure !== undefined) return
        this.#throwIfOver()
        if (await assignments.refreshOne(group)) this.#options.onChange()
      }
    }
    const fail = (error: unknown): void => {
      failure ??= { error }
      wake()
    }
    await Promise.all(assignments.unsealed.map((group) => sealOne(group).catch(fail))).finally(cancel)
    if (failure !== undefined) throw (failure as { readonly error: unknown }).error
  }

  /** Waits before the next attempt, or until another group fails. */
  async #pause(failed: Promise<void>): Promise<void> {
    const { clock, pollTime } = this.#options
    let cancel: () => void = ignore
    const pause = new Promise<void>((resolve) => {
      cancel = timer(clock, pollTime, resolve)
    })
    await Promise.race([pause, failed]).finally(cancel)
  }

  async #track(attempt: Promise<void>): Promise<void> {
    this.#attempts.add(attempt)
    await attempt.finally(() => this.#attempts.delete(attempt))
  }

  /** Seals a group whose clients have sent their vectors, and keeps its blocks. */
  async #attempt(
    group: Assignment,
    { wanted, mayCount }: Wanted,
    isLast: boolean,
    isInVain: () => boolean,
  ): Promise<void> {
    const { assignments, sums } = this.#options
    if (!isLast && ![...group.arrived].every(mayCount)) return void assignments.void(group)
    if (!isLast && !group.seats.every((seat) => !wanted.has(seat) || group.arrived.has(seat))) return
    const { epoch } = group
    const isCurrent = (): boolean => group.sealed === undefined && group.epoch === epoch
    const sealed = await assignments.seal(group)
    this.#throwIfOver()
    if (!isCurrent() || sealed === 'busy') return // it has the vectors, even if time is up
    if (sealed !== undefined && !sealed.members.every(mayCount)) assignments.void(group)
    else if (sealed !== undefined) {
      try {
        await this.#inTurn(group, async () => {
          if (isInVain()) return
          await sums.keep({ group: group.group, epoch }, sealed, (index) => {
            this.#throwIfOver()
            return assignments.block(group, index)
          })
          if (isCurrent()) group.sealed = sealed
        })
      } catch (error) {
        // Only a failure of this machine ends the attempt. What was lost or damaged on the way can be fetched again.
        if (error instanceof SecAggError && error.fault === 'usage') throw error
        if (isCurrent()) group.failures++
      }
    }
    if (isLast && isCurrent() && !isInVain()) group.sealed = this.#withoutMembers
  }

  /** Runs `work` when fewer than {@link FETCHES} are in progress at the process of `group`. */
  #inTurn(group: Assignment, work: () => Promise<void>): Promise<void> {
    const id = group.process?.id ?? ''
    let fetches = this.#fetches.get(id)
    if (fetches === undefined) {
      fetches = { next: 0, turns: Array.from({ length: FETCHES }, () => inTurns()) }
      this.#fetches.set(id, fetches)
    }
    return fetches.turns[fetches.next++ % FETCHES]!(work)
  }

  #throwIfOver(): void {
    if (this.#options.isOver()) throw usageError('out-of-order', 'the round was given up')
  }

  /** What counts for a group that is lost: its clients are dropouts. */
  get #withoutMembers(): SealedGroup {
    const checks = new BigUint64Array(2 * this.#options.segments.length)
    return { members: [], digest: new Uint8Array(32), checks }
  }
}

const text: P.Coder<string> = P.converted(P.bytes(P.U32LE), {
  toValue: (bytes) => String.fromCharCode(...bytes),
  toStored: (string) => ascii(string),
})

const groupsCoder = P.array(
  P.U32LE,
  P.struct({
    group: P.U32LE,
    seats: seatsCoder,
    epoch: P.U32LE,
    process: P.optional(P.struct({ id: text, address: text })),
    sealed: P.optional(sealedCoder),
  }),
)

/** The groups of a round and what is sealed of them. Vectors are not part of it. */
export function encodeGroups(groups: readonly Assignment[]): Bytes {
  const saved = groups.map(({ group, seats, epoch, process, sealed }) => ({
    group,
    seats,
    epoch,
    process: process && { id: process.id, address: process.address },
    sealed: sealed && { members: sealed.members, digest: sealed.digest, checks: sealed.checks },
  }))
  return groupsCoder.encode(saved)
}

/** @throws {SecAggError} `malformed-state` if these are not groups of `seats`. */
export function decodeGroups(bytes: Uint8Array, seats: readonly number[]): readonly Assignment[] {
  let groups: Assignment[]
  try {
    groups = groupsCoder.decode(bytes).map(({ group, seats: own, epoch, process, sealed }) => {
      return { group, seats: own, epoch, process, sealed, arrived: new Set<number>(), failures: 0 }
    })
  } catch {
    throw usageError('malformed-state', 'the checkpoint is not one of groups of seats')
  }
  const all = groups.flatMap((group) => group.seats)
  const isCut = all.length === seats.length && all.every((seat, index) => seat === seats[index])
  const isNumbered = groups.every(({ group }, index) => group === index)
  const areTheirs = groups.every(({ seats: own, sealed }) => {
    const possible = new Set(own)
    return (sealed?.members ?? []).every((seat) => possible.delete(seat))
  })
  if (isCut && isNumbered && areTheirs) return groups
  throw usageError('malformed-state', 'the groups of the checkpoint are not those of this round')
}
