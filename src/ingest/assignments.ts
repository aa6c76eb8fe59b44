import type { Bytes } from '../crypto/bytes.js'
import type { PlaneRound } from '../plane/index.js'
import { inTurns } from '../vector/pace.js'
import {
  decodeSealed,
  decodeStatus,
  encodeRequest,
  openReply,
  type Request,
  type SealedGroup,
} from './group-messages.js'

/** An ingest process. */
export interface IngestPlace {
  /** New for each process, also if one is started again on the same machine. */
  readonly id: string
  /** The URL at which clients reach it. */
  readonly address: string
}

/** How the coordinator reaches ingest processes. */
export interface IngestChannel {
  /** The processes that answer at the moment. */
  discover(): Promise<readonly IngestPlace[]>
  /** Sends a request and returns the reply. Rejects if none comes within a bounded time. */
  request(process: string, bytes: Bytes): Promise<Uint8Array>
}

/** A group of seats, and the process that collects their vectors. */
export interface Assignment {
  readonly group: number
  readonly seats: readonly number[]
  /** Rises each time the group is given to a process. 0: it was given to none yet. */
  epoch: number
  /** `undefined` while there is no process for it. */
  process: IngestPlace | undefined
  /** The seats whose vectors the process has, in this epoch. */
  arrived: ReadonlySet<number>
  /** How often in a row its process did not answer. */
  failures: number
  /** The answer that counts, once its blocks are on disk. */
  sealed: SealedGroup | undefined
}

/**
 * The maximum number of seats of a group, and of the groups in one question. The messages of a group list its seats, in 4 bytes
 * each, and brokers limit messages to one MiB.
 */
export const MAXIMUM_SEATS: number = 2 ** 16

/** After this many requests without an answer, a process counts as lost. */
const PATIENCE = 3

/** Cuts seats into groups of at most `size`, which serve one after the other. */
export function cutIntoGroups(seats: readonly number[], size: number): readonly Assignment[] {
  const count = Math.ceil(seats.length / size)
  return Array.from({ length: count }, (_, group) => ({
    group,
    // Of about the same size, in order.
    seats: seats.slice(
      Math.floor((group * seats.length) / count),
      Math.floor(((group + 1) * seats.length) / count),
    ),
    epoch: 0,
    process: undefined,
    arrived: new Set<number>(),
    failures: 0,
    sealed: undefined,
  }))
}

/** Which process serves which group of a round. */
export class Assignments {
  readonly groups: readonly Assignment[]
  readonly #round: PlaneRound
  readonly #channel: IngestChannel
  readonly #inTurn: ReturnType<typeof inTurns> = inTurns()
  /** The groups that need a process. */
  readonly #homeless = new Set<Assignment>()
  /** Only one search at a time assigns processes, so that each gets its share of the groups. */
  readonly #placing: ReturnType<typeof inTurns> = inTurns()

  constructor(round: PlaneRound, channel: IngestChannel, groups: readonly Assignment[]) {
    this.#round = round
    this.#channel = channel
    this.groups = groups
  }

  get unsealed(): readonly Assignment[] {
    return this.groups.filter(({ sealed }) => sealed === undefined)
  }

  /**
   * Asks all processes what has arrived. Groups whose process is lost are given to others, in a new epoch. Returns whether
   * anything has changed.
   */
  refresh(): Promise<boolean> {
    return this.#inTurn(() => this.#refresh(this.unsealed))
  }

  /** The same for one group, without waiting for the processes of others. Must not overlap with `refresh`. */
  refreshOne(group: Assignment): Promise<boolean> {
    return this.#refresh([group])
  }

  async #refresh(asked: readonly Assignment[]): Promise<boolean> {
    const questions = questionsAbout(asked)
    const changes = await Promise.all(questions.map(({ id, groups }) => this.#ask(id, groups)))
    const homeless = asked.filter(
      ({ process, failures, sealed }) =>
        sealed === undefined && (process === undefined || failures >= PATIENCE),
    )
    if (homeless.length === 0) return changes.includes(true)
    for (const group of homeless) this.#homeless.add(group)
    await this.#placing(async () => {
      // All groups that wait, so that one search finds processes for them.
      const groups = [...this.#homeless]
      this.#homeless.clear()
      if (groups.length > 0) await this.#place(groups)
    })
    return true
  }

  /** Gives up what has arrived of a group. The next `refresh` gives it to a process in a new epoch, for which old tickets do not serve. */
  void(group: Assignment): void {
    group.process = undefined
    group.arrived = new Set()
  }

