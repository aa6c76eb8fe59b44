import { isPromise } from '../arguments.js'
import { SecAggError } from '../errors.js'
import type { Folding, PlaneRound, RoundPlane, SumBlock } from '../plane/index.js'
import type { RoundConfig } from '../protocol/index.js'
import { suiteOf } from '../protocol/keys.js'
import {
  checkVector,
  createVector,
  type Segment,
  segmentsInRange,
  type Vector,
  vectorInRange,
} from '../vector/index.js'
import { passOn } from '../vector/pace.js'
import { countElements } from '../vector/segments.js'
import { inclusionLength } from './message-limits.js'
import type { PhaseContext } from './phase.js'

/** What a plane is told of a round whose vectors come from `seats`. */
export function planeRound(config: RoundConfig, seats: readonly number[], context: PhaseContext): PlaneRound {
  const { segments, sliceLength, clients, suite: suiteName, minimumCohort: minimum } = config
  const { crypto, maximumUploads, tell } = context
  return {
    configHash: new Uint8Array(config.hash),
    segments,
    sliceLength,
    clients,
    seats,
    minimum,
    prefix: inclusionLength(config),
    suite: suiteOf(config, crypto),
    suiteName,
    maximumUploads,
    onSlice: (seat, slice, slices) =>
      tell({ type: 'slice-folded', phase: 'masked-input', seat, slice, slices }),
    onChange: () => tell({ type: 'uploads-changed', phase: 'masked-input' }),
  }
}

/**
 * A plane whose failures are typed: what is not a {@link SecAggError} becomes a `storage-failure`, except in `unmask`. There,
 * an error can be the host's own: the reason of its signal, or what `onProgress` threw.
 */
export function guarded(plane: RoundPlane): RoundPlane {
  return {
    get seats() {
      return plane.seats
    },
    get deriveSeeds() {
      return plane.deriveSeeds
    },
    slicesOf: (seat) => plane.slicesOf(seat),
    fold: (seat, slice, packed) => {
      try {
        const folding = plane.fold(seat, slice, packed)
        return passOn(isPromise(folding) ? typed(() => folding) : folding, guardedFolding)
      } catch (cause) {
        throw storageFailure(cause)
      }
    },
    again: (...vector) => typed(() => plane.again(...vector)),
    discard: (seat) => typed(() => plane.discard(seat)),
    settle: () => typed(() => plane.settle()),
    seal: (mayCount) => typed(() => plane.seal(mayCount)),
    checkpoint: () => typed(() => plane.checkpoint()),
    unmask: (...work) => plane.unmask(...work),
    ...(plane.uploadFor && { uploadFor: (seat: number) => plane.uploadFor?.(seat) }),
    stop: () => plane.stop?.(),
    // These free what the round does not need any more.
    release: () => typed(() => plane.release()).catch(() => undefined),
    close: () => typed(() => plane.close()).catch(() => undefined),
  }
}

function guardedFolding(folding: Folding): Folding {
  if ('room' in folding || folding.finish === undefined) return folding
  return { fingerprint: folding.fingerprint, finish: () => typed(async () => folding.finish?.()) }
}

/** Makes the phase of a plane. If that fails, nobody would stop the plane later. */
export function orStopped<T>(plane: RoundPlane, make: () => T): T {
  try {
    return make()
  } catch (error) {
    plane.stop?.()
    throw error
  }
}

/** @throws {SecAggError} `storage-failure` in place of an error of another kind. */
export async function typed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw storageFailure(cause)
  }
}

function storageFailure(cause: unknown): SecAggError {
  if (cause instanceof SecAggError) return cause
  return new SecAggError('storage-failure', 'usage', 'the plane of the vectors has failed', { cause })
}

/** Puts the blocks of a sum together. */
export async function joinBlocks(
  blocks: AsyncIterable<SumBlock>,
  segments: readonly Segment[],
): Promise<Vector> {
  let sum: Vector | undefined
  for await (const { range, elements } of blocks) {
    // One block with all elements needs no copy.
    if (range.from === 0 && range.to === countElements(segments)) {
      sum = elements
      continue
    }
    sum ??= createVector(segments)
    for (const [index, lanes] of vectorInRange(sum, segments, range).entries()) {
      lanes.set(elements[index] as never)
    }
  }
  return sum ?? createVector(segments)
}

/** Passes the blocks of a sum on, in pieces. A sum that ends too early is an error even if the sink has received some of it. */
export async function passBlocks(
  blocks: AsyncIterable<SumBlock>,
  segments: readonly Segment[],
  sink: (block: SumBlock) => void | Promise<void>,
): Promise<void> {
  for await (const { range, elements } of blocks) {
    const within = segmentsInRange(segments, range)
    for (let from = range.from; from < range.to; from += LONGEST_BLOCK) {
      const to = Math.min(from + LONGEST_BLOCK, range.to)
      const part = vectorInRange(elements, within, { from: from - range.from, to: to - range.from })
      try {
        await sink({ range: { from, to }, elements: part })
      } catch (cause) {
        throw new SecAggError('storage-failure', 'usage', 'the sink of the sum has failed', { cause })
      }
    }
  }
}

/** The maximum number of elements of a block for a sink. */
const LONGEST_BLOCK = 2 ** 18

/**
 * Passes blocks on that are in order.
 * @throws {SecAggError} `internal` unless the blocks contain every element once, in ascending order.
 */
export async function* inOrder(
  blocks: AsyncIterable<SumBlock>,
  segments: readonly Segment[],
): AsyncGenerator<SumBlock, void, void> {
  const count = countElements(segments)
  let next = 0
  for await (const { range, elements } of blocks) {
    const { from, to } = range
    if (from !== next || !(to >= from && to <= count)) {
      throw incomplete(`a block of the sum begins at element ${next}`, from)
    }
    checkVector(elements, segmentsInRange(segments, { from, to }))
    yield { range: { from, to }, elements }
    next = to
  }
  if (next !== count) throw incomplete(`the sum has ${count} elements`, next)
}

function incomplete(text: string, got: number): SecAggError {
  return new SecAggError('internal', 'internal', `${text}, but the plane returned other blocks`, { got })
}

/** @throws {SecAggError} `internal` if a plane returns other members than seats that may be in the sum, each once. */
export function requireMembers(members: readonly number[], seats: readonly number[]): readonly number[] {
  const possible = new Set(seats)
  if (members.every((seat) => possible.delete(seat))) return members
  throw new SecAggError('internal', 'internal', 'the plane returned a seat that cannot be in the sum')
}
