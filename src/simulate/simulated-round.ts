import { partsOf, requireCallback, requireInteger, shown, throwIfAborted } from '../arguments.js'
import { dependableProvider } from '../crypto/dependable.js'
import { type CryptoProvider, defaultCrypto, type SuiteName } from '../crypto/index.js'
import { type PhaseName, SecAggError, usageError } from '../errors.js'
import { localPlane } from '../plane/index.js'
import {
  type AdversaryModel,
  createRoundConfig,
  type KeyAgreementName,
  type RoundConfig,
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
import { enroll } from './enrollment.js'
import { median, PhaseMeter, type SimulatedPhase } from './meter.js'
import {
  checkedDrops,
  chooseDrops,
  type Drop,
  inputGenerator,
  inputOf,
  takesPart,
} from './simulated-clients.js'

const CHECKED_AT_A_TIME = 2 ** 20

/**
 * What to simulate. Every client has a vector with one segment.
 * @experimental
 */
export interface SimulationOptions {
  /** The number of clients, 2 to 65535. */
  readonly clients: number
  /** The number of elements of a vector. */
  readonly length: number
  /** The number of bits of an element, 1 to 64. */
  readonly bits: number
  /**
   * The number of bits of an input value. Below `bits`, a sum that could overflow is refused. Default: `bits`, and the sum
   * wraps around.
   */
  readonly valueBits?: number | undefined
  /** The number of elements of a masked vector per message. Default: the whole vector is one message. */
  readonly sliceLength?: number | undefined
  /** Executes the mask plans of the clients and the server. Default: this thread. */
  readonly maskExecutor?: MaskExecutor | undefined
  /**
   * On the sparse graph, the number of neighbors of a client, an even number. In the active model, the number of holders that
   * each client chooses. Default: the graph is complete.
   */
  readonly neighbors?: number | undefined
  /**
   * The threshold. Default: the minimum of the adversary model; on the sparse graph, more than half of the neighbors, and
   * more than two thirds in the active model.
   */
  readonly threshold?: number | undefined
  /** What the server may do. Default `honest-but-curious`. */
  readonly adversary?: AdversaryModel | undefined
  /** The pair of ciphers. Default `aes`. */
  readonly suite?: SuiteName | undefined
  /**
   * How clients agree on keys. `'x25519-ml-kem-768'` needs a provider in `crypto` that has ML-KEM-768. Default `x25519`.
   */
  readonly keyAgreement?: KeyAgreementName | undefined
  /** Who drops out when. Default: nobody. */
  readonly drops?: readonly Drop[] | undefined
  /** Determines the inputs and who drops out, but not the keys. Default 1. */
  readonly seed?: number | undefined
  /** The cryptographic primitives. Default: the fastest provider of the platform. */
  readonly crypto?: CryptoProvider | undefined
  /** Aborts the simulation. */
  readonly signal?: AbortSignal | undefined
  /** Called after each client's answer, with the number of clients that have answered in this phase. */
  readonly onProgress?: ((phase: PhaseName, served: number, clients: number) => void) | undefined
}

/**
 * The result of a simulated round. Times are in milliseconds. Times and bytes per client are medians.
 * @experimental
 */
export interface SimulationResult {
  readonly clients: number
  /** The number of clients whose input is in the sum (U3). */
  readonly survivors: number
  readonly length: number
  readonly bits: number
  readonly threshold: number
  /** The number of clients that hold shares of one client's secrets. On the complete graph, all others. */
  readonly neighbors: number
  readonly adversary: AdversaryModel
  readonly suite: SuiteName
  readonly keyAgreement: KeyAgreementName
  /** Whether the sum equals the sum of the survivors' inputs in the clear, modulo 2^bits. */
  readonly exact: boolean
  /** The bytes that one client sends and receives, divided by the bytes of its values in the clear. */
  readonly expansion: number
  /** Time and traffic of each phase. */
  readonly phases: readonly SimulatedPhase[]
  /**
   * The time of one client in all phases. The simulation verifies each signature once, and adds the time that took to that of
   * each party that has to verify it.
   */
  readonly clientMs: number
  /** The time of the server in all phases. */
  readonly serverMs: number
}

/**
 * Simulates one round with many clients and a server in this process, with the real messages and fresh keys.
 *
 * @param given The number of clients, the vectors, and who drops out.
 * @returns Whether the sum is exact, and the time and traffic of each phase.
 * @throws {SecAggError} With fault `usage`: `invalid-argument` or `invalid-configuration` if options are wrong. With fault
 *   `peer`: `too-few-clients` or `too-few-shares` if too many clients drop out.
 * @throws the reason of `signal` if it aborts.
 * @example
 * ```ts
 * import { simulate } from 'secagg/simulate'
 *
 * const drops = [{ phase: 'masked-input', count: 2 }] as const
 * const { survivors, threshold, exact } = await simulate({ clients: 10, length: 1000, bits: 32, drops })
 * console.log(survivors, threshold, exact) // 8 6 true
 * ```
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
  const dropsAt = chooseDrops(clients, checkedDrops(options.drops, config.adversary), seed)
  const segment = config.segments[0]!
  const input = (seat: number): Vector => inputOf(seat, segment, valueBits, seed)

  const enrollment = config.adversary === 'active' ? await enroll(clients, crypto) : undefined
  const { maskExecutor } = options
  const common = { config, crypto, signal }
  const plane = localPlane({ maskExecutor })
  const server = new ServerSession({ ...common, plane, verifyIdentity: enrollment?.verifyIdentity })
  let nextInput: Vector = []
  const inputPart = (range: ElementRange): Vector => vectorInRange(nextInput, config.segments, range)
  const sessions = Array.from({ length: clients }, (_, seat) => {
    const signer = enrollment?.signers[seat]
    const verifyIdentity = enrollment?.verifyIdentity
    return new ClientSession({ ...common, maskExecutor, signer, verifyIdentity, seat, input: inputPart })
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
      // Not counted as the client's time, because a real client already has its input.
      if (phase === 'masked-input') nextInput = input(seat)
      const session = sessions[seat]!
      const bytesDown = bytes?.length ?? 0
      let bytesUp = 0
      const answers = answersOf(session, bytes, phase)
      for await (const answer of meter.answering(answers, enrollment?.takeSavedMs)) {
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
      keyAgreement: config.keyAgreement,
      exact: equalsSum(outcome.sum, config, survivors, valueBits, seed),
      expansion: median(finished) / ((segment.length * valueBits) / 8),
      phases,
      clientMs: phases.reduce((sum, { clientMs }) => sum + clientMs, 0),
      serverMs: phases.reduce((sum, { serverMs }) => sum + serverMs, 0),
    }
  }
}

/** What a client sends in a phase: one message, or the slices of a vector. */
async function* answersOf(
  session: ClientSession,
  bytes: Uint8Array | undefined,
  phase: PhaseName,
): AsyncGenerator<Uint8Array, void, void> {
  yield await (bytes === undefined ? session.start() : session.receive(bytes))
  if (phase === 'masked-input') yield* session.slices()
}

function configOf(options: SimulationOptions, valueBits: number, crypto: CryptoProvider): RoundConfig {
  const { clients, length, bits, neighbors, suite, keyAgreement, adversary = 'honest-but-curious' } = options
  if (!Number.isInteger(valueBits) || valueBits < 1 || valueBits > bits) {
    throw usageError(
      'invalid-configuration',
      `valueBits must be a whole number from 1 to bits, which is ${bits}`,
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
    keyAgreement,
    graph: neighbors === undefined ? 'complete' : { neighbors, assumptions: 'unproven' },
    threshold: options.threshold ?? (neighbors === undefined ? undefined : mostOf(neighbors, adversary)),
    sliceLength: options.sliceLength,
    minimumCohort: neighbors === undefined ? undefined : Math.floor(clients / 2) + 1,
    segments: [{ length, bits, bound: valueBits === bits ? 'modular' : 1n << BigInt(valueBits) }],
  })
}

/** The default threshold among `neighbors` holders. With no corrupt clients, it meets the limits of the model. */
function mostOf(neighbors: number, adversary: AdversaryModel): number {
  return Math.floor(adversary === 'active' ? (2 * neighbors) / 3 : neighbors / 2) + 1
}

function requireAccepted(receipt: Receipt): void {
  if (receipt.status === 'refused') throw receipt.error
  if (receipt.status !== 'accepted') throw new SecAggError('internal', 'internal', 'a message arrived twice')
}

/** Whether `sum` is the sum of the survivors' inputs, which are generated again in parts and added in the clear. */
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
