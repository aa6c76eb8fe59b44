import { type PhaseName, type Receipt, type RoundReport, ServerSession } from 'secagg'
import type { AggregationServer, Closing } from './server.js'
import type { Cohort } from './setup.js'

/** The server that follows the protocol. */
export class HonestServer implements AggregationServer {
  readonly #session: ServerSession

  constructor({ config, crypto, verifyIdentity }: Cohort) {
    this.#session = new ServerSession({ config, crypto, verifyIdentity })
  }

  get phase(): PhaseName | undefined {
    return this.#session.phase
  }

  get report(): RoundReport {
    return this.#session.report
  }

  receive(seat: number, bytes: Uint8Array): Promise<Receipt> {
    return this.#session.receive(seat, bytes)
  }

  close(): Promise<Closing> {
    return closed(this.#session)
  }
}

export async function closed(session: ServerSession): Promise<Closing> {
  const outcome = await session.closePhase()
  if (!outcome.done) return { done: false, messages: new Map(outcome.messages) }
  return {
    done: true,
    learned: { sum: outcome.sum[0] as Uint16Array, survivors: outcome.report.survivors },
  }
}
