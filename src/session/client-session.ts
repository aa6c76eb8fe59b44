import { partsOf, requireInteger } from '../arguments.js'
import { type Bytes, equalBytes } from '../crypto/bytes.js'
import { defaultCrypto } from '../crypto/default.js'
import { digestOf } from '../crypto/digest.js'
import type { CryptoProvider } from '../crypto/provider.js'
import { type PhaseName, SecAggError, usageError } from '../errors.js'
import { requireConfig } from '../protocol/checks.js'
import * as client from '../protocol/client/index.js'
import { secretSplitter } from '../shamir/split.js'
import { inTurns } from '../vector/pace.js'
import { elementCount, sliceCount } from '../vector/segments.js'
import {
  answerStep,
  decodeFromServer,
  encodeFromClient,
  isLast,
  maskOrComplain,
  maskSlice,
  PHASE_OF,
  refuseSecondVersion,
} from './client-messages.js'
import { type ClientSessionEvent, teller, type WithoutRound } from './events.js'
import { checkInput, requireBytes, SlicedInput, sourceFor } from './input.js'
import {
  decodeClientSession,
  encodeClientSession,
  requireFresh,
  save,
  wipeAllBut,
} from './saved/saved-client.js'
import {
  type ClientSessionOptions,
  checkedClientOptions,
  type ResumedClientOptions,
} from './session-options.js'

const WIPED = 'the session has been wiped'

/**
 * One client in one round: bytes in, bytes out. A message that is refused leaves the session unchanged.
 *
 *     const session = new ClientSession({ config, seat, input })
 *     send(await session.start())
 *     for await (const bytes of messages) send(await session.receive(bytes))
 *
 * If vectors are sent in slices, `receive` returns the first slice. Send the others after it:
 *
 *     for await (const slice of session.slices()) send(slice)
 *
 * {@link ServerSession} has a complete example.
 * @public
 */
export class ClientSession {
  readonly #options: ClientSessionOptions
  #state: client.ClientState | undefined
  /** SHA-256 of the last accepted message, to distinguish a repeated message from a different one. */
  #lastInbound: Uint8Array | undefined
  #crypto: CryptoProvider | undefined
  /** The input, while the client may still be asked for it. */
  #input: SlicedInput | undefined
  #wiped = false
  /** Whether `claimSession` has reported that the id is new. */
  #claimed = false
  /** Calls run one after the other, because two answers to two versions of one message would reveal the masks. */
  readonly #inTurn: ReturnType<typeof inTurns> = inTurns()
  readonly #tell: (event: WithoutRound<ClientSessionEvent>) => void

  /**
   * @throws {SecAggError} `invalid-argument` if an option is of the wrong kind, if `createRoundConfig` did not make `config`,
   *   or if `signer` or `verifyIdentity` is missing in the active model; `configuration-mismatch` if `input` was made for
   *   another round.
   */
  constructor(options: ClientSessionOptions) {
    this.#options = checkedClientOptions(options)
    this.#tell = teller(this.#options.config, this.#options.onEvent)
  }

