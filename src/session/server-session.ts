import type { Bytes } from '../crypto/bytes.js'
import { type PhaseName, usageError } from '../errors.js'
import { indexOfSeat } from '../graph/index.js'
import type { UploadPlace } from '../plane/index.js'
import { requireSeatNumber } from '../protocol/checks.js'
import { allSeats } from '../protocol/config.js'
import * as server from '../protocol/server/index.js'
import { inTurns, passOn } from '../vector/pace.js'
import { type Ahead, checkAhead, Intake } from './arrivals.js'
import { messageEvent, type TellServer, teller } from './events.js'
import { requireBytes } from './input.js'
import { messagesOf, type Phase } from './phase.js'
import { advertisePhase } from './phases.js'
import type { Books, RoundReport } from './report.js'
import { decodeServerSession, resumedPhase, saveServerSession } from './saved/saved-server.js'
import {
  checkedServerOptions,
  contextOf,
  finishedOutcome,
  isResumable,
  type PhaseOutcome,
  type Receipt,
  type ServerSessionOptions,
  type SumSink,
} from './serving-options.js'

/**
 * The server of one round: bytes in, bytes out. The host tells the session which seat sent a message, which it knows from
 * the authenticated connection. When all clients have answered, or time is up, it calls `closePhase` and sends the messages
 * that this returns. The session has no timers.
 *
 * @example
 * ```ts
 * import { ClientSession, createRoundConfig, ServerSession } from 'secagg'
 *
 * const config = createRoundConfig({
 *   sessionId: new Uint8Array(32).fill(7),
 *   clients: 3,
 *   adversary: 'honest-but-curious',
 *   segments: [{ length: 1, bits: 16, bound: 100 }],
 * })
 * const session = new ServerSession({ config })
 * const clients = [0, 1, 2].map((seat) => new ClientSession({ config, seat, input: Uint16Array.of(seat) }))
 * for (const [seat, client] of clients.entries()) await session.receive(seat, await client.start())
 * let outcome = await session.closePhase()
 * while (!outcome.done) {
 *   for (const [seat, bytes] of outcome.messages) await session.receive(seat, await clients[seat]!.receive(bytes))
 *   outcome = await session.closePhase()
 * }
 * console.log(outcome.sum) // [ Uint16Array(1) [ 3 ] ]
 * ```
 * @public
 */
export class ServerSession<Sink extends SumSink | undefined = undefined> {
  readonly #options: ServerSessionOptions<Sink>
  #intake: Intake
  #opened: Promise<void> | undefined
  #phase: Phase | undefined
  #closing: Promise<PhaseOutcome<Sink>> | undefined
  #outcome: PhaseOutcome<Sink> | undefined
  /** The last state, once the sum is known. */
  #finished: server.ServerFinished | undefined
  /**
   * Calls take effect one after the other, in the order in which they are made. Therefore a vector is in the sum if and only
   * if its sender is a survivor, and messages are handled even if the host calls `closePhase` again and again.
   */
  readonly #inTurn: ReturnType<typeof inTurns> = inTurns()
  #tell: TellServer

