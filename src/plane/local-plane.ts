import { partsOf, requireCallback, requireMethods } from '../arguments.js'
import { type Bytes, wipeAll } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import { copyVector } from '../vector/arithmetic.js'
import { type Accumulator, createAccumulator, vectorInRange } from '../vector/index.js'
import { executeMaskPlan, type MaskExecutor } from '../vector/mask.js'
import { nextTurn } from '../vector/pace.js'
import { pack } from '../vector/packing.js'
import { countElements, type MaskPlan, type Segment } from '../vector/segments.js'
import {
  createPlane,
  type DataPlane,
  type PlaneHome,
  type PlaneRound,
  type RoundPlane,
  type Unmasker,
  type UnmaskJob,
} from './data-plane.js'
import {
  discardAllUploads,
  type Folded,
  MaskedSum,
  memorySliceStore,
  type SliceStore,
  Uploads,
} from './masked-sum.js'

/**
 * Options of {@link localPlane}.
 * @public
 */
export interface LocalPlaneOptions {
  /** Executes mask plans, as a pool of worker threads does. Default: this thread. */
  readonly maskExecutor?: MaskExecutor | undefined
  /**
   * If vectors are sent in slices: where slices of incomplete vectors are kept. Default: in memory. A store belongs to one
   * round, and so does a plane with a store.
   */
  readonly sliceStore?: SliceStore | undefined
}

/**
 * Makes a plane that adds up masked vectors in the memory of this process, which needs as much memory as one vector. It is
 * the default of a server session. Its checkpoints contain the packed sum.
 *
 * @param options - Who removes the masks, and where slices are kept.
 * @returns The plane. Pass it to server sessions as `plane`.
 * @throws {SecAggError} `invalid-argument` if an option is of the wrong kind.
 * @example
 * ```ts
 * import { createRoundConfig, localPlane, ServerSession } from 'secagg'
 *
 * const config = createRoundConfig({
 *   sessionId: new Uint8Array(32).fill(7),
 *   clients: 3,
 *   adversary: 'honest-but-curious',
 *   segments: [{ length: 1, bits: 16, bound: 100 }],
 * })
 * const kept = new Map<string, Uint8Array>() // in a real program: files
 * const sliceStore = {
 *   put: (seat: number, slice: number, bytes: Uint8Array) => void kept.set(`${seat} ${slice}`, bytes),
 *   get: (seat: number, slice: number) => kept.get(`${seat} ${slice}`)!,
 *   discard: (seat: number) => {
 *     for (const key of kept.keys()) if (key.startsWith(`${seat} `)) kept.delete(key)
 *   },
 * }
 * const session = new ServerSession({ config, plane: localPlane({ sliceStore }) })
 * console.log(session.phase) // 'advertise-keys'
 * ```
 * @public
 */
export function localPlane(options: LocalPlaneOptions = {}): DataPlane {
  const { maskExecutor = executeMaskPlan, sliceStore } = partsOf('the options of a plane', options)
  requireCallback('maskExecutor', maskExecutor)
  if (sliceStore !== undefined) requireMethods('a store of slices', sliceStore, 'put', 'get', 'discard')
  return createPlane('local', localHome(executorUnmasker(maskExecutor), sliceStore))
}

/** A home in the memory of this process, whose masks `unmasker` removes. */
export function localHome(unmasker: Unmasker, sliceStore?: SliceStore): PlaneHome {
  // Each round has its own store in memory, because slices are stored by seat.
  const storeOf = (): SliceStore => sliceStore ?? memorySliceStore()
  return {
    begin: async (round) => new LocalRound(round, storeOf(), unmasker),
    resume: async (round, { checkpoint, members }) => {
      const folded = { seats: members, sum: sumOf(checkpoint, round.segments) }
      return new LocalRound(round, storeOf(), unmasker, folded)
    },
    discardLeftovers: async (round) => {
      if (sliceStore !== undefined) await discardAllUploads(round, sliceStore)
    },
  }
}

function sumOf(packed: Uint8Array, segments: readonly Segment[]): Accumulator {
  const sum = createAccumulator(segments)
  try {
    sum.add(packed)
  } catch {
    throw usageError('malformed-state', 'the saved sum has the wrong length')
  }
  return sum
}

