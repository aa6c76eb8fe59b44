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
import { PIXELS } from '../../../examples/mnist/examples.js'
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

  async receive(seat: number, bytes: Uint8Array): Promise<Receipt> {
    switch (this.phase) {
      case 'masked-input':
        this.#sent.add(seat)
        if (seat !== VICTIM) await this.#without!.receive(seat, bytes)
        return this.#withVictim.receive(seat, bytes)
      case 'consistency-check':
        // The server forwards every signature it has, whatever was signed.
        if (seat !== VICTIM) await this.#without!.receive(seat, bytes)
        return this.#withVictim.receive(seat, bytes)
      case 'unmasking':
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
    return { done: false, messages }
  }

  get #options(): ServerSessionOptions {
    const { config, crypto } = this.#cohort
    const active = config.adversary === 'active'
    return { config, crypto, ...(active && { verifyIdentity: dangerouslyTrustAnyIdentity() }) }
  }

  /** As many honest clients as the story without the victim still needs for t answers. */
  #chooseMisled(): ReadonlySet<number> {
    const { config, helpers } = this.#cohort
    const honest = [...this.#sent].filter((seat) => seat !== VICTIM && !helpers.has(seat))
    return new Set(honest.slice(0, config.threshold - helpers.size))
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
