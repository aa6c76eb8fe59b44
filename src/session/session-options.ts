import { partsOf, reading, requireCallback, requireInteger, requireSignal, wrongKind } from '../arguments.js'
import { dependableProvider } from '../crypto/dependable.js'
import type { CryptoProvider } from '../crypto/index.js'
import { requireConfig } from '../protocol/checks.js'
import { hybridFor } from '../protocol/hybrid-steps.js'
import { requireSigner, requireVerifier } from '../protocol/identity.js'
import type { RoundConfig, Signer, VerifyIdentity } from '../protocol/index.js'
import { requireVectorOrSource } from '../rounds/index.js'
import type { SecretSplitter } from '../shamir/split.js'
import type { MaskExecutor } from '../vector/index.js'
import type { ClientSessionEvent } from './events.js'
import { type InputSource, sourceFor } from './input.js'
import type { ClaimSession, SaveSession } from './saved/saved-client.js'

/**
 * Options of a {@link ClientSession}.
 * @public
 */
export interface ClientSessionOptions {
  readonly config: RoundConfig
  /** The client's seat in this round, as host and server agreed. */
  readonly seat: number
  /**
   * The vector to sum, or a function that returns it. The session calls the function once it has the keys and shares of
   * the other clients, and again if a message is repeated. The vector must then be the same. If vectors are sent in slices,
   * the function is called for one range of elements at a time. Each range is read twice: first for a digest, then for the
   * masked slice. The session refuses what an encoder of this library made for another round.
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
  /** The smallest number of inputs in a sum that this client takes part in. Complete graph only. Default: the minimum cohort. */
  readonly minimumSurvivors?: number | undefined
  /** Executes mask plans, as a pool of worker threads does; default: this thread. */
  readonly maskExecutor?: MaskExecutor | undefined
  /**
   * Stores the session, so that it can be resumed. Without it, a client that crashes has dropped out. Nothing is sent before
   * it is stored. The bytes are secret. Pass only the bytes that were stored last to `resume`: it cannot detect older ones.
   */
  readonly save?: SaveSession | undefined
  /**
   * Reports whether this client has never used a session id before. `start` calls it once, before anything is sent or
   * saved, and refuses an id that was used. A resumed session does not call it. A process that ends between this call and
   * the first `save` misses the round. Without this function, the client trusts the server to use fresh ids. A server that
   * uses one id for several rounds can learn the sum of fewer inputs than the threshold allows, in the active model too.
   */
  readonly claimSession?: ClaimSession | undefined
  /** Aborts the masking of a long vector. The call rejects with the signal's reason, and no part of the vector is sent. */
  readonly signal?: AbortSignal | undefined
  /** Progress of the masking of a long vector, 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined
  /**
   * Called with everything that happens, for logs and metrics. It may call the session, which handles the call in its turn.
   * What it throws, or rejects with, is ignored.
   */
  readonly onEvent?: ((event: ClientSessionEvent) => void) | undefined
}

/**
 * Options of `ClientSession.resume`. The saved bytes contain the seat and the minimum.
 * @public
 */
export type ResumedClientOptions = Omit<ClientSessionOptions, 'seat' | 'minimumSurvivors' | 'claimSession'>

/**
 * A copy of a client's options. All of them are checked now, before other clients depend on this one.
 *
 * @throws {SecAggError} `invalid-argument` if one is missing or of the wrong kind; `configuration-mismatch` if the input was
 *   made for another round.
 */
export function checkedClientOptions(given: ClientSessionOptions): ClientSessionOptions {
  const options = partsOf('the options of a client', given)
  const { config, seat, input, splitSecret, signer, verifyIdentity, minimumSurvivors, claimSession } = options
  requireConfig(config)
  requireInteger('a seat', seat, 0, config.clients - 1)
  if (minimumSurvivors !== undefined && typeof minimumSurvivors !== 'number') {
    throw wrongKind('minimumSurvivors', 'a number', minimumSurvivors)
  }
  requireVectorOrSource(reading('an input', () => sourceFor(config, input)))
  requireCallback('splitSecret', splitSecret)
  requireCallback('maskExecutor', options.maskExecutor)
  requireCallback('claimSession', claimSession)
  if (config.adversary === 'active') {
    requireSigner(signer)
    requireVerifier(verifyIdentity)
  }
  return { ...options, crypto: checkedShared(options) }
}

/** Checks the options that both parties have. Returns the provider, wrapped in checks of its results. */
export function checkedShared(
  options: Pick<ClientSessionOptions, 'config' | 'crypto' | 'save' | 'signal' | 'onProgress'> & {
    readonly onEvent?: unknown
  },
): CryptoProvider | undefined {
  const { config, crypto, save, signal, onProgress, onEvent } = options
  requireCallback('save', save)
  requireCallback('onProgress', onProgress)
  requireCallback('onEvent', onEvent)
  requireSignal(signal)
  const dependable = crypto === undefined ? undefined : dependableProvider(crypto)
  hybridFor(config, dependable)
  return dependable
}
