import { isArrayBuffer, wipe } from '../crypto/bytes.js'
import { alreadyLoaded, chooseCrypto } from '../crypto/choose.js'
import { withNodeFfi } from '../crypto/ffi.js'
import { nobleCrypto } from '../crypto/noble.js'
import type { CryptoProvider, SymmetricSuite } from '../crypto/provider.js'
import { deriveSeeds, type SeedRequest } from '../crypto/seeds.js'
import { executeMaskPlan } from '../vector/mask.js'
import type { MaskPlan, Vector } from '../vector/segments.js'
import {
  type Derivation,
  type FromWorker,
  GREETING,
  type PackedAnswer,
  type PerSuite,
  type Request,
  sampleOf,
  sampleSeeds,
  type ToWorker,
} from './worker-messages.js'

/** A worker's end of the channel to the pool. */
export interface WorkerPort {
  onmessage: ((event: { readonly data: ToWorker }) => void) | null
  onmessageerror?: (() => void) | null
  postMessage(message: FromWorker, transfer: ArrayBuffer[]): void
}

type PlanMessage = ToWorker & { type: 'plan' }
type PieceMessage = ToWorker & { type: 'piece' }

interface Work {
  readonly seeds: Uint8Array
  readonly terms: MaskPlan
  readonly suite: SymmetricSuite
  readonly reports: boolean
  readonly stop: AbortController
}

/** Both suites, from the JavaScript provider if this one lacks one. */
function suitesOf({ suites: { aes, chacha } }: CryptoProvider): PerSuite<SymmetricSuite> {
  const noble = nobleCrypto().suites
  return { aes: aes ?? noble.aes!, chacha: chacha ?? noble.chacha! }
}

/** The number of progress reports per piece. */
const REPORTS_PER_PIECE = 16

/** Executes the plans that arrive at `port`, for as long as the worker lives. */
export async function serveMasks(port: WorkerPort): Promise<void> {
  const say = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer)
  const fail = (reason: unknown): void => say({ type: 'failed', reason: String(reason) })
  try {
    // Bundlers that make a script of a worker refuse modules that it would load later.
    const crypto = await chooseCrypto('chacha', alreadyLoaded(nobleCrypto()))
    const suites = suitesOf(crypto)
    const samples = {
      aes: await sampleOf(suites.aes),
      chacha: await sampleOf(suites.chacha),
      seeds: await sampleSeeds(crypto),
    }
    port.onmessageerror = () => fail('a message could not be read')
    port.onmessage = listener(crypto, suites, say, fail)
    say({ type: 'ready', greeting: GREETING, samples })
  } catch (error) {
    fail(error)
  }
}

function listener(
  crypto: CryptoProvider,
  suites: PerSuite<SymmetricSuite>,
  say: (message: FromWorker, transfer?: ArrayBuffer[]) => void,
  fail: (reason: unknown) => void,
): (event: { readonly data: ToWorker }) => void {
  let filling: PerSuite<SymmetricSuite> | undefined
  const suitesFor = ({ fills }: PlanMessage): PerSuite<SymmetricSuite> => {
    if (!fills) return suites
    filling ??= suitesOf(withNodeFfi(crypto))
    return filling
  }
  let work: Work | undefined
  let last = Promise.resolve()

  const run = async ({ piece, from, to, fresh }: PieceMessage): Promise<void> => {
    const { target, segments, range } = piece
    const { terms, suite, reports, stop } = work!
    const { signal } = stop
    let reported = 0
    const onProgress = (fraction: number): void => {
      if (fraction < reported + 1 / REPORTS_PER_PIECE) return
      reported = fraction
      say({ type: 'progress', fraction })
    }
    const options = { range, signal, onProgress: reports ? onProgress : undefined }
    try {
      if (fresh)
        for (const { buffer, byteOffset, byteLength } of target)
          wipe(new Uint8Array(buffer, byteOffset, byteLength))
      await executeMaskPlan(target, segments, terms.slice(from, to), suite, options)
      say({ type: 'done', target }, memoryOf(target))
    } catch (error) {
      if (!signal.aborted) throw error
      for (const memory of memoryOf(target)) wipe(new Uint8Array(memory))
      say({ type: 'stopped' })
    }
  }

  const answer = async (request: Request): Promise<void> => {
    const { results, present } = await answerRequest(request, crypto)
    say({ type: 'answer', results, present }, [results.buffer as ArrayBuffer, present.buffer as ArrayBuffer])
  }

  return ({ data }) => {
    if (data.type === 'plan') work = workOf(data, suitesFor(data)[data.suite])
    else if (data.type === 'piece') last = last.then(() => run(data)).catch(fail)
    else if (data.type === 'stop') work?.stop.abort()
    else if (data.type === 'end') {
      if (work !== undefined) wipe(work.seeds)
      work = undefined
    } else last = last.then(() => answer(data)).catch(fail)
  }
}

function workOf({ seeds, signs, reports }: PlanMessage, suite: SymmetricSuite): Work {
  const terms = cutBytes(seeds, signs.length).map((seed, index) => ({ seed, sign: signs[index] as 1 | -1 }))
  return { seeds, terms, suite, reports, stop: new AbortController() }
}

/** The memory of a piece, which must be transferred back, unless it is shared. */
function memoryOf(target: Vector): ArrayBuffer[] {
  const memory = target.at(-1)?.buffer
  return isArrayBuffer(memory) ? [memory] : []
}

/** Answers a request on the thread that it was sent to, and wipes its secrets. */
export function answerRequest(request: Request, crypto: Derivation): Promise<PackedAnswer> {
  return request.type === 'agree' ? agree(request, crypto) : derive(request, crypto)
}

async function agree(
  { privateKey, publicKeys }: Request & { type: 'agree' },
  { x25519 }: Derivation,
): Promise<PackedAnswer> {
  const keys = cutBytes(publicKeys, publicKeys.length / 32)
  const secrets = await x25519.sharedSecrets(privateKey, keys).finally(() => wipe(privateKey))
  return packResults(secrets, 32)
}

async function derive(request: Request & { type: 'derive' }, crypto: Derivation): Promise<PackedAnswer> {
  const { privateKey, publicKeys, salt, infos, secrets, length } = request
  const count = publicKeys.length / 32
  const unpacked: SeedRequest = {
    privateKey,
    publicKeys: cutBytes(publicKeys, count),
    salt,
    infos: cutBytes(infos, count),
    length,
    secrets: secrets.length === 0 ? undefined : cutBytes(secrets, count),
  }
  const seeds = await deriveSeeds(unpacked, crypto).finally(() => wipe(privateKey, secrets))
  return packResults(seeds, length)
}

/** Copies the results, each of `length` bytes, and wipes them. */
function packResults(list: readonly (Uint8Array | undefined)[], length: number): PackedAnswer {
  const answer = { results: new Uint8Array(list.length * length), present: new Uint8Array(list.length) }
  for (const [index, result] of list.entries()) {
    if (result === undefined) continue
    answer.results.set(result, index * length)
    answer.present[index] = 1
    wipe(result)
  }
  return answer
}

/** Views of `count` parts of the same length. */
function cutBytes(bytes: Uint8Array, count: number): readonly Uint8Array[] {
  const length = bytes.length / count
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * length, (index + 1) * length))
}
