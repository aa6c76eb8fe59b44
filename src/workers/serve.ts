import { isArrayBuffer, wipe } from '../crypto/bytes.js'
import type { SymmetricSuite } from '../crypto/provider.js'
import { createAdder } from '../vector/kernels/kernel-adder.js'
import { executeMaskPlan } from '../vector/mask.js'
import type { MaskPlan, Vector } from '../vector/segments.js'
import {
  type FromWorker,
  GREETING,
  type PerSuite,
  type Piece,
  sampleOf,
  suitesHere,
  type ToWorker,
} from './worker-messages.js'

/** A worker's end of the channel to the pool. */
export interface WorkerPort {
  onmessage: ((event: { readonly data: ToWorker }) => void) | null
  onmessageerror?: (() => void) | null
  postMessage(message: FromWorker, transfer: ArrayBuffer[]): void
}

interface Work {
  readonly seeds: Uint8Array
  readonly terms: MaskPlan
  readonly suite: SymmetricSuite
  readonly reports: boolean
  readonly stop: AbortController
}

/** Makes an adder for pieces of any size. */
const ANY_LENGTH = Number.MAX_SAFE_INTEGER

/** The number of progress reports per piece. */
const REPORTS_PER_PIECE = 16

/** Executes the plans that arrive at `port`, for as long as the worker lives. */
export async function serveMasks(port: WorkerPort): Promise<void> {
  const say = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer)
  const fail = (reason: unknown): void => say({ type: 'failed', reason: String(reason) })
  try {
    const suites = await suitesHere()
    const samples = { aes: await sampleOf(suites.aes), chacha: await sampleOf(suites.chacha) }
    port.onmessageerror = () => fail('a message could not be read')
    port.onmessage = listener(suites, say, fail)
    say({ type: 'ready', greeting: GREETING, samples })
  } catch (error) {
    fail(error)
  }
}

function listener(
  suites: PerSuite<SymmetricSuite>,
  say: (message: FromWorker, transfer?: ArrayBuffer[]) => void,
  fail: (reason: unknown) => void,
): (event: { readonly data: ToWorker }) => void {
  const adder = createAdder(ANY_LENGTH)
  let work: Work | undefined
  let last = Promise.resolve()

  const run = async ({ target, segments, range }: Piece): Promise<void> => {
    const { terms, suite, reports, stop } = work!
    const { signal } = stop
    let reported = 0
    const onProgress = (fraction: number): void => {
      if (fraction < reported + 1 / REPORTS_PER_PIECE) return
      reported = fraction
      say({ type: 'progress', fraction })
    }
    const options = { range, adder, signal, onProgress: reports ? onProgress : undefined }
    try {
      await executeMaskPlan(target, segments, terms, suite, options)
      say({ type: 'done', target }, memoryOf(target))
    } catch (error) {
      if (!signal.aborted) throw error
      say({ type: 'stopped' })
    }
  }

  return ({ data }) => {
    if (data.type === 'plan') work = workOf(data, suites[data.suite])
    else if (data.type === 'piece') last = last.then(() => run(data.piece)).catch(fail)
    else if (data.type === 'stop') work?.stop.abort()
    else if (work !== undefined) {
      wipe(work.seeds)
      work = undefined
    }
  }
}

function workOf({ seeds, signs, reports }: ToWorker & { type: 'plan' }, suite: SymmetricSuite): Work {
  const terms = Array.from(signs, (sign, index) => ({
    seed: seeds.subarray(index * suite.keyLength, (index + 1) * suite.keyLength),
    sign: sign as 1 | -1,
  }))
  return { seeds, terms, suite, reports, stop: new AbortController() }
}

/** The memory of a piece, which must be transferred back, unless it is shared. */
function memoryOf(target: Vector): ArrayBuffer[] {
  const memory = target.at(-1)?.buffer
  return isArrayBuffer(memory) ? [memory] : []
}
