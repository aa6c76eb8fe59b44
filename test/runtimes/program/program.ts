import { ClientSession, createRoundConfig, ed25519Signer, ed25519Verifier, ServerSession } from 'secagg'
import { type CryptoProvider, defaultCrypto, type SuiteName } from 'secagg/crypto'
import { fastestSuite } from 'secagg/federated'
import { type Connection, messagePortConnection, runClient, serveRound } from 'secagg/transport'
import { executeMaskPlan } from 'secagg/vector'
import { createMaskPool } from 'secagg/workers'
import { checkConformance } from './conformance.js'
import type { Report } from './report.js'

const MODELS = ['honest-but-curious', 'active'] as const
const SUITES = ['aes', 'chacha'] as const
const CLIENTS = 5
const DROPOUT = 4
/** Enough elements for several pieces, and a remainder. */
const LENGTH = 20_003

/** Runs everything and never throws: a runtime on which something fails reports what failed. */
export async function runProgram(): Promise<Report> {
  const rounds: Record<string, true | string> = {}
  for (const adversary of MODELS) {
    for (const suite of SUITES) {
      rounds[`${adversary}, ${suite}`] = await outcomeOf<true>(async () => {
        await runRound(adversary, suite)
        return true
      })
    }
  }
  const aes = await nameOfProvider('aes')
  const chacha = await nameOfProvider('chacha')
  const threads = await threadsOf()
  const [ofAes, ofChacha] = [await timeOfMask('aes'), await timeOfMask('chacha')]
  return {
    rounds,
    ports: !hasChannels() ? 'missing' : await outcomeOf<true>(runOverPorts),
    conformance: await conformanceOf(),
    provider: { aes, chacha },
    fastest: await outcomeOf(fastestSuite),
    kernels: hasKernels() ? 'wasm' : 'typescript',
    threads,
    ...(ofAes > 0 && ofChacha > 0 ? { milliseconds: { aes: ofAes, chacha: ofChacha } } : {}),
  }
}

/** Some runtimes have the class only to throw an error that says that it is not supported. */
function hasChannels(): boolean {
  try {
    new MessageChannel().port1.close()
    return true
  } catch {
    return false
  }
}

async function outcomeOf<T>(work: () => Promise<T>): Promise<T | string> {
  try {
    return await work()
  } catch (error) {
    return textOf(error)
  }
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : ` (${textOf(error.cause)})`
  return `${error.name}: ${error.message}${cause}`
}

async function conformanceOf(): Promise<Report['conformance']> {
  const result = await outcomeOf(checkConformance)
  return typeof result === 'string' ? { questions: 0, wrong: 0, examples: [result], answers: '' } : result
}

async function nameOfProvider(suite: SuiteName): Promise<string> {
  return outcomeOf(async () => (await defaultCrypto(suite)).name)
}

/** A round of five clients, one of which drops out after it has shared its secrets. Throws if the sum is wrong. */
async function runRound(adversary: (typeof MODELS)[number], suite: SuiteName): Promise<void> {
  const crypto = await defaultCrypto(suite)
  const { ed25519, randomBytes } = crypto
  const seats = Array.from({ length: CLIENTS }, (_, seat) => seat)
  const config = createRoundConfig({
    sessionId: randomBytes(32),
    clients: CLIENTS,
    adversary,
    suite,
    segments: [
      { length: LENGTH, bits: 32, bound: 2 ** 20 },
      { length: LENGTH, bits: 13, bound: 'modular' },
    ],
  })
  const privateKeys = seats.map(() => randomBytes(32))
  const enrolled = await Promise.all(privateKeys.map((key) => ed25519.publicKey(key)))
  const identity =
    adversary === 'active' ? { verifyIdentity: ed25519Verifier((seat) => enrolled[seat], ed25519) } : {}
  const inputs = seats.map((seat) => [
    Uint32Array.from({ length: LENGTH }, (_, index) => (index * (seat + 7)) % 1_000_003),
    Uint16Array.from({ length: LENGTH }, (_, index) => (index * (seat + 3)) % 8191),
  ])
  const clients = seats.map((seat) => {
    const signer = adversary === 'active' ? { signer: ed25519Signer(privateKeys[seat]!, ed25519) } : {}
    return new ClientSession({ config, seat, input: inputs[seat]!, crypto, ...identity, ...signer })
  })
  const server = new ServerSession({ config, crypto, ...identity })
  for (const [seat, client] of clients.entries()) await server.receive(seat, await client.start())
  let outcome = await server.closePhase()
  while (!outcome.done) {
    for (const [seat, bytes] of outcome.messages) {
      if (outcome.phase === 'masked-input' && seat === DROPOUT) continue
      await server.receive(seat, await clients[seat]!.receive(bytes))
    }
    outcome = await server.closePhase()
  }
  const survivors = outcome.report.survivors.join()
  if (survivors !== '0,1,2,3') throw new Error(`the survivors are ${survivors}`)
  for (const [segment, bits] of [32, 13].entries()) {
    for (let index = 0; index < LENGTH; index++) {
      const expected = [0, 1, 2, 3].reduce((sum, seat) => sum + inputs[seat]![segment]![index]!, 0)
      const got = Number(outcome.sum[segment]![index])
      if (got !== expected % 2 ** bits) throw new Error(`element ${index} of the sum is ${got}`)
    }
  }
}

