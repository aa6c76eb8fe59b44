import {
  ClientSession,
  dangerouslyTrustAnyIdentity,
  type PhaseName,
  type Receipt,
  type RoundReport,
  SecAggError,
  ServerSession,
  type ServerSessionOptions,
} from 'secagg'
import { decodeAdvertiseKeys } from 'secagg/protocol'
import { PIXELS } from '../../../examples/mnist/examples.js'
import { acknowledgementsIn, collectedFrom, livingIn } from './acknowledgements.js'
import { holdersOf } from './holders.js'
import { closed } from './honest-server.js'
import type { AggregationServer, Closing } from './server.js'
import { type Cohort, VICTIM } from './setup.js'

/**
 * The server that tells some clients that its victim is still there and others that it dropped out. With t answers to each
 * story, it gets two sums, with and without the victim, and the difference is what the victim holds. The clients that
 * help it answer both stories.
 */
export class TwoFacedServer implements AggregationServer {
  readonly #cohort: Cohort
  readonly #withVictim: ServerSession
  #without: ServerSession | undefined
  #saved = new Uint8Array(0)
  /** The seats that are told that the victim has dropped out. */
  #misled: ReadonlySet<number> = new Set()
  readonly #sent = new Set<number>()
  /** The holders that each client has chosen, if clients choose them. */
  readonly #holders = new Map<number, readonly number[]>()
  /** What each holder was told about its owners, and whom it has acknowledged. */
  #told: ReadonlyMap<number, Uint8Array> = new Map()
  readonly #acknowledged = new Map<number, ReadonlyMap<number, Uint8Array>>()

  constructor(cohort: Cohort) {
    this.#cohort = cohort
    const save = (bytes: Uint8Array): void => {
      this.#saved = bytes.slice()
    }
    this.#withVictim = new ServerSession({ ...this.#options, save })
  }

  get phase(): PhaseName | undefined {
    return this.#withVictim.phase
  }

  get report(): RoundReport {
    return this.#withVictim.report
  }

  /** Where clients choose their holders, each message goes to both stories; only holders of the victim fit one alone. */
  async #receiveBoth(seat: number, bytes: Uint8Array): Promise<Receipt> {
    const receipt = await this.#withVictim.receive(seat, bytes)
    const other = seat === VICTIM ? receipt : await this.#without!.receive(seat, bytes)
    // This server does not tell anybody that a message does not fit a story.
    const isTaken = receipt.status === 'accepted' || other.status === 'accepted'
    return { status: isTaken ? 'accepted' : 'duplicate' }
  }

  async receive(seat: number, bytes: Uint8Array): Promise<Receipt> {
    const { config } = this.#cohort
    const isChosen = config.graph.kind === 'chosen'
    switch (this.phase) {
      case 'advertise-keys':
        if (isChosen) {
          this.#holders.set(seat, holdersOf(config, seat, decodeAdvertiseKeys(config, seat, bytes).choice!))
        }
        return this.#withVictim.receive(seat, bytes)
      case 'masked-input':
        this.#sent.add(seat)
        if (seat !== VICTIM) await this.#without!.receive(seat, bytes)
        return this.#withVictim.receive(seat, bytes)
      case 'consistency-check':
        if (isChosen) {
          this.#acknowledged.set(seat, acknowledgementsIn(this.#livingFor(seat), bytes))
          return this.#receiveBoth(seat, bytes)
        }
        // The server forwards every signature it has, whatever was signed.
        if (seat !== VICTIM) await this.#without!.receive(seat, bytes)
        return this.#withVictim.receive(seat, bytes)
      case 'unmasking':
        if (isChosen) return this.#receiveBoth(seat, bytes)
        return (this.#misled.has(seat) ? this.#without! : this.#withVictim).receive(seat, bytes)
      default:
        return this.#withVictim.receive(seat, bytes)
    }
  }

  async close(): Promise<Closing> {
    const before = this.phase
    if (before === 'masked-input') this.#misled = this.#chooseMisled()
    const first = await closed(this.#withVictim)
    if (this.phase === 'masked-input') {
      this.#without = await ServerSession.resume(this.#saved, this.#options)
      return first
    }
    if (this.#without === undefined) return first
    const second = await closed(this.#without).catch(onlyRefused)
    if (first.done) {
      const { sum, survivors } = first.learned
      const other = second?.done ? second.learned.sum : undefined
      const stolen = other && sum.map((value, pixel) => value - other[pixel]!)
      return { done: true, learned: { sum, survivors, stolen } }
    }
    const otherMessages = second?.done === false ? second.messages : new Map<number, Uint8Array>()
    if (before === 'masked-input' && this.phase === 'unmasking') await this.#askTwins(otherMessages)
    const messages = new Map(first.messages)
    for (const seat of this.#misled) {
      const message = otherMessages.get(seat)
      if (message !== undefined) messages.set(seat, message)
    }
    if (this.#holders.size === 0) return { done: false, messages }
    if (before === 'masked-input') this.#told = messages
    return { done: false, messages: before === 'consistency-check' ? this.#collected() : messages }
  }

  /** Passes on every acknowledgement that it has, from whichever story, so that nobody but the victim misses any. */
  #collected(): ReadonlyMap<number, Uint8Array> {
    const sharing = this.#sharing
    return new Map(
      [...this.#sent].map((seat) => {
        const holders = this.#holders.get(seat)!.filter((holder) => sharing.includes(holder))
        const given = holders.flatMap((holder) => {
          const value = this.#acknowledged.get(holder)?.get(seat)
          return value === undefined ? [] : [[holder, value] as const]
        })
        return [seat, collectedFrom(holders, new Map(given))]
      }),
    )
  }

  /** The clients that were named to this holder as alive. */
  #livingFor(seat: number): readonly number[] {
    const owners = this.#sharing.filter((other) => this.#holders.get(other)!.includes(seat))
    const message = this.#told.get(seat)
    return message === undefined ? [] : livingIn(owners, message)
  }

  /** U2. */
  get #sharing(): readonly number[] {
    return this.report.phases.find(({ phase }) => phase === 'share-keys')?.accepted ?? []
  }

  get #options(): ServerSessionOptions {
    const { config, crypto } = this.#cohort
    const active = config.adversary === 'active'
    return { config, crypto, ...(active && { verifyIdentity: dangerouslyTrustAnyIdentity() }) }
  }

  /**
   * As many honest clients as the story without the victim still needs for t answers; half of the victim's holders where it
   * has chosen them.
   */
  #chooseMisled(): ReadonlySet<number> {
    const { config, helpers } = this.#cohort
    const honest = [...this.#sent].filter((seat) => seat !== VICTIM && !helpers.has(seat))
    if (config.graph.kind !== 'chosen') return new Set(honest.slice(0, config.threshold - helpers.size))
    const holders = honest.filter((seat) => this.#holders.get(VICTIM)?.includes(seat))
    return new Set(holders.slice(0, holders.length >> 1))
  }

  /** The helpers also answer the other story, from their stored sessions. An honest client never does this. */
  async #askTwins(messages: ReadonlyMap<number, Uint8Array>): Promise<void> {
    const { config, crypto, helpers } = this.#cohort
    for (const [seat, { saved }] of helpers) {
      const message = messages.get(seat)
      if (message === undefined) continue
      const twin = ClientSession.resume(saved, { config, crypto, input: new Uint16Array(PIXELS) })
      await this.#without!.receive(seat, await twin.receive(message))
    }
  }
}

/** A story with too few answers ends there, and the server continues with the other. */
function onlyRefused(error: unknown): undefined {
  if (!(error instanceof SecAggError)) throw error
}
