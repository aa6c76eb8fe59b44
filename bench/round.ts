import {
  type AdversaryModel,
  ClientSession,
  createRoundConfig,
  type DataPlane,
  ed25519Signer,
  ed25519Verifier,
  type PhaseName,
  type RoundConfig,
  ServerSession,
} from 'secagg'
import { type CryptoProvider, nodeCrypto } from 'secagg/crypto'
import type { MaskPool } from 'secagg/workers'
import { type Span, Tally } from './cost.js'
import { CHECKED_ELEMENTS, type ClientKind, standIns } from './stand-in.js'

/** What every client puts in, in every element. */
const INPUT = 3

/** How many bytes of vectors are under way at the same time. */
const BATCH_BYTES = 2 ** 24

type Message = readonly [seat: number, bytes: Uint8Array | undefined]

/** A round to time: AES suite, one segment of elements of 32 bits. */
export interface RoundShape {
  /** Default: honest-but-curious. */
  readonly adversary?: AdversaryModel | undefined
  readonly clients: number
  readonly length: number
  /** k and t of the sparse graph; without them the graph is complete. */
  readonly sparse?: { readonly neighbors: number; readonly threshold: number } | undefined
  /** The share of clients that drop out after they have shared their keys. */
  readonly dropouts: number
  /** The provider of all parties, if keys are agreed on with ML-KEM-768 too. All clients must be timed then: stand-ins cannot. */
  readonly hybrid?: CryptoProvider | undefined
  /** The plane of the server. Default: the calling thread. */
  readonly plane?: DataPlane | undefined
  /** The threads of the timed clients, and of the server's provider. Default: none. */
  readonly pool?: MaskPool | undefined
  /** How long each of the threads has worked, in milliseconds since it was started. */
  readonly busyMs?: (() => readonly number[]) | undefined
}

/** What one party did in a round, and the processor time it took, all threads of the process together. */
export interface PartyTime {
  readonly ms: number
  readonly msByRound: Partial<Readonly<Record<PhaseName, number>>>
  /** How long that took. */
  readonly wallMs: number
  /** How long each phase took, and how long the threads worked in it. */
  readonly timeline: Partial<Readonly<Record<PhaseName, Span>>>
  /** Mask streams as long as the vector. */
  readonly streams: number
  readonly agreements: number
}

export interface TimedRound {
  readonly threshold: number
  readonly timedClients: number
  readonly server: PartyTime
  /** Medians over the timed clients; `bytes` are those of all messages, both ways. */
  readonly client: PartyTime & { readonly bytes: number }
}

/** Runs a round with `timed` real clients, or all of them real, and stand-ins for the rest, and checks its sum. */
export async function timeRound(shape: RoundShape, timed: number): Promise<TimedRound> {
  const { clients, length } = shape
  const crypto = shape.hybrid ?? requireNodeCrypto()
  const dropping = Math.round(shape.dropouts * clients)
  const survivors = clients - dropping
  const isReal = timed >= clients
  if (shape.hybrid !== undefined && !isReal) throw new Error('stand-ins have no ML-KEM-768')
  // The first seats drop out; the timed ones are spread over the others.
  const timedCount = Math.min(timed, survivors)
  const timedSeats = new Set(
    Array.from({ length: timedCount }, (_, i) => dropping + Math.floor((i * survivors) / timedCount)),
  )
  const kindOf = (seat: number): ClientKind =>
    isReal || timedSeats.has(seat) ? 'real' : seat < dropping ? 'dropping' : 'stand-in'

  const config = configOf(shape, crypto)
  const input = new Uint32Array(length).fill(INPUT)
  const others = standIns(crypto)
  const enrolled = await enrol(config, crypto)
  const counters: Counting[] = []
  const sessions = Array.from({ length: clients }, (_, seat) => {
    const signer = enrolled?.signers[seat]
    const common = { config, seat, input: () => input, signer }
    if (kindOf(seat) !== 'real') {
      return new ClientSession({ ...common, ...others, verifyIdentity: enrolled && others.verifyIdentity })
    }
    const counting = countAgreements(crypto)
    if (timedSeats.has(seat)) counters.push(counting)
    return new ClientSession({
      ...common,
      ...(shape.pool === undefined
        ? { crypto: counting.crypto }
        : { crypto: shape.pool.crypto(counting.crypto), maskExecutor: shape.pool.execute }),
      verifyIdentity: enrolled?.verifyIdentity,
    })
  })
  const counting = countAgreements(crypto)
  const server = new ServerSession({
    config,
    crypto: counting.crypto,
    verifyIdentity: enrolled?.verifyIdentity,
    plane: shape.plane,
  })

  const ofServer = new Tally()
  const ofClients = new Map([...timedSeats].map((seat) => [seat, new Tally()]))
  const bytesOf = new Map([...timedSeats].map((seat) => [seat, 0]))
  const batch = Math.max(1, Math.min(64, Math.floor(BATCH_BYTES / (4 * length))))
  let messages: Iterable<Message> = sessions.map((_, seat) => [seat, undefined])
  for (;;) {
    const phase = server.phase!
    const serving = <T>(work: () => Promise<T>): Promise<T> => ofServer.measure(phase, work, shape.busyMs)
    const iterator = messages[Symbol.iterator]()
    for (;;) {
      // Several messages at a time, because a measurement costs as much as a short message.
      const sent = await serving(async () => take(iterator, batch))
      if (sent.length === 0) break
      const answers: (readonly [seat: number, bytes: Uint8Array])[] = []
      for (const [seat, bytes] of sent) {
        if (seat < dropping && (phase === 'masked-input' || phase === 'unmasking')) continue
        const session = sessions[seat]!
        const answering = () => (bytes === undefined ? session.start() : session.receive(bytes))
        const tally = ofClients.get(seat)
        const answer = await (tally?.measure(phase, answering, shape.busyMs) ?? answering())
        if (tally !== undefined) {
          bytesOf.set(seat, bytesOf.get(seat)! + (bytes?.length ?? 0) + answer.length)
        }
        if (phase === 'advertise-keys') others.enrol(answer, kindOf(seat))
        answers.push([seat, answer])
      }
      await serving(async () => {
        for (const [seat, bytes] of answers) {
          const { status } = await server.receive(seat, bytes)
          if (status !== 'accepted') throw new Error(`seat ${seat} was ${status}`)
        }
      })
    }
    const outcome = await serving(() => server.closePhase())
    if (!outcome.done) {
      messages = outcome.messages
      continue
    }
    const sum = outcome.sum[0] as Uint32Array
    requireSum(isReal ? sum : sum.subarray(0, CHECKED_ELEMENTS), survivors)
    const agreements = median(counters.map((counter) => counter.agreements()))
    return {
      threshold: config.threshold,
      timedClients: timedCount,
      server: {
        ...partyTime([ofServer]),
        streams: survivors + counting.agreements(),
        agreements: counting.agreements(),
      },
      client: {
        ...partyTime([...ofClients.values()]),
        // With each neighbor a key to seal and a key to mask; a mask with each, and one of its own.
        streams: agreements / 2 + 1,
        agreements,
        bytes: median([...bytesOf.values()]),
      },
    }
  }
}

