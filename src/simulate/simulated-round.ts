import {
  partsOf,
  requireArray,
  requireCallback,
  requireInteger,
  shown,
  throwIfAborted,
} from '../arguments.js'
import { dependableProvider } from '../crypto/dependable.js'
import { type CryptoProvider, defaultCrypto, type SuiteName } from '../crypto/index.js'
import { PHASES, type PhaseName, SecAggError, usageError } from '../errors.js'
import {
  type AdversaryModel,
  createRoundConfig,
  ed25519Signer,
  ed25519Verifier,
  type RoundConfig,
  type Signer,
  type VerifyIdentity,
} from '../protocol/index.js'
import { ClientSession, type PhaseOutcome, type Receipt, ServerSession } from '../session/index.js'
import {
  addInto,
  createVector,
  type ElementRange,
  type MaskExecutor,
  reduceInto,
  segmentsInRange,
  type Vector,
  vectorInRange,
} from '../vector/index.js'
import { median, PhaseMeter, type SimulatedPhase } from './meter.js'
import { chooseDrops, type Drop, inputGenerator, inputOf } from './simulated-clients.js'

const CHECKED_AT_A_TIME = 2 ** 20

/**
 * What to simulate: one segment of `length` elements of `bits` bits, and who drops out when.
 * @experimental
 */
export interface SimulationOptions {
  readonly clients: number
  readonly length: number
  /** k, 1 to 64. */
  readonly bits: number
  /** Inputs are below 2^valueBits and the sum must not overflow; default k, where wrapping is meant. */
  readonly valueBits?: number | undefined
  /** Elements of a masked vector that go in one message; without it a vector goes whole. */
  readonly sliceLength?: number | undefined
  /** Executes mask plans, the clients' and the server's; default: this thread. */
  readonly maskExecutor?: MaskExecutor | undefined
  /** k of the sparse graph; without it the graph is complete. */
  readonly neighbors?: number | undefined
  /** Default: the least that the model allows, or on the sparse graph more than half of the neighbors. */
  readonly threshold?: number | undefined
  /** Default `honest-but-curious`. */
  readonly adversary?: AdversaryModel | undefined
  /** Default `aes`. */
  readonly suite?: SuiteName | undefined
  readonly drops?: readonly Drop[] | undefined
  /** Fixes inputs and who drops out, never keys. Default 1. */
  readonly seed?: number | undefined
  /** Default: the best provider of the platform. */
  readonly crypto?: CryptoProvider | undefined
  readonly signal?: AbortSignal | undefined
  /** Called after each client's message with how many clients of the round have been served. */
  readonly onProgress?: ((phase: PhaseName, served: number, clients: number) => void) | undefined
}

/**
 * What a simulated round came to. Times and bytes per client are medians; milliseconds.
 * @experimental
 */
export interface SimulationResult {
  readonly clients: number
  /** |U3|. */
  readonly survivors: number
  readonly length: number
  readonly bits: number
  readonly threshold: number
  /** Seats that each client shares and masks with: k, or all others on the complete graph. */
  readonly neighbors: number
  readonly adversary: AdversaryModel
  readonly suite: SuiteName
  /** Whether the sum equals the survivors' inputs added in the clear, modulo 2^k. */
  readonly exact: boolean
  /** All bytes of one client, both ways, over the bytes of its values in the clear. */
  readonly expansion: number
  readonly phases: readonly SimulatedPhase[]
  /** Of one client over all rounds. */
  readonly clientMs: number
  /** Of the server over all rounds. */
  readonly serverMs: number
}

/**
 * Runs n clients and a server in this process, through the real bytes, with fresh keys.
 *
 * @throws {SecAggError} fault `usage` for options that make no round; fault `peer` where the protocol aborts because
 *   too few clients are left.
 * @experimental
 */
export async function simulate(given: SimulationOptions): Promise<SimulationResult> {
  const options = partsOf('a simulation', given)
  const { clients, bits, seed = 1, signal, onProgress } = options
  requireInteger('clients', clients, 2, 65535)
  requireInteger('bits', bits, 1, 64)
  requireInteger('seed', seed, 0, Number.MAX_SAFE_INTEGER)
  requireCallback('onProgress', onProgress)
  const valueBits = options.valueBits ?? bits
  const crypto =
    options.crypto === undefined ? await defaultCrypto(options.suite) : dependableProvider(options.crypto)
  const config = configOf(options, valueBits, crypto)
  const dropsAt = chooseDrops(clients, dropsOf(options, config), seed)
  const segment = config.segments[0]!
  const input = (seat: number): Vector => inputOf(seat, segment, valueBits, seed)

  const identities = await enrol(config, crypto)
  const common = { config, crypto, maskExecutor: options.maskExecutor, signal }
  const server = new ServerSession({ ...common, verifyIdentity: identities?.verifyIdentity })
  let nextInput: Vector = []
  const inputPart = (range: ElementRange): Vector => vectorInRange(nextInput, config.segments, range)
  const sessions = Array.from({ length: clients }, (_, seat) => {
    const identity = identities && { ...identities, signer: identities.signers[seat] }
    return new ClientSession({ ...identity, ...common, seat, input: inputPart })
  })

  const meters: PhaseMeter[] = []
  const totalBytes = new Array<number>(clients).fill(0)
  let messages: Iterable<readonly [number, Uint8Array | undefined]> = sessions.map((_, seat) => [
    seat,
    undefined,
  ])
  for (;;) {
    const phase = server.phase!
    const meter = new PhaseMeter(phase)
    meters.push(meter)
    let served = 0
    for (const [seat, bytes] of meter.producing(messages)) {
      throwIfAborted(signal)
      if (!takesPart(dropsAt.get(seat), phase)) continue
      // Made outside the client's time: a real client has its input already.
      if (phase === 'masked-input') nextInput = input(seat)
      const session = sessions[seat]!
      const bytesDown = bytes?.length ?? 0
      let bytesUp = 0
      for await (const answer of meter.answering(answersOf(session, bytes, phase))) {
        bytesUp += answer.length
        requireAccepted(await meter.server(() => server.receive(seat, answer)))
      }
      meter.count(bytesDown, bytesUp)
      totalBytes[seat]! += bytesDown + bytesUp
      onProgress?.(phase, ++served, clients)
    }
    nextInput = []
    const outcome: PhaseOutcome = await meter.server(() => server.closePhase())
    if (!outcome.done) {
      messages = outcome.messages
      continue
    }
    const { survivors } = outcome.report
    const finished = totalBytes.filter((_, seat) => !dropsAt.has(seat))
    const phases = meters.map((each) => each.result())
    return {
      clients,
      survivors: survivors.length,
      length: segment.length,
      bits: segment.bits,
      threshold: config.threshold,
      neighbors: options.neighbors ?? clients - 1,
      adversary: config.adversary,
      suite: config.suite,
      exact: equalsSum(outcome.sum, config, survivors, valueBits, seed),
      expansion: median(finished) / ((segment.length * valueBits) / 8),
      phases,
      clientMs: phases.reduce((sum, { clientMs }) => sum + clientMs, 0),
      serverMs: phases.reduce((sum, { serverMs }) => sum + serverMs, 0),
    }
  }
}

