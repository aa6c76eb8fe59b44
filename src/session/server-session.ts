import type { Bytes } from '../crypto/bytes.js'
import { type PhaseName, SecAggError, usageError } from '../errors.js'
import { indexOfSeat } from '../graph/index.js'
import { requireSeatNumber } from '../protocol/checks.js'
import { server } from '../protocol/index.js'
import { hashOf } from '../rounds/index.js'
import { fingerprint } from '../vector/index.js'
import { openEnvelope } from '../wire/index.js'
import { type CheckedAhead, checkAhead, KnownMessages, requireDue } from './arrivals.js'
import { type TellServer, teller } from './events.js'
import { requireBytes } from './input.js'
import { messagesOf, type Phase, type PhaseContext } from './phase.js'
import { advertisePhase } from './phases.js'
import { type Books, Ledger, type RoundReport } from './report.js'
import { save } from './saved/saved-client.js'
import { decodeServerSession, encodeServerSession, resumedPhase } from './saved/saved-server.js'
import {
  checkedServerOptions,
  contextOf,
  type PhaseOutcome,
  type Receipt,
  type ServerSessionOptions,
} from './session-options.js'
import { discardAllUploads } from './slice-uploads.js'
import { inTurns } from './turns.js'

/**
 * The server of one round: bytes in, bytes out. The host says which seat a message is from, which it knows from an
 * authenticated connection, and when a round is over; the session keeps no time.
 *
 *     const session = new ServerSession({ config })
 *     for each message that arrives: await session.receive(seat, bytes)
 *     when all have answered, or time is up: await session.closePhase()
 * @public
 */
export class ServerSession {
  readonly #options: ServerSessionOptions
  #ledger: Ledger
  #known: KnownMessages
  #opened: Promise<void> | undefined
  #phase: Phase | undefined
  #closing: Promise<PhaseOutcome> | undefined
  #outcome: PhaseOutcome | undefined
  /** The last state, once the sum is there. */
  #finished: server.ServerFinished | undefined
  /**
   * Calls take effect one after the other, in the order in which they are made. So a message is in the sum if and only if
   * its sender is a survivor, and a host that closes again and again keeps no message out.
   */
  readonly #inTurn: ReturnType<typeof inTurns> = inTurns()
  #tell: TellServer

