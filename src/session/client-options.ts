import type { CryptoProvider } from '../crypto/index.js'
import type { RoundConfig, Signer, VerifyIdentity } from '../protocol/index.js'
import type { SecretSplitter } from '../shamir/index.js'
import type { MaskExecutor } from '../vector/index.js'
import type { InputSource } from './input.js'
import type { ClaimSession, SaveSession } from './saving.js'

/** What a client's session is made of. */
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
}

/** What a session is resumed with; seat and minimum are in what was saved. */
export type ResumedClientOptions = Omit<ClientSessionOptions, 'seat' | 'minimumSurvivors' | 'claimSession'>
