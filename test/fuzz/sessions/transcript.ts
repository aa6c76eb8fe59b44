import type { PhaseOutcome, SecAggError, ServerSession } from 'secagg'
import { equalBytes } from '../../../src/crypto/bytes.js'
import { type MessageType, messageType, openEnvelope } from '../../../src/wire/index.js'
import { sumOf } from '../../support/inputs.js'
import { valuesOf } from '../../vector/support.js'
import { DiskOfProcess } from '../flaky-disk.js'
import { ensure, outcomeOfAsync } from '../target.js'
import { Party, TYPES_OF } from './party.js'
import { requireOnlyCheatingNamed } from './plots.js'
import type { Parties } from './scenarios.js'
import { plus } from './vectors.js'

/** A message on its way to a client, or from one to the server. */
export interface InFlight {
  readonly to: 'server' | 'client'
  readonly seat: number
  readonly bytes: Uint8Array
}

/** How a transcript ended: with the exact sum; with one that cannot be checked; or with none. */
export type Ending = 'exact sums' | 'sums with deceived clients' | 'no sum'

/** A server and its clients, and what must hold after each message, whoever sent it. */
export class Transcript {
  readonly cohort: Parties
  server: ServerSession
  readonly inFlight: InFlight[] = []
  /** All messages that were ever made here. */
  readonly seen: Uint8Array[] = []
  /** How many processes of the server were killed. */
  kills = 0
  readonly #parties: readonly Party[]
  #process: DiskOfProcess
  #outcome: Extract<PhaseOutcome, { done: true }> | undefined

  constructor(cohort: Parties) {
    this.cohort = cohort
    this.server = cohort.server
    this.#process = cohort.process
    this.#parties = cohort.sessions.map(() => new Party(cohort.config))
  }

  get done(): boolean {
    return this.#outcome !== undefined
  }

  async start(seat: number): Promise<void> {
    const party = this.#parties[seat]!
    const outcome = await outcomeOfAsync(() => this.cohort.sessions[seat]!.start())
    if ('error' in outcome) {
      ensure(outcome.error.code === 'out-of-order' && party.last !== undefined, 'a client does not start')
      return
    }
    ensure(party.last === undefined, 'a client starts once more')
    if (party.started === undefined) this.#fly('server', seat, outcome.value)
    else ensure(equalBytes(party.started, outcome.value), 'a client starts in two ways')
    party.started = outcome.value
  }