  /**
   * @throws {SecAggError} `invalid-argument` where an option is of the wrong kind, `config` was not made by
   *   `createRoundConfig`, or the active model lacks `verifyIdentity`.
   */
  constructor(options: ServerSessionOptions) {
    this.#options = checkedServerOptions(options)
    const { config, onEvent } = this.#options
    this.#ledger = new Ledger(config.clients)
    this.#known = new KnownMessages(config)
    this.#tell = teller(config, onEvent)
    // Once the host has the session.
    if (onEvent !== undefined) Promise.resolve().then(() => this.#tellOpened())
  }

  /**
   * A session as it was when `saved` was stored. The host then gives the open round's messages once more to those in
   * `waitingFor`, by `messageFor`: who has them answers with the same bytes. Unfinished vectors in slices begin again; the
   * store is rid of their slices.
   *
   * @throws {SecAggError} fault `usage`: `malformed-state` where `saved` is no server's session or was cut or changed, or
   *   where `verifyIdentity` no longer accepts what it did; `unsupported-version`; `configuration-mismatch` where `config`
   *   is not that of the round. `crypto-failure` where `verifyIdentity` fails.
   */
  static async resume(saved: Uint8Array, options: ServerSessionOptions): Promise<ServerSession> {
    const session = new ServerSession(options)
    const { config, onEvent } = session.#options
    // It has no phase yet.
    session.#tell = () => undefined
    const decoded = decodeServerSession(requireBytes(saved), config)
    session.#ledger = new Ledger(config.clients, decoded.books)
    session.#known = new KnownMessages(config, decoded.known)
    const context = await session.#context()
    session.#phase = await resumedPhase(decoded, context)
    await discardAllUploads(config, context.sliceStore)
    session.#tell = teller(config, onEvent)
    session.#tellOpened()
    return session
  }

  /** The round that is open: the message that is collected. `undefined` once the sum is there. */
  get phase(): PhaseName | undefined {
    if (this.#outcome !== undefined) return undefined
    return this.#phase?.phase ?? 'advertise-keys'
  }

  /** The seats that may still answer in the open round, ascending. */
  get waitingFor(): readonly number[] {
    if (this.#outcome !== undefined) return []
    const { clients } = this.#options.config
    if (this.#phase === undefined) return Array.from({ length: clients }, (_, seat) => seat)
    const accepted = this.#phase.accepted
    return this.#phase.expected.filter((seat) => !accepted.has(seat))
  }

  /** What happened so far. */
  get report(): RoundReport {
    return this.#ledger.report(this.#finished ?? this.#phase?.state)
  }

  /**
   * The message of the open round for one seat, once more: for a client that has lost its connection.
   * @throws {SecAggError} `invalid-argument` where `seat` is no number.
   */
  messageFor(seat: number): Bytes | undefined {
    requireSeatNumber(seat)
    const outbound = this.#phase?.outbound
    return outbound !== undefined && indexOfSeat(outbound.recipients, seat) >= 0
      ? outbound.messageFor(seat)
      : undefined
  }

  /**
   * Takes in one message of one seat. `bytes` must not change until the promise settles; nothing of them is kept
   * alive afterwards. Never throws for what is in them.
   *
   * @throws {SecAggError} `invalid-argument` where the host hands over something else than a number and bytes;
   *   `crypto-failure` where `verifyIdentity` fails, `storage-failure` where the store of slices does. The same message
   *   may then be given again. A slice that the store has kept is taken in even so: `checkpoint` and `closePhase` try
   *   again to finish its vector.
   */
  async receive(seat: number, bytes: Uint8Array): Promise<Receipt> {
    const message = requireBytes(bytes)
    requireSeatNumber(seat)
    const ahead = this.#open().then(() =>
      this.#outcome === undefined ? checkAhead(seat, message, this.#phase!) : undefined,
    )
    // What goes wrong is seen in its turn.
    ahead.catch(() => undefined)
    return this.#inTurn(async () => {
      const receipt = await this.#receipt(seat, message, ahead)
      const error = receipt.status === 'refused' ? receipt.error : undefined
      this.#tell({
        type: 'message',
        phase: this.phase ?? 'unmasking',
        seat,
        bytes: message.length,
        status: error?.code === 'late-message' ? 'late' : receipt.status,
        ...(error && { error }),
      })
      return receipt
    })
  }

  /**
   * Forgets the slices of a masked vector of which nothing is in the sum yet, as when its sender is gone; it may begin
   * again. Returns whether there were any.
   */
  async discardUpload(seat: number): Promise<boolean> {
    requireSeatNumber(seat)
    return this.#inTurn(async () => {
      const discarded = (await this.#phase?.discard?.(seat)) ?? false
      if (discarded) this.#known.forgetSlices(seat)
      return discarded
    })
  }

  /**
   * Saves everything that was taken in so far. What is not saved is lost in a crash and has to be sent again, which a
   * client does when it is given its message again.
   *
   * @throws {SecAggError} `invalid-argument` where the session has no `save`; `storage-failure` where it fails, or where
   *   the store of slices has failed in the middle of a vector, until it works again; `out-of-order` once the sum is there.
   */
  async checkpoint(): Promise<void> {
    if (this.#options.save === undefined)
      throw usageError('invalid-argument', 'a checkpoint needs the option save')
    await this.#inTurn(async () => {
      await this.#open()
      if (this.#outcome !== undefined) throw usageError('out-of-order', 'the last round is closed already')
      const phase = this.#phase!
      await phase.settle?.()
      await this.#save(phase, this.#ledger.books)
    })
  }

  /**
   * Ends the open round with those who have answered. Messages that were given before count, so it waits until
   * `verifyIdentity` has settled for them.
   *
   * @throws {SecAggError} `too-few-clients`, `too-few-shares` or `wrong-share` where the protocol cannot go on;
   *   `storage-failure` where `save` or the store of slices fails. The round is then still open, for more messages, to be
   *   closed again or to be given up.
   */
  closePhase(): Promise<PhaseOutcome> {
    if (this.#closing !== undefined) {
      return Promise.reject(usageError('out-of-order', 'the round is being closed already'))
    }
    if (this.#outcome !== undefined) {
      return Promise.reject(usageError('out-of-order', 'the last round is closed already'))
    }
    this.#closing = this.#inTurn(() => this.#close()).finally(() => {
      this.#closing = undefined
    })
    return this.#closing
  }

  async #close(): Promise<PhaseOutcome> {
    await this.#open()
    const phase = this.#phase!
    // The sum can then be made again without the clients.
    if (phase.phase === 'unmasking') await this.#save(phase, this.#ledger.books)
    const { accepted, next, release } = await phase.close()
    if (!('sum' in next)) await this.#save(next, this.#ledger.booksAfter(phase, accepted))
    const closed = { type: 'phase-closed', ...this.#ledger.close(phase, accepted) } as const
    if ('sum' in next) {
      this.#finished = next.state
      const configHash = hashOf(this.#options.config)
      this.#outcome = { done: true, sum: next.sum, configHash, report: this.report }
      this.#tell(closed)
      await release?.()
      return this.#outcome
    }
    this.#phase = next
    this.#tell(closed)
    this.#tellOpened()
    await release?.()
    return { done: false, phase: next.phase, messages: messagesOf(next) }
  }

  #save(phase: Phase, books: Books): Promise<void> {
    return save(this.#options.save, () => encodeServerSession(phase, books, this.#known.wholeMessages(phase)))
  }

  /** Takes in a message, or writes down why it is refused. */
  async #receipt(
    seat: number,
    bytes: Uint8Array,
    ahead: Promise<CheckedAhead | undefined>,
  ): Promise<Receipt> {
    try {
      const receipt = await this.#take(seat, bytes, await ahead)
      if (receipt.status === 'duplicate') this.#ledger.duplicate()
      return receipt
    } catch (error) {
      if (!(error instanceof SecAggError) || error.fault !== 'peer') throw error
      this.#ledger.refuse(seat, error.phase ?? this.phase ?? 'unmasking', error)
      return { status: 'refused', error }
    }
  }

  /** Takes in a message whose turn it is. What is known already is decided only here, as the calls before may change it. */
  async #take(seat: number, bytes: Uint8Array, ahead: CheckedAhead | undefined): Promise<Receipt> {
    const phase = this.#phase!
    const envelope = openEnvelope(bytes)
    if (envelope !== undefined && this.#known.isRepeated(envelope, seat)) {
      const isFinished = envelope.type === phase.type && (await phase.again?.(seat, bytes))
      return { status: isFinished === true ? 'accepted' : 'duplicate' }
    }
    const message = requireDue(seat, bytes, phase, this.#known, this.#outcome !== undefined)
    // A round that was closed in between had other rules.
    const takeIn = await (ahead?.phase === phase ? ahead.takeIn : phase.check(seat, bytes))
    const taken = await takeIn()
    if (taken.status === 'busy') return taken
    this.#known.note(message, seat, taken.fingerprint ?? fingerprint(message.content))
    await taken.finish?.()
    return { status: 'accepted' }
  }

  #open(): Promise<void> {
    const open = async (): Promise<void> => {
      this.#phase ??= advertisePhase(server.openRound(this.#options.config), await this.#context())
    }
    this.#opened ??= open().catch((error: unknown) => {
      this.#opened = undefined
      throw error
    })
    return this.#opened
  }

  #context(): Promise<PhaseContext> {
    return contextOf(this.#options, (event) => this.#tell(event))
  }

  #tellOpened(): void {
    const { phase, waitingFor } = this
    if (phase !== undefined) this.#tell({ type: 'phase-opened', phase, waitingFor: waitingFor.length })
  }
}
