import {
  isPromise,
  partsOf,
  reading,
  requireArray,
  requireCallback,
  requireMethods,
  requireSignal,
  shown,
  throwIfAborted,
} from '../arguments.js'
import { dependableKeystreams } from '../crypto/dependable.js'
import type { Keystream, SymmetricSuite } from '../crypto/provider.js'
import type { SeedDeriver } from '../crypto/seeds.js'
import { SecAggError, usageError } from '../errors.js'
import { checkVector, createVector } from './arithmetic.js'
import { type Block, blocksOf, layOut, type PieceReader, readAhead } from './blocks.js'
import { borrowAdder } from './kernels/kernel-adder.js'
import type { BlockAdder } from './kernels/plain-adder.js'
import { checkHost, reduceLanes, typedArrayName } from './lanes.js'
import { createPace, type Pace, type PaceOptions } from './pace.js'
import {
  checkedSegments,
  type ElementRange,
  type MaskPlan,
  type MaskTerm,
  rangeOrAll,
  requireSign,
  type Segment,
  segmentsInRange,
  type Vector,
} from './segments.js'

/**
 * Options that every {@link MaskExecutor} accepts.
 * @public
 */
export interface ExecutionOptions extends PaceOptions {
  /** The elements that the target holds. Default: all elements of the vector. */
  readonly range?: ElementRange | undefined
}

/**
 * Options of {@link executeMaskPlan}.
 * @public
 */
export interface MaskOptions extends ExecutionOptions {
  /** Adds keystreams to blocks of the target. Default: WebAssembly SIMD if the host has it, otherwise plain JavaScript. */
  readonly adder?: BlockAdder | undefined
}

/**
 * A function that executes mask plans: {@link executeMaskPlan}, or one with the same results and the same errors, for example
 * on several threads.
 * @public
 */
export interface MaskExecutor {
  (
    target: Vector,
    segments: readonly Segment[],
    plan: MaskPlan,
    suite: SymmetricSuite,
    options?: ExecutionOptions,
  ): Promise<void>
  /**
   * Derives the seeds of a plan, for example on several threads. The server uses it to remove the masks of clients that
   * dropped out. Default: on the calling thread.
   */
  readonly deriveSeeds?: SeedDeriver | undefined
}

/** The maximum number of keystreams that are open at the same time. */
const OPEN_STREAMS = 256

/**
 * Executes a mask plan: adds the masks of its terms with sign 1 to `target`, subtracts those with sign −1, and reduces the
 * result modulo 2^k. See {@link expandMask} for how a mask follows from a seed.
 *
 * With a `range`, `target` holds only the elements of that range, in the shape given by {@link segmentsInRange}. Such a
 * target is a part of a larger vector (see `vectorInRange`), or a slice on another thread or machine.
 *
 * All arguments are checked before `target` is changed. If the work ends early, because it was aborted, a keystream failed,
 * or `onProgress` threw, then `target` is unusable: some of its blocks are masked and others are not.
 *
 * Do not use `target` or change the plan until the promise settles.
 *
 * @param target - The vector to change.
 * @param segments - The shape of the whole vector.
 * @param plan - The masks and their signs. A seed has as many bytes as the suite's `keyLength`.
 * @param suite - Its `keystream` generates the masks.
 * @param options - The range, an adder, and options to abort and to report progress.
 * @throws {SecAggError} `invalid-argument` if an argument is not valid; `crypto-failure` if a keystream fails or gives pieces
 *   of the wrong length; `unsupported` on a big-endian host. Rejects with the reason of `signal` if that was aborted.
 * @example
 * ```ts
 * import { nobleCrypto } from 'secagg/crypto'
 * import { executeMaskPlan } from 'secagg/vector'
 *
 * const suite = nobleCrypto().suites.chacha!
 * const segments = [{ length: 3, bits: 12 }]
 * const seed = new Uint8Array(32).fill(7)
 * const target = [Uint16Array.of(1, 2, 3)]
 * await executeMaskPlan(target, segments, [{ seed, sign: 1 }], suite)
 * console.log(target) // [ Uint16Array(3) [ 245, 2196, 2650 ] ]
 * await executeMaskPlan(target, segments, [{ seed, sign: -1 }], suite)
 * console.log(target) // [ Uint16Array(3) [ 1, 2, 3 ] ]
 * ```
 * @public
 */