  async toServer(
    seat: number,
    bytes: Uint8Array,
  ): Promise<'accepted' | 'duplicate' | 'busy' | 'refused' | 'failed'> {
    const before = this.#serverView()
    const party = this.#parties[seat]
    const outcome = await outcomeOfAsync(() => this.server.receive(seat, bytes))
    if ('error' in outcome) {
      this.#requireStorageFailure(outcome.error)
      party?.doubt(bytes)
      return 'failed'
    }
    const receipt = outcome.value
    if (receipt.status === 'accepted') {
      ensure(party !== undefined, 'a message of no seat is accepted')
      party.accept(bytes)
      return receipt.status
    }
    if (receipt.status === 'duplicate') {
      ensure(
        this.#changing || party?.mayHaveSent(bytes) === true,
        'what was not accepted is taken for a repetition',
      )
      if (!this.#changing) party?.accept(bytes)
    }
    ensure(
      this.#changing || this.#serverView() === before,
      `a message that is ${receipt.status} changes the server`,
    )
    if (receipt.status === 'refused') {
      const { fault, code, culprits, concerning } = receipt.error
      // Of two with the same key either may have copied it.
      const named = code === 'duplicate-key' ? concerning : culprits
      ensure(fault === 'peer' && named.includes(seat), 'a refusal is about the sender')
    }
    return receipt.status
  }

  async toClient(seat: number, bytes: Uint8Array): Promise<void> {
    const session = this.cohort.sessions[seat]!
    const party = this.#parties[seat]!
    const wasDone = session.done
    const outcome = await outcomeOfAsync(() => session.receive(bytes))
    if ('error' in outcome) {
      const { fault, code } = outcome.error
      if (party.started === undefined) ensure(code === 'out-of-order', 'a client answers before it starts')
      else ensure(fault === 'server', 'a refusal blames the server')
      ensure(session.done === wasDone, 'a refusal ends a client')
      await this.#requireUnchanged(seat)
      return
    }
    const { value: answer } = outcome
    if (party.last !== undefined && equalBytes(party.last.inbound, bytes)) {
      ensure(equalBytes(party.last.answer, answer), 'a repeated message gets another answer')
      return
    }
    const type = messageType(bytes)!
    ensure(!party.took.has(type), `a client answers two versions of ${type}`)
    party.took.add(type)
    party.last = { inbound: bytes, answer }
    this.#noteDeception(party, type, bytes)
    this.#fly('server', seat, answer)
    party.masked.put(answer)
    for await (const slice of session.slices()) {
      party.masked.put(slice)
      party.slices = [...(party.slices.length > 0 ? party.slices : [answer]), slice]
      this.#fly('server', seat, slice)
    }
  }

  async close(): Promise<boolean> {
    const before = this.#serverView()
    const outcome = await outcomeOfAsync(() => this.server.closePhase())
    if ('error' in outcome) {
      const { fault, code } = outcome.error
      if (code === 'storage-failure') this.#requireStorageFailure(outcome.error)
      else ensure(fault === 'peer' || code === 'out-of-order', 'a round that cannot be closed blames clients')
      requireOnlyCheatingNamed(this.cohort.config, outcome.error.culprits, this.#cheating)
      // A vector that the store has held up may be in the sum now.
      const isStill = this.cohort.disk.failures > 0 || this.#serverView() === before
      ensure(this.#changing || isStill, 'a round that is not closed changes the server')
      return false
    }
    if (outcome.value.done) {
      this.#outcome = outcome.value
      return true
    }
    for (const [seat, bytes] of outcome.value.messages) {
      this.#parties[seat]!.sent.push(bytes)
      this.#fly('client', seat, bytes)
    }
    return true
  }

  /** Delivers all of these to the server, `times` times each, and closes the round after so many turns, all at once. */
  async atOnce(messages: readonly InFlight[], times: number, turns: number): Promise<void> {
    this.#changing = true
    const deliveries = messages.flatMap(({ to, seat, bytes }) =>
      to === 'server' ? Array.from({ length: times }, () => this.toServer(seat, bytes)) : [],
    )
    for (let turn = 0; turn < turns; turn++) await undefined
    await Promise.all([...deliveries, this.close()])
    this.#changing = false
    // One client is called once at a time, as its transport does.
    for (const { to, seat, bytes } of messages) if (to === 'client') await this.toClient(seat, bytes)
  }

  /** What is there of a vector in slices is forgotten, and its client begins again. */
  async discardUpload(seat: number): Promise<void> {
    const party = this.#parties[seat]
    if (!(await this.server.discardUpload(seat)) || party === undefined) return
    party.forget(['maskedSlice'])
    for (const bytes of party.slices) this.inFlight.push({ to: 'server', seat, bytes })
  }

  async checkpoint(): Promise<void> {
    const outcome = await outcomeOfAsync(() => this.server.checkpoint())
    if ('error' in outcome && outcome.error.code !== 'out-of-order')
      this.#requireStorageFailure(outcome.error)
  }

  /** The server's process is killed, and another goes on with what was stored last, if anything was. */
  async kill(): Promise<void> {
    if (this.cohort.disk.form === undefined || this.done) return
    this.kills++
    this.#process.kill()
    this.#process = new DiskOfProcess(this.cohort.disk)
    this.server = await this.cohort.resumeServer(this.#process)
    this.#process.server = this.server
    const { phase, waitingFor, report } = this.server
    for (const [seat, party] of this.#parties.entries()) {
      const isMasked = phase === 'consistency-check' || phase === 'unmasking'
      if (isMasked && !report.survivors.includes(seat)) party.leaveOut()
      if (!waitingFor.includes(seat)) continue
      party.forget(TYPES_OF[phase!])
      const message = this.server.messageFor(seat)
      if (message !== undefined) {
        party.sent.push(message)
        this.#fly('client', seat, message)
      }
      const answer = party.last?.answer ?? party.started
      for (const bytes of new Set([answer, ...party.slices])) {
        if (bytes !== undefined) this.inFlight.push({ to: 'server', seat, bytes })
      }
    }
  }

  /** Asks a client for its slices once more: there are none any more, or the same. */
  async slicesAgain(seat: number, from: number): Promise<void> {
    let part = from
    for await (const slice of this.cohort.sessions[seat]!.slices(from)) {
      const { content, part: number } = openEnvelope(slice)!
      const first = this.#parties[seat]!.masked.get(part)
      ensure(number === part && first !== undefined && equalBytes(content, first), 'a slice changes')
      part++
    }
  }

  /** What must hold in the end. */
  ending(): Ending {
    const { config, inputs } = this.cohort
    if (this.#outcome === undefined) return 'no sum'
    const { sum, report } = this.#outcome
    requireOnlyCheatingNamed(config, report.culprits, this.#cheating)
    for (const seat of report.survivors) this.#parties[seat]!.settle()
    const whole = this.#parties.flatMap(({ taken }, seat) => (taken.isWhole ? [seat] : []))
    ensure(`${report.survivors}` === `${whole}`, 'the survivors are those whose masked vector was accepted')
    const survivors = report.survivors.map((seat) => this.#parties[seat]!)
    if (survivors.some(({ deceived }) => deceived)) return 'sums with deceived clients'
    // Whoever sends another vector than its own has another input, as a client may: the difference is in the sum.
    const differences = survivors.map(({ taken, masked }) => taken.minus(masked))
    if (differences.some((difference) => difference === undefined)) return 'sums with deceived clients'
    const expected = plus(config, sumOf(config, report.survivors, inputs), differences as bigint[][][])
    ensure(`${valuesOf(sum)}` === `${expected}`, 'the sum is not that of the survivors')
    return 'exact sums'
  }

  /** Whether calls overlap, so that the server may change for another reason. */
  #changing = false

  #fly(to: InFlight['to'], seat: number, bytes: Uint8Array): void {
    this.inFlight.push({ to, seat, bytes })
    this.seen.push(bytes)
    if (to === 'server') this.#parties[seat]!.made.push(bytes)
  }

  /** Who has dealt wrong shares, or said something else than its session, or was told of other keys. */
  get #cheating(): ReadonlySet<number> {
    const others = [...this.#parties.keys()].filter((seat) => {
      return this.#parties[seat]!.deviates || this.#parties[seat]!.deceived
    })
    return new Set([...this.cohort.plots.dealers, ...others])
  }

  #requireStorageFailure({ code, fault }: SecAggError): void {
    const isStores = code === 'storage-failure' && fault === 'usage'
    ensure(isStores && this.cohort.disk.failures > 0, 'a call fails though nothing has gone wrong')
  }

  /** What a client was told of keys or peers is not what the server said. */
  #noteDeception(party: Party, type: MessageType, bytes: Uint8Array): void {
    const genuine = party.sent.find((message) => messageType(message) === type)
    if (genuine !== undefined && equalBytes(genuine, bytes)) return
    if (type === 'publishedKeys') {
      party.deceived = true
      // Under signatures fewer keys may be told, but none may be exchanged. Up to eight seats are one byte.
      const isSameSet = genuine !== undefined && genuine.length === bytes.length && genuine[2] === bytes[2]
      ensure(this.cohort.config.adversary !== 'active' || !isSameSet, 'a client takes a substituted key')
    }
    // A ciphertext that is spoiled costs a share; a peer that is left out or added is a mask that stays.
    if (type === 'forwardedShares') {
      party.deceived ||= genuine === undefined || genuine.length !== bytes.length || genuine[2] !== bytes[2]
    }
  }

  /** The client still is where it was: it answers its last message as before. */
  async #requireUnchanged(seat: number): Promise<void> {
    const session = this.cohort.sessions[seat]!
    const { last, started } = this.#parties[seat]!
    if (last !== undefined) {
      ensure(equalBytes(await session.receive(last.inbound), last.answer), 'a refusal changes a client')
    } else if (started !== undefined) {
      ensure(equalBytes(await session.start(), started), 'a refusal changes a client')
    }
  }

  /** All that can be seen of the server, but for its books of refusals and repetitions. */
  #serverView(): string {
    const { server } = this
    const messages = this.#parties.map((_, seat) => hashOf(server.messageFor(seat)))
    return `${server.phase} ${server.waitingFor} ${server.report.survivors} ${server.report.phases.length} ${messages}`
  }
}

/** Enough to tell a changed message. */
function hashOf(bytes: Uint8Array | undefined): number {
  let hash = bytes?.length ?? -1
  for (const byte of bytes ?? []) hash = (Math.imul(hash, 31) + byte) | 0
  return hash
}
