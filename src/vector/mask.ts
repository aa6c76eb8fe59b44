import {
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
import { SecAggError, usageError } from '../errors.js'
import { checkVector, createVector } from './arithmetic.js'
import { type Block, blocksOf, layOut } from './blocks.js'
import { createAdder } from './kernels/kernel-adder.js'
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
 * What every {@link MaskExecutor} can be asked.
 * @public
 */
export interface ExecutionOptions extends PaceOptions {
  /** The elements that the target holds; without it, all of them. */
  readonly range?: ElementRange | undefined
}

/**
 * How a mask plan is executed on the calling thread.
 * @public
 */
export interface MaskOptions extends ExecutionOptions {
  /** Sums up blocks; by default WebAssembly SIMD where the host has it, plain loops elsewhere. */
  readonly adder?: BlockAdder | undefined
}

/**
 * {@link executeMaskPlan}, or what gives the same bits and refuses the same, as on several threads.
 * @public
 */
export type MaskExecutor = (
  target: Vector,
  segments: readonly Segment[],
  plan: MaskPlan,
  suite: SymmetricSuite,
  options?: ExecutionOptions,
) => Promise<void>

/** Keystreams open at a time. */
const OPEN_STREAMS = 256

/** Keystream pieces asked for ahead, where a provider answers with promises. */
const PIECES_AHEAD = 4

/**
 * Adds every term of `plan` to `target`, or subtracts it, and makes the result canonical. With a `range`, `target`
 * holds that range's elements only, as {@link segmentsInRange} shapes them: a part of a vector in place
 * (`vectorInRange`), or a slice on another thread or machine.
 *
 * Whatever is refused is refused before `target` is touched. Where the work ends midway, on an abort, a failing
 * keystream or a progress callback that throws, `target` is spoiled: some blocks of it carry masks and others do not.
 *
 * Neither `target` nor the plan may be used otherwise until the promise settles. Suite, plan and segments are as in
 * {@link expandMask}.
 * @throws {SecAggError} `invalid-argument` where an argument does not fit, `crypto-failure` where a keystream does not
 *   keep its contract, or fails, `unsupported` on a big-endian host; the reason of `signal`.
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
  const adder = checkedAdder(options?.adder) ?? createAdder(window.to - window.from)
  try {
    for (let first = 0; first === 0 || first < terms.length; first += OPEN_STREAMS) {
      const group = terms.slice(first, first + OPEN_STREAMS)
      const streams = group.map(({ seed }) => dependable.keystream(seed, window.from))
      const last = first + OPEN_STREAMS >= terms.length
      for (const block of blocksOf(window, adder.capacity)) {
        for (const { at, bytes } of block.pieces) adder.load(at, bytes)
        await addStreams(adder, block, group, streams, pace)
        for (const { at, bytes } of block.pieces) adder.store(at, bytes)
        if (last) for (const { lanes, bits } of block.pieces) reduceLanes(lanes, bits)
      }
    }
  } finally {
    adder.wipe()
  }
  pace.finish()
}

/**
 * The mask of one seed, canonical: for k bits the low k bits of each word of the keystream. There is one keystream
 * per seed over the whole vector; segment s begins at the next multiple of 64 bytes after the lanes of segment s − 1,
 * and element i of a segment is the little-endian word at the segment's start + i · lane bytes (1, 2, 4 or 8).
 *
 * With a `range`, only those elements are made, without the ones before; the result has one array per segment,
 * empty where the range misses it.
 * @throws {SecAggError} as {@link executeMaskPlan} does.
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

/** What every {@link MaskExecutor} checks before anything is touched; the range and a copy of the list of terms. */
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

/** What a {@link MaskExecutor} was given, checked. */
interface CheckedExecution {
  /** A copy. */
  readonly segments: readonly Segment[]
  readonly range: ElementRange
  /** A copy of the list. */
  readonly terms: MaskPlan
  readonly suite: Pick<SymmetricSuite, 'keyLength' | 'keystream'>
  readonly pacing: PaceOptions
}

function checkedAdder(adder: BlockAdder | undefined): BlockAdder | undefined {
  if (adder === undefined || adder === null) return undefined
  requireMethods('an adder', adder, 'load', 'add', 'store', 'wipe')
  const { capacity } = adder
  if (Number.isSafeInteger(capacity) && capacity > 0 && capacity % 64 === 0) return adder
  throw usageError('invalid-argument', 'the capacity of an adder is a multiple of 64', {
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

/**
 * Adds one block of every stream. What the adder makes itself and pieces that are there at once are added at once; of
 * promised pieces a few are under way at a time, so that a provider with threads of its own can use them.
 */
async function addStreams(
  adder: BlockAdder,
  { start, length, runs }: Block,
  terms: readonly MaskTerm[],
  streams: readonly Keystream[],
  pace: Pace,
): Promise<void> {
  const promised: {
    readonly piece: Promise<Uint8Array>
    readonly sign: 1 | -1
    readonly stream: Keystream
  }[] = []
  const add = (piece: Uint8Array, sign: 1 | -1): void => adder.add(checkPiece(piece, length), sign, runs)
  const addPromised = async (): Promise<void> => {
    const { piece, sign, stream } = promised.shift()!
    add(await piece, sign)
    stream.release?.()
  }
  for (const [index, { sign }] of terms.entries()) {
    const turn = pace.step(length)
    if (turn !== undefined) await turn
    const stream = streams[index]!
    if (stream.chacha20Key !== undefined && adder.addChaCha20 !== undefined) {
      adder.addChaCha20(stream.chacha20Key, start / 64, sign, runs)
      continue
    }
    const piece = stream.next(length)
    if (isPromise(piece)) {
      // A failure is seen when its turn comes; until then it must not count as unhandled.
      piece.catch(() => undefined)
      if (promised.push({ piece, sign, stream }) > PIECES_AHEAD) await addPromised()
    } else {
      add(piece, sign)
      stream.release?.()
    }
  }
  while (promised.length > 0) await addPromised()
}

function isPromise(piece: Uint8Array | Promise<Uint8Array>): piece is Promise<Uint8Array> {
  return typeof (piece as Promise<Uint8Array>).then === 'function'
}

function checkPiece(piece: Uint8Array, length: number): Uint8Array {
  if (piece.length !== length) {
    throw new SecAggError('crypto-failure', 'crypto', 'a keystream gave a piece of the wrong length', {
      expected: length,
      got: piece.length,
    })
  }
  return piece
}
