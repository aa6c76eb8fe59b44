import { equalBytes } from '../crypto/bytes.js'
import { type CryptoProvider, defaultCrypto } from '../crypto/index.js'
import { type RoundName, SecAggError, usageError } from '../errors.js'
import { indexOfSeat } from '../graph/index.js'
import { blamePeer, violation } from '../protocol/blame.js'
import type { RoundConfig, VerifyIdentity } from '../protocol/index.js'
import { suiteOf } from '../protocol/keys.js'
import { executeMaskPlan, fingerprint, type MaskExecutor, type Vector } from '../vector/index.js'
import { type MessageType, openEnvelope } from '../wire/index.js'
import { requireBytes, requireConfig } from './input.js'
import type { Phase } from './phase.js'
import { advertisePhase } from './phases.js'
import { Ledger, type RoundReport } from './report.js'
import { memorySliceStore, type SliceStore } from './slice-store.js'
import { inTurns } from './turns.js'

/** What a {@link ServerSession} is made of. */
export interface ServerSessionOptions {
  readonly config: RoundConfig
  /** Default: the best provider of the platform. */
  readonly crypto?: CryptoProvider | undefined
  /** Needed in the active model. */
  readonly verifyIdentity?: VerifyIdentity | undefined
  /** Executes mask plans, as a pool of worker threads does; default: this thread. */
  readonly maskExecutor?: MaskExecutor | undefined
  /**
   * Where vectors go in slices: how many may be unfinished at a time, 1 or more (default 4); the first slice of another is
   * then `busy`.
   */
  readonly maximumUploads?: number | undefined
  /** Where their slices wait; default: in memory. */
  readonly sliceStore?: SliceStore | undefined
  /** Ends the removal of masks: `closeRound` rejects with the signal's reason, and there is no sum. */
  readonly signal?: AbortSignal | undefined
  /** Progress of the removal of masks, 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined
}

/**
 * What became of one message: taken in; the same as one taken in before; not taken in, because as many vectors are
 * unfinished as there may be, and to be given again when there is room; or refused, with the reason. A refused message
 * costs the others nothing, and its sender may still send a good one while the round is open.
 */
export type Receipt =
  | { readonly status: 'accepted' | 'duplicate' }
  | {
      readonly status: 'busy'
      /** Resolves when an unfinished vector is finished or discarded. */
      readonly room: Promise<void>
    }
  | { readonly status: 'refused'; readonly error: SecAggError }

/** What follows a closed round: messages to send, or the sum. */
export type RoundOutcome =
  | {
      readonly done: false
      /** The round that is now open. */
      readonly round: RoundName
      /** Seat and message, each made when it is asked for. */
      readonly messages: Iterable<readonly [seat: number, bytes: Uint8Array]>
    }
  | {
      readonly done: true
      /** Σ x over the survivors, modulo 2^k; one array of lanes per segment. */
      readonly sum: Vector
      readonly report: RoundReport
    }

/**
 * The server of one round: bytes in, bytes out. The host says which seat a message is from, which it knows from an
 * authenticated connection, and when a round is over; the session keeps no time.
 *
 *     const session = new ServerSession({ config })
 *     for each message that arrives: await session.receive(seat, bytes)
 *     when all have answered, or time is up: await session.closeRound()
 */
export class ServerSession {
  readonly #options: ServerSessionOptions
  readonly #ledger: Ledger
  /** Fingerprints of what was accepted, by type, and by slice and seat, to tell repetitions from second versions. */
  readonly #fingerprints = new Map<MessageType, Map<number, Uint8Array>>()
  #opened: Promise<void> | undefined
  #phase: Phase | undefined
  #closing: Promise<RoundOutcome> | undefined
  #outcome: RoundOutcome | undefined
  /**
   * Messages are taken in and rounds are closed one after the other, in the order in which they come to it. So a message
   * is in the sum if and only if its sender is a survivor, and a host that closes again and again keeps no message out.
   */
  readonly #inTurn: ReturnType<typeof inTurns> = inTurns()

  /** @throws {SecAggError} `invalid-argument` where `config` is not of `createRoundConfig`'s making. */
  constructor(options: ServerSessionOptions) {
    requireConfig(options.config)
    const { maximumUploads = 1 } = options
    if (!Number.isSafeInteger(maximumUploads) || maximumUploads < 1) {
      throw usageError('invalid-argument', 'at least one upload has room', { got: maximumUploads })
    }
    this.#options = options
    this.#ledger = new Ledger(options.config.clients)
  }

