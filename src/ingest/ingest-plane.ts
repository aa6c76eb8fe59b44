import { type Bytes, plainBytes } from '../crypto/bytes.js'
import { SecAggError, usageError } from '../errors.js'
import type { PlaneHome, PlaneRound, RoundPlane, Unmasker, UploadPlace } from '../plane/index.js'
import type { SliceStore } from '../plane/masked-sum.js'
import { type Clock, systemClock, timer } from '../transport/clock.js'
import {
  type Assignment,
  Assignments,
  cutIntoGroups,
  type IngestChannel,
  MAXIMUM_SEATS,
} from './assignments.js'
import { signTicket } from './group-messages.js'
import { decodeGroups, encodeGroups, Sealing } from './group-sealing.js'
import { PartialSums } from './partial-sums.js'

/** A sealed group has 16 bytes for each, in one message. */
const MAXIMUM_SEGMENTS = 2 ** 15

/** Options of {@link ingestHome}. */
export interface IngestHomeOptions {
  readonly channel: IngestChannel
  /** The key for tickets, which the ingest processes have too. At least 32 bytes. */
  readonly key: Uint8Array
  readonly unmasker: Unmasker
  /**
   * Where the coordinator keeps the partial sums of a round, by group and block. `put` must resolve only once the bytes survive
   * a power failure.
   */
  readonly storeFor: (configHash: Bytes) => SliceStore
  /** The time between two questions to a process whether it still has its groups, in milliseconds. Default 500. */
  readonly pollTime?: number | undefined
  /**
   * When the phase closes, the clients of a lost group have this many milliseconds to send their vectors again. Default
   * 30 000.
   */
  readonly reuploadTime?: number | undefined
  /** The maximum number of seats of a group, up to 65536. Default: half of the dropouts that the round tolerates. */
  readonly groupSize?: number | undefined
  readonly clock?: Clock | undefined
}

/**
 * A home whose vectors never reach the coordinator: ingest processes add them up, in groups of seats, and answer with one
 * partial sum for each group. One answer counts for each group: the one whose blocks the coordinator has on its disk.
 */
export function ingestHome(options: IngestHomeOptions): PlaneHome {
  return {
    begin: async (round) => {
      if (round.segments.length > MAXIMUM_SEGMENTS) {
        const text = `a round with ingest processes has at most ${MAXIMUM_SEGMENTS} segments`
        throw usageError('unsupported', text, { got: round.segments.length })
      }
      const groups = cutIntoGroups(round.seats, options.groupSize ?? groupSizeOf(round))
      const plane = new IngestRound(round, options, groups)
      await plane.start()
      return plane
    },
    resume: async (round, { checkpoint }) => {
      const plane = new IngestRound(round, options, decodeGroups(checkpoint, round.seats))
      await plane.restore()
      return plane
    },
  }
}

/** Half of the dropouts that the round tolerates, so that one lost group does not end it. */
function groupSizeOf({ seats, minimum }: PlaneRound): number {
  return Math.min(Math.max(1, Math.floor((seats.length - minimum) / 2)), MAXIMUM_SEATS)
}

class IngestRound implements RoundPlane {
  readonly #round: PlaneRound
  readonly #options: IngestHomeOptions
  readonly #assignments: Assignments
  readonly #groupOf = new Map<number, Assignment>()
  readonly #sums: PartialSums
  readonly #sealing: Sealing
  readonly #places = new Map<number, UploadPlace & { readonly epoch: number }>()
  readonly #clock: Clock
  #seats: ReadonlySet<number> = new Set()
  #stopPolling: (() => void) | undefined
  /** The question that polling asks at the moment. */
  #polled: Promise<void> = Promise.resolve()
  #isOver = false

