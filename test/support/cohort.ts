import {
  ClientSession,
  type ClientSessionOptions,
  type CryptoProvider,
  createRoundConfig,
  ed25519Signer,
  ed25519Verifier,
  PHASES,
  type PhaseName,
  type PhaseOutcome,
  type Receipt,
  type RoundConfig,
  type RoundInput,
  type RoundParameters,
  SecAggError,
  type SecretSplitter,
  ServerSession,
  type ServerSessionOptions,
  type Signer,
  type Vector,
  type VerifyIdentity,
} from 'secagg'
import { inputFor, sumOf } from './inputs.js'
import { randomOf } from './seeded.js'
import { toyCrypto, toySplitter } from './toy-crypto.js'

/** The parameters of the round, most of them with a default, and what its parties run on. */
export interface CohortOptions
  extends Partial<Omit<RoundParameters, 'clients' | 'adversary'>>,
    Pick<RoundParameters, 'clients' | 'adversary'> {
  /** Decides everything that is drawn, with the toy provider the keys as well. Default 1. */
  readonly seed?: number
  /** Default: the toy provider and splitter. With a real provider and no splitter, the library's own. */
  readonly crypto?: CryptoProvider
  readonly splitSecret?: SecretSplitter
  /** By seat; default: seeded values below the bounds. */
  readonly inputs?: readonly (Vector | RoundInput)[]
  /** More options for one client's session, or for the server's. */
  readonly clientOptions?: (seat: number) => Partial<ClientSessionOptions>
  readonly serverOptions?: Partial<ServerSessionOptions>
}

/** The parties of one round, before its first message. */
export interface Cohort {
  readonly config: RoundConfig
  readonly crypto: CryptoProvider
  readonly inputs: readonly Vector[]
  readonly sessions: readonly ClientSession[]
  readonly server: ServerSession
  /** By seat; active model only. */
  readonly signers: readonly Signer[]
  readonly verifyIdentity: VerifyIdentity | undefined
}

export async function makeCohort(options: CohortOptions): Promise<Cohort> {
  const { seed = 1, crypto = toyCrypto(seed), clientOptions, serverOptions } = options
  const random = randomOf(seed + 2 ** 32)
  const config = createRoundConfig({
    ...options,
    sessionId: options.sessionId ?? random.bytes(32),
    segments: options.segments ?? [{ length: 5, bits: 16, bound: 'modular' }],
  })
  const splitSecret = options.splitSecret ?? (options.crypto === undefined ? toySplitter(seed) : undefined)
  const seats = Array.from({ length: config.clients }, (_, seat) => seat)
  const given = options.inputs ?? seats.map(() => inputFor(config, random))
  const inputs = given.map((input) => ('configHash' in input ? input.vector : input))
  const privateKeys = config.adversary === 'active' ? seats.map(() => random.bytes(32)) : []
  const publicKeys = await Promise.all(privateKeys.map((key) => crypto.ed25519.publicKey(key)))
  const signers = privateKeys.map((key) => ed25519Signer(key, crypto.ed25519))
  const verifyIdentity =
    config.adversary === 'active' ? ed25519Verifier((seat) => publicKeys[seat], crypto.ed25519) : undefined
  const sessions = seats.map((seat) => {
    const input = given[seat]!
    const common = { config, seat, input, crypto, splitSecret, signer: signers[seat], verifyIdentity }
    return new ClientSession({ ...common, ...clientOptions?.(seat) })
  })
  const server = new ServerSession({ config, crypto, verifyIdentity, ...serverOptions })
  return { config, crypto, inputs, sessions, server, signers, verifyIdentity }
}

export interface RunOptions {
  /** How many messages the client of each seat sends before it vanishes; default: all. */
  readonly stages?: readonly number[]
  /** Stops when this round is open, none of its messages being delivered; they are then `pending`. */
  readonly until?: PhaseName
  /** What the server gets instead of a client's message of `round`; `undefined` for nothing. */
  onClientMessage?(seat: number, phase: PhaseName, bytes: Uint8Array): Uint8Array | undefined
  /** What a client gets instead of the message that it answers in `round`. */
  onServerMessage?(seat: number, phase: PhaseName, bytes: Uint8Array): Uint8Array
}