  /** Asks a group's process to seal it. `undefined` if that fails; `busy` while the process is sealing it. */
  async seal(group: Assignment): Promise<SealedGroup | 'busy' | undefined> {
    const { process, epoch } = group
    if (process === undefined) return undefined
    try {
      const reply = openReply(await this.#request(process.id, { kind: 'seal', id: this.#idOf(group) }))
      if (reply === 'busy') return reply
      if (typeof reply === 'string') {
        if (group.epoch === epoch) group.failures = PATIENCE
        return undefined
      }
      const sealed = decodeSealed(reply)
      const possible = new Set(group.seats)
      // Each seat once, and only seats of the group.
      if (sealed.members.every((seat) => possible.delete(seat))) return sealed
    } catch {}
    // In another epoch, it is another process that would count as lost.
    if (group.epoch === epoch) group.failures++
    return undefined
  }

  /** Fetches a block of a group that its process has sealed. */
  async block(group: Assignment, index: number): Promise<Uint8Array> {
    const { process } = group
    if (process === undefined) throw new Error('the group has no process')
    const id = this.#idOf(group)
    const reply = openReply(await this.#request(process.id, { kind: 'block', id, index }))
    if (typeof reply !== 'string') return reply
    throw new Error(`the process of the group does not have the block: ${reply}`)
  }

  /** Tells the processes that the round does not need them any more. Those that do not answer forget it by themselves. */
  async forget(): Promise<void> {
    const places = await this.#channel.discover().catch((): readonly IngestPlace[] => [])
    const { configHash } = this.#round
    await Promise.all(
      places.map(({ id }) => this.#request(id, { kind: 'forget', configHash }).catch(() => undefined)),
    )
  }

  async #ask(id: string, groups: readonly Assignment[]): Promise<boolean> {
    const { configHash } = this.#round
    let changed = false
    try {
      const question = { kind: 'status', configHash, groups: groups.map(({ group }) => group) } as const
      const reply = openReply(await this.#request(id, question))
      const status = typeof reply === 'string' ? [] : decodeStatus(reply)
      for (const group of groups) {
        const found = status.find(({ group: number }) => number === group.group)
        // It may have been given to another process in the meantime.
        if (group.process?.id !== id) continue
        if (found?.epoch !== group.epoch) {
          group.failures = PATIENCE
          continue
        }
        group.failures = 0
        const members = new Set(group.seats)
        const arrived = new Set(found.arrived.filter((seat) => members.has(seat)))
        changed ||= arrived.size !== group.arrived.size
        group.arrived = arrived
      }
    } catch {
      for (const group of groups) group.failures++
    }
    return changed
  }

  /** Gives groups to the processes with the fewest groups. What had arrived of them is void. */
  async #place(groups: readonly Assignment[]): Promise<void> {
    const places = await this.#channel.discover().catch((): readonly IngestPlace[] => [])
    // If nobody answers, the network is down. The processes may still have their groups when it is up again.
    if (places.length === 0) return
    const load = new Map(places.map(({ id }) => [id, 0]))
    for (const { process } of this.unsealed) {
      const served = process && load.get(process.id)
      if (process !== undefined && served !== undefined) load.set(process.id, served + 1)
    }
    for (const group of groups) {
      const lost = group.process?.id
      group.process = undefined
      group.arrived = new Set()
      group.failures = 0
      const inOrder = [...places].sort(
        (a, b) => Number(a.id === lost) - Number(b.id === lost) || load.get(a.id)! - load.get(b.id)!,
      )
      for (const place of inOrder) {
        // Not even a process that seemed lost may serve the group in an epoch that it has served before.
        group.epoch++
        if (!(await this.#open(place, group))) continue
        group.process = place
        load.set(place.id, load.get(place.id)! + 1)
        break
      }
    }
  }

  async #open(place: IngestPlace, group: Assignment): Promise<boolean> {
    const { segments, sliceLength = 0, prefix, maximumUploads } = this.#round
    const shape = { seats: group.seats, segments, sliceLength, prefix, maximumUploads }
    try {
      const reply = await this.#request(place.id, { kind: 'open', id: this.#idOf(group), shape })
      return typeof openReply(reply) !== 'string'
    } catch {
      return false
    }
  }

  #idOf({ group, epoch }: Assignment): { configHash: Uint8Array; group: number; epoch: number } {
    return { configHash: this.#round.configHash, group, epoch }
  }

  #request(process: string, request: Request): Promise<Uint8Array> {
    return this.#channel.request(process, encodeRequest(request))
  }
}

/** Asks each process about its groups, in as many questions as the replies need. */
function questionsAbout(
  asked: readonly Assignment[],
): readonly { readonly id: string; readonly groups: readonly Assignment[] }[] {
  const questions: { readonly id: string; readonly groups: Assignment[]; seats: number }[] = []
  const open = new Map<string, (typeof questions)[number]>()
  for (const group of asked) {
    const id = group.process?.id
    if (id === undefined) continue
    let question = open.get(id)
    if (question === undefined || question.seats + group.seats.length > MAXIMUM_SEATS) {
      question = { id, groups: [], seats: 0 }
      open.set(id, question)
      questions.push(question)
    }
    question.groups.push(group)
    question.seats += group.seats.length
  }
  return questions
}
