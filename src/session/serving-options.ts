import { partsOf, requireCallback, requireInteger, throwIfAborted, wrongKind } from '../arguments.js'
import type { Bytes } from '../crypto/bytes.js'
import { defaultCrypto } from '../crypto/default.js'
import type { CryptoProvider } from '../crypto/provider.js'
import { type PhaseName, SecAggError } from '../errors.js'
import { type DataPlane, homeOf, localPlane, type SumBlock } from '../plane/index.js'
import { requireConfig } from '../protocol/checks.js'
import { requireVerifier, type VerifyIdentity } from '../protocol/identity.js'
import type { RoundConfig } from '../protocol/index.js'
import { suiteOf } from '../protocol/keys.js'
import { hashOf } from '../rounds/index.js'
import type { Vector } from '../vector/index.js'
import type { ServerSessionEvent, TellServer } from './events.js'
import type { FinishedRound, PhaseContext } from './phase.js'
import { type Books, Ledger, type RoundReport } from './report.js'
import type { SaveSession } from './saved/saved-client.js'
import { checkedShared } from './session-options.js'

/** The default of `maximumUploads`. */
export const UPLOADS = 4

/**
 * Options of a {@link ServerSession}.
 * @public
 */
export interface ServerSessionOptions<Sink extends SumSink | undefined = undefined> {
  readonly config: RoundConfig
  /** Default: the best provider of the platform. */
  readonly crypto?: CryptoProvider | undefined
  /** Needed in the active model. */
  readonly verifyIdentity?: VerifyIdentity | undefined
  /** Where masked vectors are added up and unmasked. Default: `localPlane()`, in the memory of this process, on this thread. */
  readonly plane?: DataPlane | undefined
  /** Receives the sum, block by block, in place of the outcome. For sums that are too long for the memory. */
  readonly sink?: Sink
  /**
   * If vectors are sent in slices: how many may be incomplete at the same time, 1 or more. The first slice of a further
   * vector is then `busy`. Default: 4.
   */
  readonly maximumUploads?: number | undefined
  /**
   * Stores the session, so that it can be resumed. It is called before the messages of a new phase are returned, before the
   * last phase is closed, and by `checkpoint`. The checkpoint of the plane and the seats in the sum are stored together. In the last phase,
   * the bytes contain shares of clients' secrets. Pass only the bytes that were stored last to `resume`: with older ones, the
   * server may announce other survivors than before, and clients that have already answered refuse them.
   */
  readonly save?: SaveSession | undefined
  /**
   * Stores the result of the round, before `closePhase` returns it. Only when the promise resolves does the plane delete what it
   * has of the round. After a crash before that, `resume` continues with the last phase, and the result is computed again. After
   * a crash later, the result may be stored already, so look for it before you resume a round.
   *
   * If this function fails, the last phase stays open, and closing it again calls the function again, with the same sum. The
   * report may differ: it has the answers that arrived in between. Replace what an earlier call may have stored.
   *
   * An abort does not stop this function, and waits for it. Let it reject if storing takes too long.
   */
  readonly saveResult?:
    | ((result: Extract<PhaseOutcome<Sink>, { readonly done: true }>) => void | Promise<void>)
    | undefined
  /**
   * Aborts the reconstruction of secrets and the removal of masks. `closePhase` rejects with the signal's reason, and there
   * is no sum. Once `saveResult` is called, an abort has no effect unless that function fails.
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
 * What the session did with a message:
 *
 * - `accepted`: it counts.
 * - `duplicate`: it is the same as an accepted one.
 * - `busy`: `maximumUploads` vectors are incomplete. Pass it to `receive` again when there is room.
 * - `refused`: `error` has the reason. Other clients are not affected, and the sender may still send a correct message while
 *   the phase is open.
 * @public
 */
export type Receipt =
  | { readonly status: 'accepted' | 'duplicate' }
  | {
      readonly status: 'busy'
      /** Resolves when a vector is completed or discarded. */
      readonly room: Promise<void>
    }
  | { readonly status: 'refused'; readonly error: SecAggError }

/**
 * Receives a sum in blocks of at most 2^18 elements, in ascending order, without gaps. It owns the blocks. The next one comes
 * when the promise resolves. The round is over only when `closePhase` returns the outcome: if that fails, or the server is
 * resumed, the sink receives all blocks again, with the same elements.
 * @public
 */
export type SumSink = (block: SumBlock) => void | Promise<void>

/**
 * The result of closing a phase: messages to send, or the sum.
 * @public
 */
export type PhaseOutcome<Sink extends SumSink | undefined = undefined> =
  | {
      readonly done: false
      /** The phase that is now open. */
      readonly phase: PhaseName
      /**
       * Each seat with its message. A message is encoded when the iteration reaches it. Several seats can get the same array:
       * copy it before you change or transfer it.
       */
      readonly messages: Iterable<readonly [seat: number, bytes: Bytes]>
    }
  | {
      readonly done: true
      /** Σ x over the survivors, modulo 2^k; one array of lanes per segment. `undefined` if a sink has received it. */
      readonly sum: Sink extends undefined ? Vector : undefined
      /** `hash` of the round's configuration. With it, decoders detect the outcome of another round. */
      readonly configHash: Bytes
      readonly report: RoundReport
    }

/**
 * A copy of a server's options.
 *
 * @throws {SecAggError} `invalid-argument` if one is missing or of the wrong kind.
 */
export function checkedServerOptions<Sink extends SumSink | undefined>(
  given: ServerSessionOptions<Sink>,
): ServerSessionOptions<Sink> {
  const options = partsOf('the options of a server', given)
  const { maximumUploads = 1, plane, sink } = options
  requireConfig(options.config)
  requireInteger('maximumUploads', maximumUploads, 1, Number.MAX_SAFE_INTEGER)
  if (plane !== undefined) homeOf(plane)
  requireCallback('sink', sink)
  requireCallback('saveResult', options.saveResult)
  if (options.config.adversary === 'active') requireVerifier(options.verifyIdentity)
  return { ...options, crypto: checkedShared(options) }
}

/** What the phases need of a server's options, whatever becomes of the sum. */
type AnyServerOptions = Omit<ServerSessionOptions<SumSink | undefined>, 'saveResult'>

/**
 * The context in which the server's phases run. Options that the host leaves out get their defaults.
 *
 * @throws {SecAggError} `no-randomness` or `unsupported` if the platform lacks what the round needs.
 */
export async function contextOf(options: AnyServerOptions, tell: TellServer): Promise<PhaseContext> {
  const { config, verifyIdentity, sink, signal, onProgress } = options
  const { plane = localPlane(), maximumUploads = UPLOADS } = options
  const crypto = options.crypto ?? (await defaultCrypto(config.suite))
  suiteOf(config, crypto) // now rather than in the last phase
  return { crypto, verifyIdentity, plane: homeOf(plane), sink, maximumUploads, signal, onProgress, tell }
}

/** The option of `abandon`. @throws {SecAggError} `invalid-argument` if it is of the wrong kind. */
export function isResumable(options: { readonly resumable?: boolean | undefined }): boolean {
  const { resumable = false } = partsOf('the options of abandon', options)
  if (typeof resumable === 'boolean') return resumable
  throw wrongKind('resumable', 'a boolean', resumable)
}

type Outcome<Sink extends SumSink | undefined> = Extract<PhaseOutcome<Sink>, { readonly done: true }>

/**
 * The outcome of a round, once the host has stored it. `books`: as they are when the last phase is closed.
 * @throws {SecAggError} `storage-failure`, fault `usage`, if the host's function fails.
 * @throws the signal's reason if it was aborted before the host's function is called.
 */
export async function finishedOutcome<Sink extends SumSink | undefined>(
  { state, sum }: FinishedRound,
  books: Books,
  { config, saveResult, signal }: Pick<ServerSessionOptions<Sink>, 'config' | 'saveResult' | 'signal'>,
): Promise<Outcome<Sink>> {
  const outcome = {
    done: true,
    ...(sum && { sum }),
    configHash: hashOf(config),
    report: new Ledger(config.clients, books).report(state),
  } as Outcome<Sink>
  throwIfAborted(signal)
  try {
    await saveResult?.(outcome)
  } catch (cause) {
    throw new SecAggError('storage-failure', 'usage', 'the result could not be saved', { cause })
  }
  return outcome
}
