import { SecAggError } from '../errors.js'
import type { RoundConfig } from '../protocol/index.js'
import { fingerprint } from '../vector/index.js'
import { openEnvelope } from '../wire/index.js'
import { type CheckedAhead, type KnownMessage, KnownMessages, requireDue } from './arrivals.js'
import type { Phase } from './phase.js'
import { type Books, Ledger } from './report.js'
import type { Receipt } from './session-options.js'

/** Accepts the messages of a round, and keeps the books on them. */
export class Intake {
  readonly ledger: Ledger
  readonly known: KnownMessages

  /** @throws {SecAggError} `malformed-state` if what was saved does not fit this configuration. */
  constructor(
    config: RoundConfig,
    saved?: { readonly books: Books; readonly known: readonly KnownMessage[] },
  ) {
    this.ledger = new Ledger(config.clients, saved?.books)
    this.known = new KnownMessages(config, saved?.known)
  }

  /** Accepts a message whose turn it is, or records why it is refused. `phase`: the open one, or the last. */
  async receive(
    seat: number,
    bytes: Uint8Array,
    ahead: CheckedAhead | undefined,
    phase: Phase,
    isFinished: boolean,
  ): Promise<Receipt> {
    try {
      const receipt = await this.#take(seat, bytes, ahead, phase, isFinished)
      if (receipt.status === 'duplicate') this.ledger.duplicate()
      return receipt
    } catch (error) {
      if (!(error instanceof SecAggError) || error.fault !== 'peer') throw error
      this.ledger.refuse(seat, error.phase ?? phase.phase, error)
      return { status: 'refused', error }
    }
  }

  /** Whether a message is repeated is decided only now, because earlier calls may change that. */
  async #take(
    seat: number,
    bytes: Uint8Array,
    ahead: CheckedAhead | undefined,
    phase: Phase,
    isFinished: boolean,
  ): Promise<Receipt> {
    const envelope = openEnvelope(bytes)
    if (envelope !== undefined && this.known.isRepeated(envelope, seat)) {
      const isDone = envelope.type === phase.type && (await phase.again?.(seat, bytes))
      return { status: isDone === true ? 'accepted' : 'duplicate' }
    }
    const message = requireDue(seat, bytes, phase, this.known, isFinished)
    // If a phase was closed in between, the check ahead was made for the wrong phase.
    const takeIn = await (ahead?.phase === phase ? ahead.takeIn : phase.check(seat, bytes))
    const taken = await takeIn()
    if (taken.status === 'busy') return taken
    this.known.note(message, seat, taken.fingerprint ?? fingerprint(message.content))
    await taken.finish?.()
    return { status: 'accepted' }
  }
}
