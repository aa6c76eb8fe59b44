import { sha256 } from '@noble/hashes/sha2.js'
import { equalBytes } from '../crypto/bytes.js'
import { type CryptoProvider, defaultCrypto } from '../crypto/index.js'
import { SecAggError, usageError } from '../errors.js'
import { client, type RoundConfig, type Signer, type VerifyIdentity } from '../protocol/index.js'
import { suiteOf } from '../protocol/keys.js'
import { type SecretSplitter, secretSplitter } from '../shamir/index.js'
import {
  elementCount,
  executeMaskPlan,
  type MaskExecutor,
  type MaskPlan,
  packVector,
  segmentsInRange,
} from '../vector/index.js'
import { sliceCount, sliceRange } from '../vector/slices.js'
import { encodeMaskedInput, encodeMaskedSlice } from '../wire/index.js'
import { decodeFromServer, encodeFromClient, refuseSecondVersion } from './client-messages.js'
import { arraysOf, checkInput, requireBytes, requireConfig } from './input.js'
import { type InputSource, SlicedInput } from './sliced-input.js'
import { inTurns } from './turns.js'

/** What a {@link ClientSession} is made of. */
export interface ClientSessionOptions {
  readonly config: RoundConfig
  /** The client's seat in this round, as host and server agreed. */
  readonly seat: number
  /**
   * The vector to sum, or a function that yields it; it is asked once all others' keys and shares are there. A
   * repeated message asks again, and must then get the same vector. Where vectors go in slices, it is asked for one
   * range of elements at a time, and for all of them twice: first for a digest, then for the masked slices.
   */
  readonly input: InputSource
  /** Default: the best provider of the platform. */
  readonly crypto?: CryptoProvider | undefined
  /** Default: the library's own. */
  readonly splitSecret?: SecretSplitter | undefined
  /** Needed in the active model. */
  readonly signer?: Signer | undefined
  /** Needed in the active model. */
  readonly verifyIdentity?: VerifyIdentity | undefined
  /** The fewest inputs of a sum that this client takes part in; complete graph only. Default: the minimum cohort. */
  readonly minimumSurvivors?: number | undefined
  /** Executes mask plans, as a pool of worker threads does; default: this thread. */
  readonly maskExecutor?: MaskExecutor | undefined
  /** Ends the masking of a long vector: the call rejects with the signal's reason, and nothing of the vector is sent. */
  readonly signal?: AbortSignal | undefined
  /** Progress of the masking of a long vector, 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined
}

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
 */
export class ClientSession {
  readonly #options: ClientSessionOptions
  #state: client.ClientState | undefined
  /** SHA-256 of the last message taken in, to tell a repeated one from a second, different one. */
  #lastInbound: Uint8Array | undefined
  #crypto: CryptoProvider | undefined
  /** What the masked vector is made of, while the client may still be asked for it. */
  #masking: { readonly input: SlicedInput; readonly plan: MaskPlan } | undefined
  /** Calls take turns: two answers to two versions of one message would undo the masks. */
  readonly #inTurn: ReturnType<typeof inTurns> = inTurns()

  /** @throws {SecAggError} `invalid-argument` where `config` is not of `createRoundConfig`'s making. */
  constructor(options: ClientSessionOptions) {
    requireConfig(options.config)
    this.#options = options
  }

  /** Whether this client's part is over. */
  get done(): boolean {
    return this.#state?.state === 'client-unmasked'
  }

  /**
   * The message that opens the client's part of the round. Until the first `receive` it gives the same bytes again.
   *
   * @throws {SecAggError} `invalid-argument`, `input-out-of-range` or `unsupported` where seat, signer, input or options
   *   do not fit the configuration; `out-of-order` after the first `receive`.
   */
  start(): Promise<Uint8Array> {
    return this.#inTurn(async () => {
      if (this.#state === undefined) {
        const { config, seat, input, signer, minimumSurvivors } = this.#options
        // Rather now than in round 2, where it costs the others a dropout.
        if (typeof input !== 'function') {
          checkInput(arraysOf(input), config, { from: 0, to: elementCount(config.segments) })
        }
        const capabilities = { crypto: await this.#provider(), signer }
        const { state } = await client.advertiseKeys(config, seat, capabilities, { minimumSurvivors })
        this.#state = state
      }
      if (this.#state.state !== 'client-advertised') {
        throw usageError('out-of-order', 'the session is past its start')
      }
      return encodeFromClient(this.#state)
    })
  }

