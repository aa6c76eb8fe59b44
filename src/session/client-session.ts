import { sha256 } from '@noble/hashes/sha2.js'
import { partsOf, requireInteger } from '../arguments.js'
import { type Bytes, equalBytes } from '../crypto/bytes.js'
import { type CryptoProvider, defaultCrypto } from '../crypto/index.js'
import { type PhaseName, SecAggError, usageError } from '../errors.js'
import { requireConfig } from '../protocol/checks.js'
import { client } from '../protocol/index.js'
import { secretSplitter } from '../shamir/index.js'
import { elementCount } from '../vector/index.js'
import { sliceCount } from '../vector/segments.js'
import {
  answerStep,
  decodeFromServer,
  encodeFromClient,
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
import { inTurns } from './turns.js'

const WIPED = 'the session has been wiped'

/**
 * One client in one round: bytes in, bytes out. A message that is refused leaves the session as it was.
 *
 *     const session = new ClientSession({ config, seat, input })
 *     send(await session.start())
 *     for await (const bytes of messages) send(await session.receive(bytes))
 *
 * Where the configuration has vectors go in slices, the answer that is the first slice is followed by the others:
 *
 *     for await (const slice of session.slices()) send(slice)
 * @public
 */
export class ClientSession {
  readonly #options: ClientSessionOptions
  #state: client.ClientState | undefined
  /** SHA-256 of the last message taken in, to tell a repeated one from a second, different one. */
  #lastInbound: Uint8Array | undefined
  #crypto: CryptoProvider | undefined
  /** What is masked, while the client may still be asked for it. */
  #input: SlicedInput | undefined
  #wiped = false
  /** Whether the session id was found to be new, which is asked once. */
  #claimed = false
  /** Calls take turns: two answers to two versions of one message would undo the masks. */
  readonly #inTurn: ReturnType<typeof inTurns> = inTurns()
  readonly #tell: (event: WithoutRound<ClientSessionEvent>) => void

  /**
   * @throws {SecAggError} `invalid-argument` where an option is of the wrong kind, `config` was not made by
   *   `createRoundConfig`, or the active model lacks `signer` or `verifyIdentity`; `configuration-mismatch` where `input`
   *   was made for another round.
   */
  constructor(options: ClientSessionOptions) {
    this.#options = checkedClientOptions(options)
    this.#tell = teller(this.#options.config, this.#options.onEvent)
  }

  /**
   * A session as it was when `saved` was stored. `resend` gives the message that may not have left, also where `done`. The
   * input has to be what it was: another one is refused once the masks of the round belong to it. From an older form than
   * the one stored last, or in two processes at once, a client may give away its vector, and spoil the sum.
   *
   * @throws {SecAggError} fault `usage`: `malformed-state`, `unsupported-version`, or `configuration-mismatch` where
   *   `config` is not that of the round, or `input` was made for another one.
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

  /** Whether this client's part is over. */
  get done(): boolean {
    return this.#state?.state === 'client-unmasked'
  }

  /** The round of the last message that the session has made; before the start that of the first. */
  get phase(): PhaseName {
    return this.#state === undefined ? 'advertise-keys' : PHASE_OF[this.#state.state]
  }

  /**
   * The message that opens the client's part of the round. Until the first `receive` it gives the same bytes again.
   *
   * @throws {SecAggError} `invalid-argument`, `input-out-of-range` or `unsupported` where seat, signer, input or options
   *   do not fit the configuration; `storage-failure` where `save` or `claimSession` fails; `out-of-order` after the first
   *   `receive`; `session-id-reused`, fault `server`, where `claimSession` says so.
   */
  start(): Promise<Bytes> {
    return this.#inTurn(async () => {
      if (this.#state === undefined && !this.#wiped) {
        const { config, seat, input, signer, minimumSurvivors } = this.#options
        // Rather now than in round 2, where it costs the others a dropout.
        const source = sourceFor(config, input)
        if (typeof source !== 'function') {
          checkInput(source, config, { from: 0, to: elementCount(config.segments) })
        }
        const capabilities = { crypto: await this.#provider(), signer }
        const { state } = await client.advertiseKeys(config, seat, capabilities, { minimumSurvivors })
        await this.#enter(state, undefined)
        this.#tellOf('phase-opened', this.phase)
      }
      if (this.#state?.state !== 'client-advertised') {
        throw usageError('out-of-order', this.#wiped ? WIPED : 'the session has already received a message')
      }
      return encodeFromClient(this.#state)
    })
  }

  /**
   * The message that the session gave last, the same bytes again: for a host that cannot tell whether it arrived. Of a
   * vector in slices it is the first one.
   *
   * @throws {SecAggError} `out-of-order` before the start; `input-changed` where it is the masked vector and the input is
   *   another one.
   */
  resend(): Promise<Bytes> {
    return this.#inTurn(() => {
      return this.#answer(this.#started())
    })
  }

  /**
   * Takes in the server's next message and gives the answer to send. The same message again gets the same answer again.
   *
   * @throws {SecAggError} fault `server` where the message breaks the protocol or differs from one already answered
   *   (`conflicting-message`); fault `usage` where the input does not fit, or `storage-failure` where `save` fails. The
   *   session is then as it was.
   */
  async receive(bytes: Uint8Array): Promise<Bytes> {
    requireBytes(bytes)
    // The caller may reuse its buffer before its turn comes.
    const message = new Uint8Array(bytes)
    return this.#inTurn(async () => {
      const state = this.#started()
      const { phase } = this
      const about = { type: 'message', phase, seat: state.seat, bytes: message.length } as const
      const digest = sha256(message)
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
   * Overwrites the secrets of a round that is given up, once the calls before have settled; the session is then of no use.
   * What was stored is the host's to delete.
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
   * The slices of the masked vector after the first one, which was the answer of `receive`, or from slice `from` on. There
   * are none where the vector goes in one message, before the masked input is due, and once the next message of the server
   * is there; so it may be asked after every `receive`. Each is made when it is asked for.
   *
   * @throws {SecAggError} `input-changed` where the input is no longer
   *   what it was for the first slice; `invalid-argument` for another number; what `input` throws.
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

  /** Goes over to `next` once it is stored: no message leaves before that. */
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

  /** Overwrites what a state that came to nothing has of its own. */
  #drop(next: client.ClientState): void {
    wipeAllBut(client.secretsIn(next), this.#state === undefined ? [] : client.secretsIn(this.#state))
  }

  /** The protocol step that `message` calls for. */
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
    const { state: next } = await client.maskInput(state, forwarded, await input.digest(), capabilities)
    this.#input = input
    try {
      return { state: next, answer: await this.#mask(next, 0) }
    } catch (error) {
      this.#drop(next)
      throw error
    }
  }

  /** What the session sent when it got into `state`, once more. */
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