  /** The round that is open: the message that is collected. `undefined` once the sum is there. */
  get round(): RoundName | undefined {
    if (this.#outcome !== undefined) return undefined
    return this.#phase?.round ?? 'advertise-keys'
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
    return this.#outcome?.done === true ? this.#outcome.report : this.#ledger.report(this.#phase?.state)
  }

  /** The message of the open round for one seat, once more: for a client that has lost its connection. */
  messageFor(seat: number): Uint8Array | undefined {
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
   *   `crypto-failure` where `verifyIdentity` fails, after which the same message may be given again.
   */
  async receive(seat: number, bytes: Uint8Array): Promise<Receipt> {
    requireBytes(bytes)
    if (typeof seat !== 'number') throw usageError('invalid-argument', 'a seat is a number')
    await this.#open()
    const round = this.round
    try {
      const receipt = await this.#take(seat, bytes)
      if (receipt.status === 'duplicate') this.#ledger.duplicate()
      return receipt
    } catch (error) {
      if (!(error instanceof SecAggError) || error.fault !== 'peer') throw error
      this.#ledger.refuse(seat, error.round ?? round ?? 'unmasking', error)
      return { status: 'refused', error }
    }
  }

  /**
   * Forgets the slices of a masked vector that is not whole yet, as when its sender is gone; it may begin again. Returns
   * whether there were any.
   */
  async discardUpload(seat: number): Promise<boolean> {
    await this.#open()
    return this.#inTurn(async () => {
      const discarded = (await this.#phase?.discard?.(seat)) ?? false
      if (discarded) {
        const slices = this.#fingerprintsOf('maskedSlice')
        const { clients } = this.#options.config
        for (const key of [...slices.keys()]) if (key % clients === seat) slices.delete(key)
      }
      return discarded
    })
  }

  /**
   * Ends the open round with those who have answered.
   *
   * @throws {SecAggError} `too-few-clients`, `too-few-shares` or `wrong-share` where the protocol cannot go on; the
   *   round is then still open, for more messages or to be given up.
   */
  closeRound(): Promise<RoundOutcome> {
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

  async #close(): Promise<RoundOutcome> {
    await this.#open()
    const phase = this.#phase!
    const { accepted, next } = await phase.close()
    this.#ledger.close(phase.round, phase.expected, accepted)
    if ('sum' in next) {
      const report = this.#ledger.report(next.state)
      this.#outcome = { done: true, sum: next.sum, report }
      return this.#outcome
    }
    this.#phase = next
    return { done: false, round: next.round, messages: messagesOf(next) }
  }

  async #take(seat: number, bytes: Uint8Array): Promise<Receipt> {
    const phase = this.#phase!
    const message = openEnvelope(bytes)
    const isSeat = Number.isInteger(seat) && seat >= 0 && seat < this.#options.config.clients
    if (message !== undefined && isSeat && this.#isDuplicate(message, seat, phase))
      return { status: 'duplicate' }
    if (message !== undefined && message.type !== phase.type && this.#fingerprints.has(message.type)) {
      throw late(seat, phase.round)
    }
    const takeIn = await phase.check(seat, bytes)
    return this.#inTurn(async () => {
      const { type, part, content } = message!
      // While it was checked, the round may have been closed, or another copy may have come in.
      if (this.#phase !== phase || this.#outcome !== undefined) throw late(seat, phase.round)
      if (this.#isDuplicate({ type, part, content }, seat, phase)) return { status: 'duplicate' }
      const taken = await takeIn()
      if (taken.status === 'busy') return taken
      this.#fingerprintsOf(type).set(this.#keyOf(part, seat), taken.fingerprint ?? fingerprint(content))
      return { status: 'accepted' }
    })
  }

  /** @throws {SecAggError} where something else of this type was accepted from this seat. */
  #isDuplicate(
    { type, part, content }: NonNullable<ReturnType<typeof openEnvelope>>,
    seat: number,
    phase: Phase,
  ): boolean {
    const accepted = this.#fingerprints.get(type)?.get(this.#keyOf(part, seat))
    if (accepted === undefined) return false
    if (equalBytes(accepted, fingerprint(content))) return true
    if (type !== phase.type) throw late(seat, phase.round)
    const text = `seat ${seat} sent two versions of its ${type} message`
    throw violation('conflicting-message', blamePeer(phase.round, seat), text)
  }

  #keyOf(part: number, seat: number): number {
    return part * this.#options.config.clients + seat
  }

  #fingerprintsOf(type: MessageType): Map<number, Uint8Array> {
    const fingerprints = this.#fingerprints.get(type) ?? new Map<number, Uint8Array>()
    this.#fingerprints.set(type, fingerprints)
    return fingerprints
  }

  #open(): Promise<void> {
    this.#opened ??= this.#prepare().catch((error: unknown) => {
      this.#opened = undefined
      throw error
    })
    return this.#opened
  }

  async #prepare(): Promise<void> {
    const { config, verifyIdentity, signal, onProgress } = this.#options
    const { maskExecutor = executeMaskPlan, maximumUploads = 4 } = this.#options
    const crypto = this.#options.crypto ?? (await defaultCrypto(config.suite))
    suiteOf(config, crypto) // rather now than in the last round
    const sliceStore = this.#options.sliceStore ?? memorySliceStore()
    const context = { crypto, verifyIdentity, maskExecutor, sliceStore, maximumUploads, signal, onProgress }
    this.#phase ??= advertisePhase(config, context)
  }
}

function messagesOf({ outbound }: Phase): Iterable<readonly [seat: number, bytes: Uint8Array]> {
  return {
    *[Symbol.iterator]() {
      for (const seat of outbound.recipients) yield [seat, outbound.messageFor(seat)] as const
    },
  }
}

function late(seat: number, round: RoundName): SecAggError {
  return violation('late-message', blamePeer(round, seat), `a message of seat ${seat} came after its round`)
}