  /**
   * Restores a session from the bytes that `save` stored last. Call `resend` for the message that may not have been sent,
   * even if the session is `done`. The input must be the same as before. Once the masks are bound to it, another input is
   * refused. Never resume from older bytes, or in two processes at once: the client could reveal its vector and spoil the
   * sum.
   *
   * @throws {SecAggError} fault `usage`: `malformed-state`, `unsupported-version`, or `configuration-mismatch` if `config`
   *   differs from the round's, or if `input` was made for another round.
   */
  static resume(saved: Uint8Array, options: ResumedClientOptions): ClientSession {
    const { config, ...others } = partsOf('the options of a client', options)
    requireConfig(config)
    const { state, lastInbound } = decodeClientSession(saved, config)
    const session = new ClientSession({ ...others, config, seat: state.seat })
    session.#state = state
    session.#lastInbound = lastInbound
    // Once the host has the session.
    Promise.resolve().then(() => session.#tellOf('phase-opened', session.phase))
    return session
  }

  /** Whether the client has made its last message. */
  get done(): boolean {
    return isLast(this.#state?.state)
  }

  /** The phase of the last message that the session has made. Before the start: the first phase. */
  get phase(): PhaseName {
    return this.#state === undefined ? 'advertise-keys' : PHASE_OF[this.#state.state]
  }

  /**
   * Returns the client's first message. Until the first `receive`, further calls return the same bytes.
   *
   * @throws {SecAggError} `invalid-argument`, `input-out-of-range` or `unsupported` if seat, signer, input or options do not
   *   fit the configuration; `storage-failure` if `save` or `claimSession` fails; `out-of-order` after the first `receive`;
   *   `session-id-reused`, fault `server`, if `claimSession` returns `false`.
   */
  start(): Promise<Bytes> {
    return this.#inTurn(async () => {
      if (this.#state === undefined && !this.#wiped) {
        const { config, seat, input, signer, minimumSurvivors } = this.#options
        // Now rather than in the masked-input phase, where a failure would be a dropout for the others.
        const source = sourceFor(config, input)
        if (typeof source !== 'function') {
          checkInput(source, config, { from: 0, to: elementCount(config.segments) })
        }
        const capabilities = { crypto: await this.#provider(), signer }
        const { state } = await client.advertiseKeys(config, seat, capabilities, { minimumSurvivors })
        await this.#enter(state, undefined)
        this.#tellOf('phase-opened', this.phase)
      }
      if (this.#state?.state === 'client-advertised') return encodeFromClient(this.#state)
      throw usageError('out-of-order', this.#wiped ? WIPED : 'the session has already received a message')
    })
  }

  /**
   * Returns the session's last message again, the same bytes, for a host that does not know whether it arrived. For a vector
   * in slices, it returns the first slice.
   *
   * @throws {SecAggError} `out-of-order` before the start; `input-changed` if the message is the masked vector and the input
   *   has changed.
   */
  resend(): Promise<Bytes> {
    return this.#inTurn(() => this.#answer(this.#started()))
  }

  /**
   * Returns the answer to the server's next message. If the same message comes again, it returns the same answer.
   *
   * @throws {SecAggError} fault `server` if the message breaks the protocol, or differs from one that was answered
   *   (`conflicting-message`); fault `usage` if the input does not fit, or if `save` fails (`storage-failure`). After an error,
   *   the session is unchanged.
   */
  async receive(bytes: Uint8Array): Promise<Bytes> {
    requireBytes(bytes)
    // The caller may reuse its buffer before the call's turn comes.
    const message = new Uint8Array(bytes)
    return this.#inTurn(async () => {
      const state = this.#started()
      const { phase } = this
      const about = { type: 'message', phase, seat: state.seat, bytes: message.length } as const
      const digest = digestOf(message)
      try {
        if (this.#lastInbound !== undefined && equalBytes(digest, this.#lastInbound)) {
          const repeated = await this.#answer(state)
          this.#tell({ ...about, status: 'duplicate' })
          return repeated
        }
        refuseSecondVersion(state, message)
        const { state: next, answer } = await this.#step(state, message)
        await this.#enter(next, digest)
        this.#tell({ ...about, status: 'accepted' })
        this.#tellOf('phase-closed', phase)
        this.#tellOf('phase-opened', this.phase)
        return answer
      } catch (error) {
        if (error instanceof SecAggError && error.fault === 'server') {
          this.#tell({ ...about, status: 'refused', error })
        }
        throw error
      }
    })
  }

  /**
   * Overwrites the secrets of a session that is no longer needed, once earlier calls have settled. The session cannot be used
   * afterwards. The host must delete what it stored.
   */
  wipe(): Promise<void> {
    return this.#inTurn(() => {
      if (this.#state !== undefined) wipeAllBut(client.secretsIn(this.#state), [])
      this.#input = undefined
      this.#state = undefined
      this.#wiped = true
    })
  }