/** One round in the memory of this process. */
class LocalRound implements RoundPlane {
  readonly #round: PlaneRound
  readonly #sum: MaskedSum
  readonly #uploads: Uploads
  readonly #unmasker: Unmasker

  constructor(round: PlaneRound, store: SliceStore, unmasker: Unmasker, folded?: Folded) {
    this.#round = round
    this.#sum = new MaskedSum(round, folded)
    this.#uploads = new Uploads(round, this.#sum, store)
    this.#unmasker = unmasker
  }

  get seats(): ReadonlySet<number> {
    return this.#sum.seats
  }

  get deriveSeeds(): Unmasker['deriveSeeds'] {
    return this.#unmasker.deriveSeeds
  }

  slicesOf(seat: number): number {
    return this.#sum.slicesOf(seat)
  }

  fold(seat: number, slice: number, packed: Uint8Array): ReturnType<RoundPlane['fold']> {
    if (this.#sum.slices === 1) return { fingerprint: this.#sum.add(seat, packed) }
    return this.#uploads.keep(seat, slice, packed)
  }

  async again(seat: number, slice: number, packed: Uint8Array): Promise<boolean> {
    if (!this.#uploads.isWaiting(seat)) return false
    await this.#uploads.keepAgain(seat, slice, packed)
    await this.#uploads.fold(seat)
    return true
  }

  discard(seat: number): Promise<boolean> {
    return this.#uploads.discard(seat)
  }

  async settle(): ReturnType<RoundPlane['settle']> {
    const failure = await this.#uploads.foldAll()
    // Only a vector that is partly in the sum matters: others may still come, or never come.
    if (failure !== undefined && !this.#sum.isWhole) throw failure.error
    return { seats: [...this.#sum.seats], failure }
  }

  async seal(): Promise<readonly number[]> {
    const { seats, failure } = await this.settle()
    if (failure !== undefined) throw failure.error
    return seats
  }

  async checkpoint(): Promise<Bytes> {
    return pack(this.#sum.whole.toVector(), this.#round.segments)
  }

  unmask(...[plans, work]: Parameters<RoundPlane['unmask']>): ReturnType<RoundPlane['unmask']> {
    const { configHash, segments, suite, suiteName } = this.#round
    const sum = this.#sum.whole
    let copy: ReturnType<Accumulator['toVector']> | undefined
    return this.#unmasker.unmask({
      ...work,
      configHash,
      segments,
      suite,
      suiteName,
      plans,
      read: async (range) => {
        if (range === undefined) return sum.toVector()
        copy ??= sum.toVector()
        return copyVector(vectorInRange(copy, segments, range))
      },
    })
  }

  release(): Promise<void> {
    return this.#uploads.close()
  }

  async close(): Promise<void> {}
}

/** Removes masks with an executor, from the whole vector at once. */
export function executorUnmasker(execute: MaskExecutor): Unmasker {
  return {
    deriveSeeds: execute.deriveSeeds,
    unmask: async function* (job) {
      const elements = await job.read()
      await executePlans(elements, job, execute)
      yield { range: { from: 0, to: countElements(job.segments) }, elements }
    },
  }
}

/** Executes each plan while the keys for the next one are agreed on. */
async function executePlans(
  target: Awaited<ReturnType<UnmaskJob['read']>>,
  { plans, segments, suite, terms, signal, onProgress }: UnmaskJob,
  executor: MaskExecutor,
): Promise<void> {
  const execute = async (plan: MaskPlan, report: (fraction: number) => void): Promise<void> => {
    try {
      await executor(target, segments, plan, suite, { signal, onProgress: onProgress && report })
    } finally {
      wipeAll(plan.map(({ seed }) => seed))
    }
  }
  let done = 0
  let executing = Promise.resolve()
  try {
    for await (const plan of plans) {
      await executing.catch((error: unknown) => {
        // This plan is not executed any more.
        wipeAll(plan.map(({ seed }) => seed))
        throw error
      })
      const before = done
      done += plan.length
      executing = execute(plan, (fraction) => onProgress?.((before + fraction * plan.length) / terms))
      // A failure is seen when the next plan begins.
      executing.catch(() => undefined)
      // Threads get this plan before the keys for the next one are requested. Without threads, nothing is gained by waiting.
      if (executor.deriveSeeds !== undefined) await nextTurn()
    }
  } finally {
    await executing
  }
}