/** What a client sends in a round: one message, or the slices of a vector. */
async function* answersOf(
  session: ClientSession,
  bytes: Uint8Array | undefined,
  phase: PhaseName,
): AsyncGenerator<Uint8Array, void, void> {
  yield await (bytes === undefined ? session.start() : session.receive(bytes))
  if (phase === 'masked-input') yield* session.slices()
}

function configOf(options: SimulationOptions, valueBits: number, crypto: CryptoProvider): RoundConfig {
  const { clients, length, bits, neighbors, suite, adversary = 'honest-but-curious' } = options
  if (!Number.isInteger(valueBits) || valueBits < 1 || valueBits > bits) {
    throw usageError(
      'invalid-configuration',
      'the bits of a value are at least 1 and at most those of its lane',
      {
        expected: bits,
        got: shown(valueBits),
      },
    )
  }
  return createRoundConfig({
    sessionId: crypto.randomBytes(32),
    clients,
    adversary,
    suite,
    graph: neighbors === undefined ? 'complete' : { neighbors, assumptions: 'unproven' },
    threshold: options.threshold ?? (neighbors === undefined ? undefined : Math.floor(neighbors / 2) + 1),
    sliceLength: options.sliceLength,
    minimumCohort: neighbors === undefined ? undefined : Math.floor(clients / 2) + 1,
    segments: [{ length, bits, bound: valueBits === bits ? 'modular' : 1n << BigInt(valueBits) }],
  })
}

function dropsOf({ drops = [] }: SimulationOptions, { adversary }: RoundConfig): readonly Drop[] {
  requireArray('drops', drops)
  const copy = drops.map((drop) => partsOf('a drop', drop))
  for (const { phase, count } of copy) {
    if (!PHASES.includes(phase)) {
      throw usageError('invalid-argument', `clients drop out before one of ${PHASES.join(', ')}`)
    }
    requireInteger('the number of clients that drop out', count, 0, 65535)
  }
  if (adversary === 'honest-but-curious' && copy.some(({ phase }) => phase === 'consistency-check')) {
    throw usageError('invalid-argument', 'only the active model has a consistency check to drop out of')
  }
  return copy
}

function takesPart(dropsAt: PhaseName | undefined, phase: PhaseName): boolean {
  return dropsAt === undefined || PHASES.indexOf(phase) < PHASES.indexOf(dropsAt)
}

/** An Ed25519 key for every seat; nothing in the honest-but-curious model. */
async function enrol(
  config: RoundConfig,
  { ed25519, randomBytes }: CryptoProvider,
): Promise<{ signers: readonly Signer[]; verifyIdentity: VerifyIdentity } | undefined> {
  if (config.adversary !== 'active') return undefined
  const privateKeys = Array.from({ length: config.clients }, () => randomBytes(32))
  const publicKeys = await Promise.all(privateKeys.map((key) => ed25519.publicKey(key)))
  return {
    signers: privateKeys.map((key) => ed25519Signer(key, ed25519)),
    verifyIdentity: ed25519Verifier((seat) => publicKeys[seat], ed25519),
  }
}

function requireAccepted(receipt: Receipt): void {
  if (receipt.status === 'refused') throw receipt.error
  if (receipt.status !== 'accepted') throw new SecAggError('internal', 'internal', 'a message came twice')
}

/** Whether `sum` is that of the survivors' inputs, which are made again in parts and added in the clear. */
function equalsSum(
  sum: Vector,
  { segments }: RoundConfig,
  survivors: readonly number[],
  valueBits: number,
  seed: number,
): boolean {
  const segment = segments[0]!
  const generators = survivors.map((seat) => inputGenerator(seat, valueBits, seed))
  for (let from = 0; from < segment.length; from += CHECKED_AT_A_TIME) {
    const range = { from, to: Math.min(from + CHECKED_AT_A_TIME, segment.length) }
    const part = segmentsInRange(segments, range)
    const expected = createVector(part)
    for (const fill of generators) {
      const input = createVector(part)
      fill(input[0]!)
      addInto(expected, input, part)
    }
    reduceInto(expected, part)
    const lanes = vectorInRange(sum, segments, range)[0]!
    if (!lanes.every((value, i) => value === expected[0]![i])) return false
  }
  return true
}