/** What parties of the same kind took: medians. */
function partyTime(parties: readonly Tally[]): Omit<PartyTime, 'streams' | 'agreements'> {
  const medianOf = (of: (spans: ReadonlyMap<PhaseName, Span>) => number): number =>
    median(parties.map(({ spans }) => of(spans)))
  const total = (of: (span: Span) => number) => (spans: ReadonlyMap<PhaseName, Span>) =>
    [...spans.values()].reduce((sum, span) => sum + of(span), 0)
  const phases = [...parties[0]!.spans.keys()]
  const timeline = phases.map((phase): [PhaseName, Span] => {
    const each = (of: (span: Span) => number): number => medianOf((spans) => of(spans.get(phase)!))
    const busyMs = parties[0]!.spans
      .get(phase)!
      .busyMs.map((_, thread) => each((span) => span.busyMs[thread]!))
    return [phase, { ms: each(({ ms }) => ms), wallMs: each(({ wallMs }) => wallMs), busyMs }]
  })
  return {
    ms: medianOf(total(({ ms }) => ms)),
    wallMs: medianOf(total(({ wallMs }) => wallMs)),
    msByRound: Object.fromEntries(timeline.map(([phase, { ms }]) => [phase, ms])),
    timeline: Object.fromEntries(timeline),
  }
}

function take<T>(iterator: Iterator<T>, most: number): readonly T[] {
  const taken: T[] = []
  while (taken.length < most) {
    const next = iterator.next()
    if (next.done === true) break
    taken.push(next.value)
  }
  return taken
}

/** An Ed25519 key for every seat in the active model. */
async function enrol({ adversary, clients }: RoundConfig, { ed25519, randomBytes }: CryptoProvider) {
  if (adversary !== 'active') return undefined
  const privateKeys = Array.from({ length: clients }, () => randomBytes(32))
  const publicKeys = await Promise.all(privateKeys.map((key) => ed25519.publicKey(key)))
  return {
    signers: privateKeys.map((key) => ed25519Signer(key, ed25519)),
    verifyIdentity: ed25519Verifier((seat) => publicKeys[seat], ed25519),
  }
}

function configOf(
  { adversary, clients, length, sparse, hybrid }: RoundShape,
  crypto: CryptoProvider,
): RoundConfig {
  return createRoundConfig({
    sessionId: crypto.randomBytes(32),
    clients,
    adversary: adversary ?? 'honest-but-curious',
    keyAgreement: hybrid === undefined ? 'x25519' : 'x25519-ml-kem-768',
    graph: sparse === undefined ? 'complete' : { neighbors: sparse.neighbors, assumptions: 'unproven' },
    threshold: sparse?.threshold,
    minimumCohort: sparse === undefined ? undefined : Math.floor(clients / 2) + 1,
    segments: [{ length, bits: 32, bound: 'modular' }],
  })
}

interface Counting {
  readonly crypto: CryptoProvider
  agreements(): number
}

/** A provider that counts the keys it agrees on. */
function countAgreements(crypto: CryptoProvider): Counting {
  let count = 0
  const { publicKey, sharedSecrets } = crypto.x25519
  const x25519 = {
    publicKey,
    sharedSecrets: (privateKey: Uint8Array, publicKeys: readonly Uint8Array[]) => {
      count += publicKeys.length
      return sharedSecrets(privateKey, publicKeys)
    },
  }
  return { crypto: { ...crypto, x25519 }, agreements: () => count }
}

function requireSum(sum: Uint32Array, survivors: number): void {
  if (sum.some((element) => element !== INPUT * survivors)) throw new Error('the sum is wrong')
}

function requireNodeCrypto(): CryptoProvider {
  const crypto = nodeCrypto()
  if (crypto === undefined) throw new Error('this Node has no cryptography')
  return crypto
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
}
