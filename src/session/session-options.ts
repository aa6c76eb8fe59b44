import {
  partsOf,
  reading,
  requireCallback,
  requireInteger,
  requireMethods,
  requireSignal,
  wrongKind,
} from '../arguments.js'
import type { Bytes } from '../crypto/bytes.js'
import { dependableProvider } from '../crypto/dependable.js'
import { type CryptoProvider, defaultCrypto } from '../crypto/index.js'
import type { PhaseName, SecAggError } from '../errors.js'
import { requireConfig } from '../protocol/checks.js'
import { requireSigner, requireVerifier } from '../protocol/identity.js'
import type { RoundConfig, Signer, VerifyIdentity } from '../protocol/index.js'
import { suiteOf } from '../protocol/keys.js'
import { requireVectorOrSource } from '../rounds/index.js'
import type { SecretSplitter } from '../shamir/index.js'
import { executeMaskPlan, type MaskExecutor, type Vector } from '../vector/index.js'
import type { ClientSessionEvent, ServerSessionEvent, TellServer } from './events.js'
import { type InputSource, sourceFor } from './input.js'
import type { PhaseContext } from './phase.js'
import type { RoundReport } from './report.js'
import type { ClaimSession, SaveSession } from './saved/saved-client.js'
import { memorySliceStore, type SliceStore } from './slice-uploads.js'

/**
 * What a client's session is made of.
 * @public
 */
export interface ClientSessionOptions {
  readonly config: RoundConfig
  /** The client's seat in this round, as host and server agreed. */
  readonly seat: number
  /**
   * The vector to sum, or a function that yields it; it is asked once all others' keys and shares are there. A
   * repeated message asks again, and must then get the same vector. What an encoder of this library has made for another
   * round is refused. Where vectors go in slices, it is asked for one
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
  /**
   * Stores the session, so that it can be resumed; without it a client that crashes is lost for the round. Where nothing
   * was stored, nothing was sent. The bytes are secret. What `resume` is given has to be what was stored last: an older
   * form cannot be told from it.
   */
  readonly save?: SaveSession | undefined
  /**
   * Refuses a session id that this client has used before. `start` calls it once, before anything is sent or saved; a
   * session that is resumed does not. A process that ends between this call and the first `save` misses the round. Without
   * it, fresh ids are the server's word alone: a server that uses one id for several rounds can learn the sum of fewer
   * inputs than the threshold allows, in the active model too.
   */
  readonly claimSession?: ClaimSession | undefined
  /** Ends the masking of a long vector: the call rejects with the signal's reason, and nothing of the vector is sent. */
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
 * What a session is resumed with; seat and minimum are in what was saved.
 * @public
 */
export type ResumedClientOptions = Omit<ClientSessionOptions, 'seat' | 'minimumSurvivors' | 'claimSession'>

/** The default of `maximumUploads`. */
export const UPLOADS = 4

/**
 * What a server's session is made of.
 * @public
 */
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
  /**
   * Stores the session, so that it can be resumed: before the messages of a new round are handed out, before the last one
   * is closed, and on `checkpoint`. Running sum and folded seats are in one piece. The bytes hold shares of clients'
   * secrets in the last round. What `resume` is given has to be what was stored last: from an older form the server may
   * announce others than before, which clients that have answered refuse.
   */
  readonly save?: SaveSession | undefined
  /**
   * Ends the reconstruction of secrets and the removal of masks: `closePhase` rejects with the signal's reason, and there
   * is no sum.
   */
  readonly signal?: AbortSignal | undefined
  /** Progress of the removal of masks, 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined
  /**
   * Called with everything that happens, for logs and metrics. It may call the session, which handles the call in its turn.
   * What it throws, or rejects with, is ignored.
   */
  readonly onEvent?: ((event: ServerSessionEvent) => void) | undefined
}

/**
 * What became of one message: taken in; the same as one taken in before; not taken in, because as many vectors are
 * unfinished as there may be, and to be given again when there is room; or refused, with the reason. A refused message
 * costs the others nothing, and its sender may still send a good one while the round is open.
 * @public
 */
export type Receipt =
  | { readonly status: 'accepted' | 'duplicate' }
  | {
      readonly status: 'busy'
      /** Resolves when an unfinished vector is finished or discarded. */
      readonly room: Promise<void>
    }
  | { readonly status: 'refused'; readonly error: SecAggError }

/**
 * What follows a closed round: messages to send, or the sum.
 * @public
 */
export type PhaseOutcome =
  | {
      readonly done: false
      /** The round that is now open. */
      readonly phase: PhaseName
      /** Seat and message, each made when it is asked for. */
      readonly messages: Iterable<readonly [seat: number, bytes: Bytes]>
    }
  | {
      readonly done: true
      /** Σ x over the survivors, modulo 2^k; one array of lanes per segment. */
      readonly sum: Vector
      /** `hash` of the round's configuration, by which decoders tell the outcome of another round. */
      readonly configHash: Bytes
      readonly report: RoundReport
    }

/**
 * A copy of a client's options. What a round would miss in its middle is missed here, before anybody counts on the client.
 *
 * @throws {SecAggError} `invalid-argument` where one is missing or of the wrong kind; `configuration-mismatch` where the
 *   input was made for another round.
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
  requireCallback('claimSession', claimSession)
  if (config.adversary === 'active') {
    requireSigner(signer)
    requireVerifier(verifyIdentity)
  }
  return { ...options, crypto: checkedShared(options) }
}

/**
 * A copy of a server's options.
 *
 * @throws {SecAggError} `invalid-argument` where one is missing or of the wrong kind.
 */
export function checkedServerOptions(given: ServerSessionOptions): ServerSessionOptions {
  const options = partsOf('the options of a server', given)
  const { maximumUploads = 1, sliceStore } = options
  requireConfig(options.config)
  requireInteger('maximumUploads', maximumUploads, 1, Number.MAX_SAFE_INTEGER)
  if (sliceStore !== undefined) requireMethods('a store of slices', sliceStore, 'put', 'get', 'discard')
  if (options.config.adversary === 'active') requireVerifier(options.verifyIdentity)
  return { ...options, crypto: checkedShared(options) }
}

/**
 * What the phases of the server use, with defaults for what the host leaves out.
 *
 * @throws {SecAggError} `no-randomness` or `unsupported` if the platform lacks what the round needs.
 */
export async function contextOf(options: ServerSessionOptions, tell: TellServer): Promise<PhaseContext> {
  const { config, verifyIdentity, signal, onProgress } = options
  const { maskExecutor = executeMaskPlan, maximumUploads = UPLOADS } = options
  const crypto = options.crypto ?? (await defaultCrypto(config.suite))
  suiteOf(config, crypto) // now rather than in the last phase
  const sliceStore = options.sliceStore ?? memorySliceStore()
  return { crypto, verifyIdentity, maskExecutor, sliceStore, maximumUploads, signal, onProgress, tell }
}

/** Checks what both parties have, and gives the provider behind checks. */
function checkedShared(options: ClientSessionOptions | ServerSessionOptions): CryptoProvider | undefined {
  const { crypto, maskExecutor, save, signal, onProgress, onEvent } = options
  requireCallback('maskExecutor', maskExecutor)
  requireCallback('save', save)
  requireCallback('onProgress', onProgress)
  requireCallback('onEvent', onEvent)
  requireSignal(signal)
  return crypto === undefined ? undefined : dependableProvider(crypto)
}