  constructor(round: PlaneRound, options: IngestHomeOptions, groups: readonly Assignment[]) {
    this.#round = round
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#sums = new PartialSums(round.segments, options.storeFor(round.configHash))
    this.#assignments = new Assignments(round, options.channel, groups)
    for (const group of groups) for (const seat of group.seats) this.#groupOf.set(seat, group)
    this.#sealing = new Sealing({
      ...{ assignments: this.#assignments, sums: this.#sums, clock: this.#clock },
      ...{ segments: round.segments, pollTime: options.pollTime ?? 500 },
      isOver: () => this.#isOver,
      onChange: () => {
        this.#count()
        round.onChange?.()
      },
    })
  }

  async start(): Promise<void> {
    // An earlier attempt to begin may have ended in a crash, and its groups may have had other seats.
    await this.#assignments.forget()
    await this.#assignments.refresh()
    if (this.#assignments.groups.every(({ process }) => process === undefined)) {
      throw usageError('storage-failure', 'no ingest process answers')
    }
    this.#poll()
  }

  async restore(): Promise<void> {
    const { groups } = this.#assignments
    const isClosed = groups.every(({ sealed }) => sealed !== undefined)
    for (const group of groups) {
      if (group.sealed === undefined || group.sealed.members.length === 0) continue
      if (await this.#sums.has(group, group.sealed)) continue
      if (isClosed) throw usageError('storage-failure', `the partial sum of group ${group.group} is lost`)
      // Its process may still have it.
      group.sealed = undefined
    }
    this.#count()
    if (isClosed) return
    await this.#assignments.refresh()
    this.#count()
    this.#poll()
  }

  get seats(): ReadonlySet<number> {
    return this.#seats
  }

  get deriveSeeds(): Unmasker['deriveSeeds'] {
    return this.#options.unmasker.deriveSeeds
  }

  slicesOf(): number {
    return 0
  }

  fold(seat: number): never {
    throw new SecAggError('unexpected-message', 'peer', 'in this round, vectors go to ingest processes', {
      phase: 'masked-input',
      culprits: [seat],
    })
  }

  async again(): Promise<boolean> {
    return false
  }

  async discard(): Promise<boolean> {
    return false
  }

  async settle(): ReturnType<RoundPlane['settle']> {
    if (this.#assignments.unsealed.length > 0) await this.#refresh()
    return { seats: [...this.#seats] }
  }

  /**
   * Takes one answer of each group. A lost group goes to another process, and its clients send again until time is up. So do
   * the clients of a group with a vector that may not count: no vector can be taken out of a sum.
   */
  async seal(mayCount: (seat: number) => boolean = () => true): Promise<readonly number[]> {
    this.#stopPolling?.()
    const wanted = new Set([...this.#seats].filter(mayCount))
    // It could give a group to another process while this one seals it.
    await this.#polled
    const { reuploadTime = 30_000 } = this.#options
    try {
      await this.#sealing.seal({ wanted, mayCount, reuploadTime })
    } finally {
      this.#count()
      if (this.#assignments.unsealed.length > 0 && !this.#isOver) this.#poll()
    }
    return [...this.#seats]
  }

  async checkpoint(): Promise<Bytes> {
    return encodeGroups(this.#assignments.groups)
  }

  unmask(...[plans, work]: Parameters<RoundPlane['unmask']>): ReturnType<RoundPlane['unmask']> {
    const { configHash, segments, suite, suiteName } = this.#round
    const groups = this.#assignments.groups.filter(({ sealed }) => (sealed?.members.length ?? 0) > 0)
    return this.#options.unmasker.unmask({
      ...work,
      configHash,
      segments,
      suite,
      suiteName,
      plans,
      read: (range) => this.#sums.sumOf(groups, range),
    })
  }

  uploadFor(seat: number): ReturnType<NonNullable<RoundPlane['uploadFor']>> {
    const group = this.#groupOf.get(seat)
    if (group?.process === undefined || group.sealed !== undefined) return 'later'
    const { epoch } = group
    const known = this.#places.get(seat)
    if (known?.epoch === epoch) return known
    const { configHash } = this.#round
    const ticket = signTicket(this.#options.key, { configHash, seat, group: group.group, epoch })
    const place = { epoch, address: group.process.address, ticket: plainBytes(ticket) }
    this.#places.set(seat, place)
    return place
  }

  stop(): void {
    this.#isOver = true
    this.#stopPolling?.()
  }

  async release(): Promise<void> {
    this.stop()
    await this.#polled
    await this.#assignments.forget()
  }

  async close(): Promise<void> {
    await this.release()
    await this.#sealing.settled()
    for (const { group } of this.#assignments.groups) await this.#sums.discard(group)
  }

  async #refresh(): Promise<void> {
    const changed = await this.#assignments.refresh()
    this.#count()
    if (changed) this.#round.onChange?.()
  }

  #count(): void {
    this.#seats = new Set(
      this.#assignments.groups.flatMap(({ sealed, arrived }) => sealed?.members ?? [...arrived]),
    )
  }

  #poll(): void {
    this.#stopPolling?.()
    let isStopped = false
    const cancel = timer(this.#clock, this.#options.pollTime ?? 500, async () => {
      this.#polled = this.#refresh().catch(() => undefined)
      await this.#polled
      if (!isStopped && !this.#isOver) this.#poll()
    })
    this.#stopPolling = () => {
      isStopped = true
      cancel()
    }
  }
}