  /**
   * @throws {SecAggError} `invalid-argument` if an option is of the wrong kind, if `createRoundConfig` did not make `config`,
   *   or if `verifyIdentity` is missing in the active model.
   */
  constructor(options: ServerSessionOptions<Sink>) {
    this.#options = checkedServerOptions(options)
    const { config, onEvent } = this.#options
    this.#intake = new Intake(config)
    this.#tell = teller(config, onEvent)
    if (onEvent !== undefined) Promise.resolve().then(() => this.#tellOpened()) // Once the host has the session.
  }

  /**
   * Restores a session from the bytes that `save` stored last. The host then sends `messageFor(seat)` again to every seat in
   * `waitingFor`. A client that has already answered sends the same bytes again. Incomplete vectors in slices start again;
   * their slices are deleted from the store.
   *
   * @throws {SecAggError} fault `usage`: `malformed-state` if `saved` is not a server's session, if it is damaged, or if
   *   `verifyIdentity` no longer accepts what it accepted before; `unsupported-version`; `configuration-mismatch` if `config`
   *   differs from the round's. `crypto-failure` if `verifyIdentity` fails.
   */
  static async resume<Sink extends SumSink | undefined = undefined>(
    saved: Uint8Array,
    options: ServerSessionOptions<Sink>,
  ): Promise<ServerSession<Sink>> {
    const session = new ServerSession(options)
    const { config, onEvent } = session.#options
    session.#tell = () => undefined // No events yet: the session has no phase.
    const decoded = decodeServerSession(requireBytes(saved), config)
    session.#intake = new Intake(config, decoded)
    const context = await contextOf(session.#options, (event) => session.#tell(event))
    session.#phase = await resumedPhase(decoded, context)
    session.#tell = teller(config, onEvent)
    session.#tellOpened()
    return session
  }

  /** The phase that is open. `undefined` once the sum is known. */
  get phase(): PhaseName | undefined {
    if (this.#outcome !== undefined) return undefined
    return this.#phase?.phase ?? 'advertise-keys'
  }

  /** The seats that may still answer in the open phase, ascending. */
  get waitingFor(): readonly number[] {
    if (this.#outcome !== undefined) return []
    const phase = this.#phase
    if (phase === undefined) return allSeats(this.#options.config)
    return phase.expected.filter((seat) => !phase.accepted.has(seat) && !phase.hasAlternative?.(seat))
  }

  /**
   * With hybrid key agreement: the seats that have sent a complaint in the open phase instead of a vector, ascending. They will
   * not be in the sum.
   */
  get complaining(): readonly number[] {
    const phase = this.#outcome === undefined ? this.#phase : undefined
    return phase?.expected.filter((seat) => phase.hasAlternative?.(seat)) ?? []
  }

  /** What happened so far. */
  get report(): RoundReport {
    return this.#intake.ledger.report(this.#finished ?? this.#phase?.state)
  }

  /**
   * The message of the open phase for one seat, for a client that has lost its connection. `undefined` if there is none. Several
   * seats can get the same array: copy it before you change or transfer it.
   * @throws {SecAggError} `invalid-argument` if `seat` is not a number.
   */
  messageFor(seat: number): Bytes | undefined {
    requireSeatNumber(seat)
    const outbound = this.#phase?.outbound
    return outbound && (indexOfSeat(outbound.recipients, seat) < 0 ? undefined : outbound.messageFor(seat))
  }

  /**
   * Handles one message of one seat. `bytes` must not change until the promise settles; the session does not keep them. The
   * content of a message never makes it throw: a bad message is `refused`.
   *
   * @throws {SecAggError} `invalid-argument` if the arguments are not a number and bytes; `crypto-failure` if
   *   `verifyIdentity` fails; `storage-failure` if the store of slices fails. The host may then pass the same message again. A
   *   slice that was stored counts even so: `checkpoint` and `closePhase` retry to add its vector to the sum.
   */
  receive(seat: number, bytes: Uint8Array): Promise<Receipt> {
    try {
      const message = requireBytes(bytes)
      requireSeatNumber(seat)
      const ahead = this.#checkAhead(seat, message)
      return this.#inTurn(() => passOn(ahead, (checked) => this.#receive(seat, message, checked)))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #receive(seat: number, message: Bytes, ahead: Ahead): Receipt | Promise<Receipt> {
    const isOver = this.#outcome !== undefined
    return passOn(this.#intake.receive(seat, message, ahead, this.#phase!, isOver), (receipt) => {
      this.#tell(messageEvent(receipt, this.phase ?? 'unmasking', seat, message.length))
      return receipt
    })
  }

  /** A promise only while the session opens. */
  #checkAhead(seat: number, message: Uint8Array): Ahead | Promise<Ahead> {
    if (this.#outcome !== undefined) return undefined
    if (this.#phase !== undefined) return checkAhead(seat, message, this.#phase)
    const ahead = this.#open().then(() => this.#checkAhead(seat, message))
    ahead.catch(() => undefined) // It is seen when the message's turn comes.
    return ahead
  }

  /**
   * Where the client at this seat sends its masked vector, if the plane is on other machines: `undefined` if the vector goes
   * to `receive`, `later` if the place is not known at the moment. Without a ticket, the client first proves to `receive`
   * whose masks are in its vector. When the place changes, the client sends its vector again.
   * @throws {SecAggError} `invalid-argument` if `seat` is not a number.
   */
  uploadFor(seat: number): UploadPlace | 'later' | undefined {
    requireSeatNumber(seat)
    return this.#outcome === undefined ? this.#phase?.uploadFor?.(seat) : undefined
  }

  /**
   * Forgets the slices of an incomplete masked vector, for example because its sender is gone. The sender may start again.
   * Returns whether there were any. A vector that is partly in the sum is kept.
   */
  async discardUpload(seat: number): Promise<boolean> {
    requireSeatNumber(seat)
    return this.#inTurn(async () => {
      const discarded = (await this.#phase?.discard?.(seat)) ?? false
      if (discarded) this.#intake.known.forgetSlices(seat)
      return discarded
    })
  }

  /**
   * Ends what the plane does in the background. Unless the round is `resumable`, the plane also forgets its vectors, even
   * while `saveResult` runs.
   */
  async abandon(options: { readonly resumable?: boolean | undefined } = {}): Promise<void> {
    const resumable = isResumable(options)
    this.#phase?.plane?.stop?.()
    if (this.#outcome === undefined && !resumable) await this.#phase?.plane?.close()
  }

  /**
   * Saves everything that was accepted so far. Messages that are not saved are lost in a crash. Clients send them again when
   * they receive the server's message again.
   *
   * @throws {SecAggError} `invalid-argument` without the option `save`; `storage-failure` if `save` fails, or while the store
   *   of slices fails in the middle of a vector; `out-of-order` once the sum is known.
   */
  async checkpoint(): Promise<void> {
    if (this.#options.save === undefined)
      throw usageError('invalid-argument', 'a checkpoint needs the option save')
    await this.#inTurn(async () => {
      await this.#open()
      if (this.#outcome !== undefined) throw usageError('out-of-order', 'the last phase is already closed')
      await this.#phase!.settle?.()
      await this.#save(this.#phase!, this.#intake.ledger.books)
    })
  }

  /**
   * Closes the open phase with the clients that have answered. Messages that were passed to `receive` before count, so it
   * waits until they are checked.
   *
   * @throws {SecAggError} `too-few-clients`, `too-few-shares` or `wrong-share` if the protocol cannot continue;
   *   `storage-failure` if `save`, `saveResult`, the plane or the sink fails. The phase then stays open: the host may wait for more
   *   messages, close it again, or give up the round. `out-of-order` while another call is closing it, or once the sum is
   *   known.
   */
  closePhase(): Promise<PhaseOutcome<Sink>> {
    const what = this.#outcome ? 'the last phase is already' : this.#closing && 'the phase is already being'
    if (what !== undefined) return Promise.reject(usageError('out-of-order', `${what} closed`))
    this.#closing = this.#inTurn(() => this.#close()).finally(() => {
      this.#closing = undefined
    })
    return this.#closing
  }

  async #close(): Promise<PhaseOutcome<Sink>> {
    await this.#open()
    const phase = this.#phase!
    // With these bytes, the sum can be computed again without the clients.
    if (phase.phase === 'unmasking') await this.#save(phase, this.#intake.ledger.books)
    const { accepted, next, release, undo } = await phase.close()
    const books = this.#intake.ledger.booksAfter(phase, accepted)
    let finished: PhaseOutcome<Sink> | undefined
    try {
      if ('sum' in next) finished = await finishedOutcome(next, books, this.#options)
      else await this.#save(next, books)
    } catch (error) {
      await undo?.()
      throw error
    }
    const closed = { type: 'phase-closed', ...this.#intake.ledger.close(phase, accepted) } as const
    if ('sum' in next) {
      this.#finished = next.state
      this.#outcome = finished
    } else this.#phase = next
    this.#tell(closed)
    this.#tellOpened()
    await release?.()
    return 'sum' in next ? finished! : { done: false, phase: next.phase, messages: messagesOf(next) }
  }

  #save(phase: Phase, books: Books): Promise<void> {
    return saveServerSession(this.#options.save, phase, books, () => this.#intake.known.wholeMessages(phase))
  }

  #open(): Promise<void> {
    const open = async (): Promise<void> => {
      if (this.#phase !== undefined) return
      const context = await contextOf(this.#options, (event) => this.#tell(event))
      this.#phase = advertisePhase(server.openRound(this.#options.config), context)
    }
    this.#opened ??= open().catch((error: unknown) => {
      this.#opened = undefined
      throw error
    })
    return this.#opened
  }

  #tellOpened(): void {
    const { phase } = this
    if (phase !== undefined) this.#tell({ type: 'phase-opened', phase, waitingFor: this.waitingFor.length })
  }
}
