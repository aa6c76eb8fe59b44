import {
  type ClientSession,
  localPlane,
  type PhaseOutcome,
  type Receipt,
  SecAggError,
  ServerSession,
} from 'secagg'
import { sliceRange } from '../../../src/vector/segments.js'
import { sumOf } from '../../support/inputs.js'
import { valuesOf } from '../../vector/support.js'
import { DiskOfProcess, FlakyDisk } from '../flaky-disk.js'
import { ensure } from '../target.js'
import type { MaskedRound } from './masked-rounds.js'

/** What may come out of a call where something has gone wrong. */
const FAILURES = ['the disk', 'the folder', 'a worker']
const TOO_FEW = ['too-few-clients', 'too-few-shares']
const REFUSALS = ['late-message', 'conflicting-message']

/**
 * A server that lives through the rest of a round, with a disk that fails and processes that are killed, and what must
 * hold meanwhile: who was accepted stays accepted, and the sum is that of the survivors.
 */
export class SlicedRound {
  readonly round: MaskedRound
  readonly disk: FlakyDisk
  server: ServerSession
  outcome: Extract<PhaseOutcome, { done: true }> | undefined
  /** How many processes were killed. */
  kills = 0
  readonly #clients: readonly ClientSession[]
  #process: DiskOfProcess
  /** Calls of this process that have not settled. */
  #running = new Set<Promise<unknown>>()
  /** The slice that each client sends next. */
  readonly #next: number[]
  /** Whether slices of the other kind were sent, by seat. */
  readonly mixed: Set<number> = new Set()

  private constructor(round: MaskedRound, disk: FlakyDisk, process: DiskOfProcess, server: ServerSession) {
    this.round = round
    this.disk = disk
    this.server = server
    this.#process = process
    this.#clients = round.clients()
    this.#next = round.slices.map(() => 0)
  }

  static async open(round: MaskedRound): Promise<SlicedRound> {
    const disk = new FlakyDisk(round.form)
    const { process, server } = await begin(round, disk)
    return new SlicedRound(round, disk, process, server)
  }

  get seats(): readonly number[] {
    return [...this.round.slices.keys()]
  }

  /** Begins a call, which settles before the next one unless it is to overlap with that. */
  async call(overlap: boolean, work: () => Promise<void>): Promise<void> {
    const running = work()
    this.#running.add(running)
    running.then(
      () => this.#running.delete(running),
      () => {},
    )
    if (!overlap) await this.settle()
  }

