import { sha256 } from '@noble/hashes/sha2.js'
import { equalBytes } from '../crypto/bytes.js'
import { type CryptoProvider, defaultCrypto } from '../crypto/index.js'
import { SecAggError, usageError } from '../errors.js'
import { client, type RoundConfig, type Signer, type VerifyIdentity } from '../protocol/index.js'
import { suiteOf } from '../protocol/keys.js'
import { type SecretSplitter, secretSplitter } from '../shamir/index.js'
import { executeMaskPlan, type MaskPlan, packVector, type Vector } from '../vector/index.js'
import { encodeMaskedInput } from '../wire/index.js'
import { decodeFromServer, encodeFromClient, refuseSecondVersion } from './client-messages.js'
import { requireBytes, requireConfig, type SessionInput, takeInput } from './input.js'
import { inTurns } from './turns.js'

/** What a {@link ClientSession} is made of. */
export interface ClientSessionOptions {
  readonly config: RoundConfig
  /** The client's seat in this round, as host and server agreed. */
  readonly seat: number
  /**
   * The vector to sum, or a function that yields it; it is asked once all others' keys and shares are there. A
   * repeated message asks again, and must then get the same vector.
   */
  readonly input: SessionInput | (() => SessionInput | Promise<SessionInput>)
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
 */
export class ClientSession {
  readonly #options: ClientSessionOptions
  #state: client.ClientState | undefined
  /** SHA-256 of the last message taken in, to tell a repeated one from a second, different one. */
  #lastInbound: Uint8Array | undefined
  #crypto: CryptoProvider | undefined
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
        if (typeof input !== 'function') takeInput(input, config)
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
        const { vector, digest } = await this.#takeInput(state.digestKey)
        const { state: next, plan } = await client.maskInput(state, forwarded, digest, capabilities)
        return { state: next, answer: await this.#mask(vector, plan) }
      }
      case 'client-masked': {
        const survivors = decodeFromServer.survivors(state, message)
        const { state: next } =
          state.config.adversary === 'active'
            ? await client.checkConsistency(state, survivors, capabilities)
            : await client.unmask(state, survivors, capabilities)
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
    const { vector, digest } = await this.#takeInput(state.digestKey)
    return this.#mask(vector, client.repeatMaskInput(state, digest))
  }

  async #takeInput(digestKey: Uint8Array): Promise<{ vector: Vector; digest: Uint8Array }> {
    const { input, config } = this.#options
    const vector = takeInput(typeof input === 'function' ? await input() : input, config)
    const crypto = await this.#provider()
    return { vector, digest: await crypto.sha256.hmac(digestKey, packVector(vector, config.segments)) }
  }

  /** Masks `vector` in place and packs it. */
  async #mask(vector: Vector, plan: MaskPlan): Promise<Uint8Array> {
    const { config, signal, onProgress } = this.#options
    const suite = suiteOf(config, await this.#provider())
    await executeMaskPlan(vector, config.segments, plan, suite, { signal, onProgress })
    return encodeMaskedInput(packVector(vector, config.segments))
  }

  async #provider(): Promise<CryptoProvider> {
    this.#crypto ??= this.#options.crypto ?? (await defaultCrypto(this.#options.config.suite))
    return this.#crypto
  }
}