/** A round of the drivers over message ports. */
async function runOverPorts(): Promise<true> {
  const config = createRoundConfig({
    sessionId: (await defaultCrypto()).randomBytes(32),
    clients: 3,
    adversary: 'honest-but-curious',
    segments: [{ length: 2, bits: 16, bound: 1000 }],
  })
  const round = serveRound({ config, deadline: 20_000 })
  const clients = [0, 1, 2].map((seat) => {
    const connect = (): Connection => {
      const { port1, port2 } = new MessageChannel()
      round.connect(seat, messagePortConnection(port1))
      return messagePortConnection(port2)
    }
    return runClient(connect, { config, seat, input: [Uint16Array.of(seat, 100)] })
  })
  const { sum } = await round.outcome
  await Promise.all([...clients, round.closed])
  const [counts] = sum
  if (`${counts}` !== '3,300') throw new Error(`the sum is ${counts}`)
  return true
}

/** Whether the runtime compiles and instantiates a module with an instruction of SIMD. Some policies refuse only the instance. */
function hasKernels(): boolean {
  const bytes = [
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98,
    11,
  ]
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes))) !== undefined
  } catch {
    return false
  }
}

/** Masks on two threads and compares with the calling thread. */
async function threadsOf(): Promise<Report['threads']> {
  try {
    const pool = await createMaskPool({ workers: 2 })
    if (pool.threads === 0) {
      const failure = pool.failure === undefined ? {} : { failure: textOf(pool.failure) }
      return { count: 0, agree: true, ...failure }
    }
    const suite = (await defaultCrypto('aes')).suites.aes!
    const segments = [{ length: 2 ** 20, bits: 32 }]
    const plan = Array.from({ length: 5 }, (_, index) => ({
      seed: new Uint8Array(16).fill(index),
      sign: index % 2 === 0 ? (1 as const) : (-1 as const),
    }))
    const [here, there] = [new Uint32Array(2 ** 20), new Uint32Array(2 ** 20)]
    await executeMaskPlan([here], segments, plan, suite)
    await pool.execute([there], segments, plan, suite)
    const agree = here.every((element, index) => element === there[index])
    const { threads, failure } = pool
    await pool.close()
    return { count: threads, agree, ...(failure === undefined ? {} : { failure: textOf(failure) }) }
  } catch (error) {
    return { count: 0, agree: false, failure: textOf(error) }
  }
}

const LITTLE = 2 ** 14
const BATCHES = 8
/** Clocks of browsers tick in steps of up to a millisecond. */
const BATCH_MILLISECONDS = 25

/** The minimum of some batches, in milliseconds for one mask; 0 if it cannot be measured. */
async function timeOfMask(suite: SuiteName): Promise<number> {
  try {
    // Slow engines mask fewer elements.
    const maskLittle = await maskOnce(suite, LITTLE)
    const little = Math.min(
      await timeOf(maskLittle, 1),
      await timeOf(maskLittle, 1),
      await timeOf(maskLittle, 1),
    )
    if (little > 20) return Math.round((little * 2 ** 20) / LITTLE)
    const mask = await maskOnce(suite)
    const first = await timeOf(mask, 1)
    if (first === 0 && (await timeOf(mask, 50)) === 0) return 0
    const count = Math.max(1, Math.ceil(BATCH_MILLISECONDS / Math.max(first, 0.5)))
    let minimum = Number.POSITIVE_INFINITY
    for (let batch = 0; batch < BATCHES; batch++) {
      minimum = Math.min(minimum, (await timeOf(mask, count)) / count)
    }
    return Math.round(minimum * 1000) / 1000
  } catch {
    return 0
  }
}

async function timeOf(work: () => Promise<void>, count: number): Promise<number> {
  const clock: { now(): number } = globalThis.performance ?? Date
  const start = clock.now()
  for (let done = 0; done < count; done++) await work()
  return clock.now() - start
}

/** A function that adds one mask of elements of 32 bits. */
export async function maskOnce(suite: SuiteName, length: number = 2 ** 20): Promise<() => Promise<void>> {
  const crypto: CryptoProvider = await defaultCrypto(suite)
  const cipher = crypto.suites[suite]!
  const segments = [{ length, bits: 32 }]
  const plan = [{ seed: new Uint8Array(cipher.keyLength).fill(7), sign: 1 }] as const
  const target = [new Uint32Array(length)]
  return () => executeMaskPlan(target, segments, plan, cipher)
}