  /** Waits until all calls have settled. */
  async settle(): Promise<void> {
    await Promise.all(this.#running)
  }

  /** A client sends its next slice. */
  async sendNext(seat: number): Promise<void> {
    const slice = this.#next[seat]!
    if (slice === this.round.slices[seat]!.length) return
    const status = await this.send(seat, slice)
    if (status === 'accepted' || status === 'duplicate') this.#next[seat] = slice + 1
    // As after a lost connection.
    else if (status === 'failed') this.#next[seat] = 0
  }

  /** A client begins again. */
  reconnect(seat: number): void {
    this.#next[seat] = 0
  }

  /** One slice comes to the server: that of the client, or the other kind of it. */
  async send(seat: number, slice: number, other = false): Promise<Receipt['status'] | 'failed'> {
    if (other) this.mixed.add(seat)
    const bytes = (other ? this.round.others : this.round.slices)[seat]![slice]!
    const receipt = await this.#attempt(() => this.server.receive(seat, bytes))
    if (receipt === undefined) return 'failed'
    if (receipt.status === 'refused') {
      const { code, culprits } = receipt.error
      ensure(REFUSALS.includes(code) && culprits.includes(seat), `a slice is refused: ${code}`)
      ensure(code !== 'conflicting-message' || this.mixed.has(seat), 'a client conflicts with itself')
    }
    return receipt.status
  }

  async checkpoint(): Promise<void> {
    await this.#attempt(() => this.server.checkpoint(), ['out-of-order'])
  }

  async discard(seat: number): Promise<void> {
    const { server } = this
    const wasAccepted = server.phase === 'masked-input' && !server.waitingFor.includes(seat)
    const discarded = await server.discardUpload(seat)
    ensure(!(wasAccepted && discarded), 'a vector that is in the sum is discarded')
  }

  /** A client answers what the server has for it, in the rounds after the masked input. */
  async answer(seat: number): Promise<void> {
    const { server } = this
    const { phase } = server
    const bytes = phase === 'masked-input' ? undefined : server.messageFor(seat)
    if (bytes === undefined) return
    const answer = await this.#clients[seat]!.receive(bytes)
    const receipt = await this.#attempt(() => server.receive(seat, answer))
    if (receipt?.status === 'refused') {
      ensure(server.phase !== phase && receipt.error.code === 'late-message', 'an answer is refused')
    }
  }

  async close(): Promise<boolean> {
    const { server } = this
    const { phase } = server
    const accepted = this.#accepted()
    const outcome = await this.#attempt(() => server.closePhase(), ['out-of-order', ...TOO_FEW])
    const after = this.#accepted()
    if (server.phase === phase) {
      ensure(
        accepted.every((seat) => after.includes(seat)),
        'a seat that was accepted is waited for again',
      )
    }
    if (outcome === undefined) return false
    const { survivors } = server.report
    if (phase === 'masked-input') {
      ensure(
        accepted.every((seat) => survivors.includes(seat)),
        'who was accepted is no survivor',
      )
    }
    if (outcome.done) this.#finish(outcome)
    return true
  }

  /** The process is killed, and another goes on with what it has left on disk. */
  async kill(): Promise<void> {
    this.kills++
    this.#process.kill()
    this.#running = new Set()
    const { process, server } = await begin(this.round, this.disk)
    this.#process = process
    this.server = server
    const { stored } = this.disk
    if (stored !== undefined && stored.round === server.phase) {
      ensure(
        `${server.waitingFor}` === `${stored.waitingFor}`,
        'who was accepted when it was stored is forgotten',
      )
    }
    for (const seat of this.seats) this.reconnect(seat)
  }

  /** The seats whose vectors are accepted, while more may come. */
  #accepted(): readonly number[] {
    const { server } = this
    return server.phase === 'masked-input'
      ? this.seats.filter((seat) => !server.waitingFor.includes(seat))
      : []
  }

  /** What a call gives; `undefined` where it fails as it may. */
  async #attempt<T>(work: () => Promise<T>, codes: readonly string[] = []): Promise<T | undefined> {
    const { failures } = this.disk
    try {
      return await work()
    } catch (error) {
      if (error instanceof SecAggError && codes.includes(error.code)) return undefined
      const isStorage = error instanceof SecAggError && error.code === 'storage-failure'
      const isHosts = error instanceof Error && FAILURES.some((begin) => error.message.startsWith(begin))
      // A slice that was lost before is missed only now.
      if ((isStorage || isHosts) && (failures > 0 || this.disk.failures > 0)) return undefined
      throw error
    }
  }

  #finish(outcome: Extract<PhaseOutcome, { done: true }>): void {
    this.outcome = outcome
    const { cohort } = this.round
    const { config, inputs } = cohort
    const { survivors } = outcome.report
    const mayBeMore = new Set<number>()
    for (const seat of survivors.filter((survivor) => this.mixed.has(survivor))) {
      for (const slice of this.round.slices[seat]!.keys()) {
        mayBeMore.add(sliceRange(config.segments, config.sliceLength, slice).from + seat)
      }
    }
    const expected = valuesOf(sumOf(config, survivors, inputs))
    let element = 0
    valuesOf(outcome.sum).forEach((values, segment) => {
      const { bits } = config.segments[segment]!
      values.forEach((value, index) => {
        const more = BigInt.asUintN(bits, value - expected[segment]![index]!)
        ensure(more === 0n || (more === 1n && mayBeMore.has(element)), 'the sum is not that of the survivors')
        element++
      })
    })
  }
}

async function begin(
  round: MaskedRound,
  disk: FlakyDisk,
): Promise<{ readonly process: DiskOfProcess; readonly server: ServerSession }> {
  const { config, crypto, verifyIdentity } = round.cohort
  const process = new DiskOfProcess(disk)
  const server = await ServerSession.resume(disk.form!, {
    ...{ config, crypto, verifyIdentity, maximumUploads: round.maximumUploads },
    plane: localPlane({ sliceStore: process.store, maskExecutor: process.execute }),
    save: process.save,
  })
  process.server = server
  return { process, server }
}
