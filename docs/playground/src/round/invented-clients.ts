import {
  ClientSession,
  dangerouslyTrustAnyIdentity,
  ed25519Signer,
  type PhaseName,
  type Receipt,
  type RoundReport,
  SecAggError,
  ServerSession,
} from 'secagg'
import { PIXELS } from '../../../examples/mnist/examples.js'
import { closed, HonestServer } from './honest-server.js'
import type { AggregationServer, Closing } from './server.js'
import { type Cohort, VICTIM } from './setup.js'

/**
 * The server that replaces the keys of everybody else: its victim is alone with clients that the server invented. They
 * all add zeros, so the sum is what the victim holds. The other clients have an ordinary round without the victim.
 */
export class InventingServer implements AggregationServer {
  readonly #others: HonestServer
  readonly #trap: ServerSession
  readonly #invented: ReadonlyMap<number, ClientSession>
  #inbox: ReadonlyMap<number, Uint8Array> | undefined

  constructor(cohort: Cohort) {
    const { config, crypto } = cohort
    const verifyIdentity = dangerouslyTrustAnyIdentity()
    this.#others = new HonestServer(cohort)
    this.#trap = new ServerSession({ config, crypto, verifyIdentity })
    const seats = cohort.clients.map((_, seat) => seat).filter((seat) => seat !== VICTIM)
    this.#invented = new Map(
      seats.map((seat) => {
        // The server does not have the key that is enrolled for this seat, so it makes one.
        const signer = ed25519Signer(crypto.randomBytes(32), crypto.ed25519)
        const input = new Uint16Array(PIXELS)
        return [seat, new ClientSession({ config, seat, input, crypto, signer, verifyIdentity })]
      }),
    )
  }

  get phase(): PhaseName | undefined {
    return this.#others.phase
  }

  get report(): RoundReport {
    return this.#others.report
  }

  receive(seat: number, bytes: Uint8Array): Promise<Receipt> {
    return seat === VICTIM ? this.#trap.receive(seat, bytes) : this.#others.receive(seat, bytes)
  }

  async close(): Promise<Closing> {
    const trap = await this.#closeTrap()
    const others = await this.#others.close()
    if (!others.done) {
      const messages = new Map(others.messages)
      const message = trap?.done === false ? trap.messages.get(VICTIM) : undefined
      if (message !== undefined) messages.set(VICTIM, message)
      return { done: false, messages }
    }
    const caught = trap?.done === true && trap.learned.survivors.includes(VICTIM)
    return { done: true, learned: { ...others.learned, stolen: caught ? trap.learned.sum : undefined } }
  }

  /** `undefined` if the trap failed. */
  async #closeTrap(): Promise<Closing | undefined> {
    for (const [seat, client] of this.#invented) {
      const message = this.#inbox?.get(seat)
      if (this.#inbox !== undefined && message === undefined) continue
      const answer = message === undefined ? client.start() : client.receive(message)
      await this.#trap.receive(seat, await answer)
    }
    try {
      const closing = await closed(this.#trap)
      this.#inbox = closing.done ? new Map() : closing.messages
      return closing
    } catch (error) {
      if (error instanceof SecAggError) return undefined
      throw error
    }
  }
}