export async function executeMaskPlan(
  target: Vector,
  segments: readonly Segment[],
  plan: MaskPlan,
  suite: SymmetricSuite,
  options: MaskOptions = {},
): Promise<void> {
  const checked = checkExecution(target, segments, plan, suite, options)
  const { range, terms, suite: dependable, pacing } = checked
  const window = layOut(target, checked.segments, range)
  const pace = createPace((window.to - window.from) * terms.length, pacing)
  let adder = checkedAdder(options?.adder)
  let pieces: PieceReader | undefined
  try {
    for (let first = 0; first === 0 || first < terms.length; first += OPEN_STREAMS) {
      const group = terms.slice(first, first + OPEN_STREAMS)
      const streams = group.map(({ seed }) => dependable.keystream(seed, window.from))
      adder ??= borrowAdder(window.to - window.from, streams[0]?.ahead !== undefined)
      pieces = readAhead(readFrom(adder, streams), window.to - window.from, adder.capacity)
      const last = first + OPEN_STREAMS >= terms.length
      for (const block of blocksOf(window, adder.capacity)) {
        for (const { at, bytes } of block.pieces) adder.load(at, bytes)
        await addStreams(adder, block, group, streams, pieces, pace)
        for (const { at, bytes } of block.pieces) adder.store(at, bytes)
        if (last) for (const { lanes, bits } of block.pieces) reduceLanes(lanes, bits)
      }
    }
  } finally {
    pieces?.close()
    adder?.wipe()
  }
  pace.finish()
}

/**
 * The mask of one seed. Each element is the low k bits of a word of the seed's keystream, which covers the whole vector:
 * segment s begins at the next multiple of 64 bytes after the lanes of segment s − 1, and element i of a segment is the
 * little-endian word at the start of the segment + i · lane bytes (1, 2, 4 or 8).
 *
 * With a `range`, only those elements are generated, without the elements before them.
 *
 * @param suite - Its `keystream` generates the mask.
 * @param seed - As many bytes as the suite's `keyLength`.
 * @param segments - The shape of the whole vector.
 * @param range - The elements to generate. Default: all elements.
 * @returns The mask: one array per segment, empty if the range has no element of the segment.
 * @throws {SecAggError} See {@link executeMaskPlan}.
 * @example
 * ```ts
 * import { nobleCrypto } from 'secagg/crypto'
 * import { expandMask } from 'secagg/vector'
 *
 * const suite = nobleCrypto().suites.chacha!
 * const seed = new Uint8Array(32).fill(7)
 * const segments = [{ length: 4, bits: 12 }]
 * console.log(await expandMask(suite, seed, segments)) // [ Uint16Array(4) [ 244, 2194, 2647, 502 ] ]
 * console.log(await expandMask(suite, seed, segments, { from: 2, to: 4 })) // [ Uint16Array(2) [ 2647, 502 ] ]
 * ```
 * @public
 */
export async function expandMask(
  suite: SymmetricSuite,
  seed: Uint8Array,
  segments: readonly Segment[],
  range?: ElementRange,
): Promise<Vector> {
  const own = checkedSegments(segments)
  const covered = rangeOrAll(own, range)
  const mask = createVector(segmentsInRange(own, covered))
  await executeMaskPlan(mask, own, [{ seed, sign: 1 }], suite, { range: covered })
  return mask
}

