import type { Bytes } from '../crypto/bytes.js'
import type { CryptoProvider } from '../crypto/index.js'
import type { PhaseName, SecAggError } from '../errors.js'
import type { RoundConfig, VerifyIdentity } from '../protocol/index.js'
import type { MaskExecutor, Vector } from '../vector/index.js'
import type { RoundReport } from './report.js'
import type { SaveSession } from './saving.js'
import type { SliceStore } from './slice-store.js'

/** The default of `maximumUploads`. */
export const UPLOADS = 4

/** What a server's session is made of. */
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