  /**
   * Yields the slices of the masked vector, from slice `from` on. Slice 0 is the answer that `receive` returned. It yields
   * nothing if the vector is sent in one message, before the masked input is due, and after the server's next message.
   * Therefore it may be called after every `receive`. Each slice is masked when the iteration reaches it.
   *
   * @throws {SecAggError} `input-changed` if the input has changed since the first slice; `invalid-argument` if `from` is not
   *   a whole number of 0 or more. Also what `input` throws.
   */
  async *slices(from = 1): AsyncGenerator<Bytes, void, void> {
    const { segments, sliceLength } = this.#options.config
    requireInteger('the first slice', from, 0, Number.MAX_SAFE_INTEGER)
    for (let slice = from; slice < sliceCount(segments, sliceLength); slice++) {
      const bytes = await this.#inTurn(async () =>
        this.#state?.state === 'client-masked' ? this.#mask(this.#state, slice) : undefined,
      )
      if (bytes === undefined) return
      yield bytes
    }
  }

  #tellOf(type: 'phase-opened' | 'phase-closed', phase: PhaseName): void {
    this.#tell({ type, phase, seat: this.#options.seat })
  }

  #started(): client.ClientState {
    if (this.#state !== undefined) return this.#state
    throw usageError('out-of-order', this.#wiped ? WIPED : 'the session has not been started')
  }

  /** Enters the state `next` once it is stored. No message is returned before that. */
  async #enter(next: client.ClientState, lastInbound: Uint8Array | undefined): Promise<void> {
    try {
      if (!this.#claimed && this.#state === undefined) await requireFresh(this.#options)
      this.#claimed = true
      await save(this.#options.save, () => encodeClientSession({ state: next, lastInbound }))
    } catch (error) {
      this.#drop(next)
      throw error
    }
    if (this.#state !== undefined) wipeAllBut(client.secretsIn(this.#state), client.secretsIn(next))
    this.#state = next
    this.#lastInbound = lastInbound
    if (next.state !== 'client-masked') this.#input = undefined
  }

  /** Wipes secrets that only the discarded state holds. */
  #drop(next: client.ClientState): void {
    wipeAllBut(client.secretsIn(next), this.#state === undefined ? [] : client.secretsIn(this.#state))
  }

  /** The next state after `message`, and the answer. */
  async #step(
    state: client.ClientState,
    message: Uint8Array,
  ): Promise<{ state: client.ClientState; answer: Bytes }> {
    const crypto = await this.#provider()
    const { signer, verifyIdentity } = this.#options
    const splitSecret = this.#options.splitSecret ?? secretSplitter(crypto)
    const capabilities = { crypto, splitSecret, signer, verifyIdentity }
    if (state.state !== 'client-shared') {
      const next = await answerStep(state, message, capabilities)
      return { state: next, answer: encodeFromClient(next) }
    }
    const forwarded = decodeFromServer.forwardedShares(state, message)
    const input = await this.#openInput(state.digestKey)
    const next = await maskOrComplain(state, forwarded, await input.digest(), capabilities)
    if (next.state === 'client-complained') return { state: next, answer: encodeFromClient(next) }
    this.#input = input
    try {
      return { state: next, answer: await this.#mask(next, 0) }
    } catch (error) {
      this.#drop(next)
      throw error
    }
  }

  /** The message that the session returned when it entered `state`. */
  async #answer(state: client.ClientState): Promise<Bytes> {
    if (state.state !== 'client-masked') return encodeFromClient(state)
    this.#input = undefined
    return this.#mask(state, 0)
  }

  async #openInput(digestKey: Uint8Array): Promise<SlicedInput> {
    const { config, input } = this.#options
    return new SlicedInput(config, input, await this.#provider(), digestKey)
  }

  /** The message with one slice of the masked vector. */
  async #mask(state: client.ClientMasked, slice: number): Promise<Bytes> {
    if (this.#input === undefined) {
      const input = await this.#openInput(state.digestKey)
      client.repeatMaskInput(state, await input.digest())
      this.#input = input
    }
    return maskSlice(state, await this.#input.take(slice), slice, this.#options, await this.#provider())
  }

  async #provider(): Promise<CryptoProvider> {
    this.#crypto ??= this.#options.crypto ?? (await defaultCrypto(this.#options.config.suite))
    return this.#crypto
  }
}