/** The checks that every {@link MaskExecutor} makes before it changes the target. Returns copies of what it read. */
export function checkExecution(
  target: Vector,
  given: readonly Segment[],
  plan: MaskPlan,
  suite: SymmetricSuite,
  options: ExecutionOptions,
): CheckedExecution {
  checkHost()
  const segments = checkedSegments(given)
  const { range: part, signal, onProgress } = partsOf('the options of an execution', options)
  const range = rangeOrAll(segments, part)
  checkVector(target, segmentsInRange(segments, range))
  const dependable = dependableKeystreams(suite)
  requireArray('a mask plan', plan)
  const terms = reading('a mask plan', () => Array.from(plan, (term) => checkedTerm(term, dependable)))
  requireSignal(signal)
  requireCallback('onProgress', onProgress)
  throwIfAborted(signal)
  return { segments, range, terms, suite: dependable, pacing: { signal, onProgress } }
}

/** The arguments of a {@link MaskExecutor} after the checks. */
interface CheckedExecution {
  /** A copy. */
  readonly segments: readonly Segment[]
  readonly range: ElementRange
  /** A copy of the list; the seeds are not copied. */
  readonly terms: MaskPlan
  readonly suite: Pick<SymmetricSuite, 'keyLength' | 'keystream'>
  readonly pacing: PaceOptions
}

function checkedAdder(adder: BlockAdder | undefined): BlockAdder | undefined {
  if (adder === undefined || adder === null) return undefined
  requireMethods('an adder', adder, 'load', 'add', 'store', 'wipe')
  const { capacity } = adder
  if (Number.isSafeInteger(capacity) && capacity > 0 && capacity % 64 === 0) return adder
  throw usageError('invalid-argument', 'the capacity of an adder must be a positive multiple of 64', {
    got: shown(capacity),
  })
}

function checkedTerm(term: MaskTerm, { keyLength }: Pick<SymmetricSuite, 'keyLength'>): MaskTerm {
  const { seed, sign } = term ?? {}
  if (typedArrayName(seed) !== 'Uint8Array' || seed.length !== keyLength) {
    throw usageError('invalid-argument', `a seed of this suite must be a Uint8Array of ${keyLength} bytes`, {
      expected: keyLength,
      got: typedArrayName(seed) === 'Uint8Array' ? seed.length : typeof seed,
    })
  }
  requireSign(sign)
  return { seed, sign }
}

/** Adds one block of every stream. The adder generates the keystream itself if it can; otherwise, `pieces` has it. */
async function addStreams(
  adder: BlockAdder,
  { start, length, runs }: Block,
  terms: readonly MaskTerm[],
  streams: readonly Keystream[],
  pieces: PieceReader,
  pace: Pace,
): Promise<void> {
  for (const [index, { sign }] of terms.entries()) {
    const turn = pace.step(length)
    if (turn !== undefined) await turn
    const { chacha20Key, fill } = streams[index]!
    if (chacha20Key !== undefined && adder.addChaCha20 !== undefined) {
      adder.addChaCha20(chacha20Key, start / 64, sign, runs)
    } else if (fill !== undefined && adder.addFilled !== undefined) {
      adder.addFilled(fill, length, sign, runs)
    } else {
      const taken = pieces.take()
      const piece = isPromise(taken) ? await taken : taken
      adder.add(checkPiece(piece, length), sign, runs)
      pieces.used(piece)
    }
  }
}

/** The streams whose pieces an adder needs, because it neither generates the keystream nor lets it be written to its memory. */
function readFrom({ addChaCha20, addFilled }: BlockAdder, streams: readonly Keystream[]): Keystream[] {
  return streams.filter(
    ({ chacha20Key, fill }) =>
      (chacha20Key === undefined || addChaCha20 === undefined) &&
      (fill === undefined || addFilled === undefined),
  )
}

function checkPiece(piece: Uint8Array, length: number): Uint8Array {
  if (piece.length !== length) {
    throw new SecAggError('crypto-failure', 'crypto', 'a keystream returned a piece of the wrong length', {
      expected: length,
      got: piece.length,
    })
  }
  return piece
}