/** How a round went. */
export interface CohortRun extends Cohort {
  /** The sum and the report, where the round came to its end. */
  readonly outcome: Extract<PhaseOutcome, { done: true }> | undefined
  /** Why the server could not close a round. */
  readonly error: SecAggError | undefined
  /** Clients that refused a message of the server; they send nothing more. */
  readonly clientErrors: ReadonlyMap<number, SecAggError>
  readonly receipts: readonly {
    readonly seat: number
    readonly phase: PhaseName
    readonly receipt: Receipt
  }[]
  /** The server's messages of the open round that no client has got yet. */
  readonly pending: ReadonlyMap<number, Uint8Array>
  /** The PublishedKeys message, which on the complete graph all get; none before round 1. */
  readonly published: Uint8Array | undefined
  /** U3 as the server has it, and the sum of those inputs in the clear. */
  readonly survivors: readonly number[]
  readonly expected: Vector
}

/** Makes a cohort and runs its round, through the bytes, message by message in the order of the seats. */
export async function runCohort(options: CohortOptions & RunOptions): Promise<CohortRun> {
  return run(await makeCohort(options), options)
}

/** Runs the round of a cohort from its first message, or goes on with one that was stopped by `until`. */
export async function run(
  cohort: Cohort & Partial<Pick<CohortRun, 'pending' | 'published'>>,
  options: RunOptions = {},
): Promise<CohortRun> {
  const { server, sessions, config, inputs } = cohort
  const { stages = [], until, onClientMessage, onServerMessage } = options
  const clientErrors = new Map<number, SecAggError>()
  const receipts: CohortRun['receipts'][number][] = []
  let inbox = new Map<number, Uint8Array | undefined>(cohort.pending)
  if (server.phase === 'advertise-keys') inbox = new Map(sessions.map((_, seat) => [seat, undefined]))
  const rounds = PHASES.filter((name) => name !== 'consistency-check' || config.adversary === 'active')
  let outcome: PhaseOutcome | undefined
  let error: SecAggError | undefined
  let { published } = cohort

  const answerOf = async (seat: number, phase: PhaseName, bytes: Uint8Array | undefined) => {
    const session = sessions[seat]!
    try {
      if (bytes === undefined) return await session.start()
      return await session.receive(onServerMessage?.(seat, phase, bytes) ?? bytes)
    } catch (refusal) {
      clientErrors.set(seat, requireTyped(refusal))
      return undefined
    }
  }

  while (outcome?.done !== true && error === undefined) {
    const phase = server.phase!
    if (phase === until) break
    const step = rounds.indexOf(phase)
    for (const [seat, bytes] of inbox) {
      if (clientErrors.has(seat) || step >= (stages[seat] ?? Number.POSITIVE_INFINITY)) continue
      const answer = await answerOf(seat, phase, bytes)
      const sent = answer && onClientMessage ? onClientMessage(seat, phase, answer) : answer
      if (sent !== undefined) receipts.push({ seat, phase, receipt: await server.receive(seat, sent) })
    }
    try {
      outcome = await server.closePhase()
      inbox = new Map(outcome.done ? [] : outcome.messages)
      if (phase === 'advertise-keys') published = inbox.values().next().value
    } catch (refusal) {
      error = requireTyped(refusal)
    }
  }

  const { survivors } = server.report
  return {
    ...cohort,
    outcome: outcome?.done === true ? outcome : undefined,
    error,
    clientErrors,
    receipts,
    pending: new Map([...inbox].filter((entry): entry is [number, Uint8Array] => entry[1] !== undefined)),
    published,
    survivors,
    expected: sumOf(config, survivors, inputs),
  }
}

/** Nothing but typed errors may come out of a session, whatever it was given. */
function requireTyped(error: unknown): SecAggError {
  if (error instanceof SecAggError) return error
  throw error
}