  /**
   * Takes in the server's next message and gives the answer to send. The same message again gets the same answer again.
   *
   * @throws {SecAggError} fault `server` where the message breaks the protocol or differs from one already answered
   *   (`conflicting-message`); fault `usage` where the input does not fit. The session is then as it was.
   */
  async receive(bytes: Uint8Array): Promise<Uint8Array> {
    requireBytes(bytes)
    // The caller may reuse its buffer before its turn comes.
    const message = new Uint8Array(bytes)
    return this.#inTurn(async () => {
      const state = this.#state
      if (state === undefined) throw usageError('out-of-order', 'the session has not been started')
      const digest = sha256(message)
      if (this.#lastInbound !== undefined && equalBytes(digest, this.#lastInbound)) return this.#answer(state)
      refuseSecondVersion(state, message)
      const { state: next, answer } = await this.#step(state, message)
      this.#state = next
      this.#lastInbound = digest
      return answer
    })
  }

  /**
   * The slices of the masked vector after the first one, which was the answer of `receive`, or from slice `from` on. There
   * are none where the vector goes in one message, before the masked input is due, and once the next message of the server
   * is there; so it may be asked after every `receive`. Each is made when it is asked for.
   *
   * @throws {SecAggError} `input-changed` where the input is no longer
   *   what it was for the first slice; what `input` throws.
   */
  async *slices(from = 1): AsyncGenerator<Uint8Array, void, void> {
    const { segments, sliceLength } = this.#options.config
    for (let slice = from; slice < sliceCount(segments, sliceLength); slice++) {
      const bytes = await this.#inTurn(() => this.#nextSlice(slice))
      if (bytes === undefined) return
      yield bytes
    }
  }

  async #nextSlice(slice: number): Promise<Uint8Array | undefined> {
    const isDue = this.#state?.state === 'client-masked' && this.#masking !== undefined
    return isDue ? this.#mask(slice) : undefined
  }

  /** The protocol step that `message` calls for. */
  async #step(
    state: client.ClientState,
    message: Uint8Array,
  ): Promise<{ state: client.ClientState; answer: Uint8Array }> {
    const crypto = await this.#provider()
    const { signer, verifyIdentity } = this.#options
    const splitSecret = this.#options.splitSecret ?? secretSplitter(crypto)
    const capabilities = { crypto, splitSecret, signer, verifyIdentity }
    switch (state.state) {
      case 'client-advertised': {
        const published = decodeFromServer.publishedKeys(state, message)
        const { state: next } = await client.shareKeys(state, published, capabilities)
        return { state: next, answer: encodeFromClient(next) }
      }
      case 'client-shared': {
        const forwarded = decodeFromServer.forwardedShares(state, message)
        const input = await this.#openInput(state.digestKey)
        const { state: next, plan } = await client.maskInput(
          state,
          forwarded,
          await input.digest(),
          capabilities,
        )
        this.#masking = { input, plan }
        return { state: next, answer: await this.#mask(0) }
      }
      case 'client-masked': {
        const survivors = decodeFromServer.survivors(state, message)
        const { state: next } =
          state.config.adversary === 'active'
            ? await client.checkConsistency(state, survivors, capabilities)
            : await client.unmask(state, survivors, capabilities)
        this.#masking = undefined
        return { state: next, answer: encodeFromClient(next) }
      }
      case 'client-checked': {
        const signatures = decodeFromServer.consistencySignatures(state, message)
        const { state: next } = await client.unmask(state, signatures, capabilities)
        return { state: next, answer: encodeFromClient(next) }
      }
      case 'client-unmasked':
        throw new SecAggError('unexpected-message', 'server', 'the round is over for this client')
    }
  }

  /** What the session sent when it got into `state`, once more. */
  async #answer(state: client.ClientState): Promise<Uint8Array> {
    if (state.state !== 'client-masked') return encodeFromClient(state)
    const input = await this.#openInput(state.digestKey)
    this.#masking = { input, plan: client.repeatMaskInput(state, await input.digest()) }
    return this.#mask(0)
  }

  async #openInput(digestKey: Uint8Array): Promise<SlicedInput> {
    const { config, input } = this.#options
    return new SlicedInput(config, input, await this.#provider(), digestKey)
  }

  /** The message with one slice of the masked vector. */
  async #mask(slice: number): Promise<Uint8Array> {
    const { config, signal, onProgress, maskExecutor = executeMaskPlan } = this.#options
    const { segments, sliceLength } = config
    const { input, plan } = this.#masking!
    const slices = sliceCount(segments, sliceLength)
    const range = sliceRange(segments, sliceLength, slice)
    const elements = await input.take(slice)
    await maskExecutor(elements, segments, plan, suiteOf(config, await this.#provider()), {
      range,
      signal,
      onProgress: onProgress && ((fraction) => onProgress((slice + fraction) / slices)),
    })
    const packed = packVector(elements, segmentsInRange(segments, range))
    return slices === 1 ? encodeMaskedInput(packed) : encodeMaskedSlice(slice, packed)
  }

  async #provider(): Promise<CryptoProvider> {
    this.#crypto ??= this.#options.crypto ?? (await defaultCrypto(this.#options.config.suite))
    return this.#crypto
  }
}
