import { defaultCrypto } from '../crypto/default.js'
import { nobleCrypto } from '../crypto/noble.js'
import type { SuiteName, SymmetricSuite } from '../crypto/provider.js'
import { lanesOn, plainLanes } from '../vector/lanes.js'
import {
  cutSegments,
  type ElementRange,
  laneBytes,
  nextBlock,
  type Segment,
  type Vector,
} from '../vector/segments.js'

/** Changes with the messages, so that a worker file of another version is noticed. */
export const GREETING = 'secagg mask worker 1'

/** What the pool tells a worker: a plan, its pieces one after the other, the end of the plan, the next plan. */
export type ToWorker =
  | {
      readonly type: 'plan'
      readonly suite: SuiteName
      /** The seeds of all terms, one after the other. */
      readonly seeds: Uint8Array
      readonly signs: Int8Array
      /** Whether anybody wants to know how far a piece is. */
      readonly reports: boolean
    }
  | { readonly type: 'piece'; readonly piece: Piece }
  /** The pieces of this plan need not be finished. */
  | { readonly type: 'stop' }
  | { readonly type: 'end' }

/** What a worker tells the pool. Every piece is answered, in order. */
export type FromWorker =
  | {
      readonly type: 'ready'
      readonly greeting: string
      /** What its suites make, as `sampleOf` takes it. */
      readonly samples: PerSuite<Uint8Array>
    }
  | { readonly type: 'progress'; readonly fraction: number }
  | { readonly type: 'done'; readonly target: Vector }
  | { readonly type: 'stopped' }
  /** It can do no more. */
  | { readonly type: 'failed'; readonly reason: string }

/** Something for each suite. */
export type PerSuite<T> = { readonly [name in SuiteName]: T }

/** The fastest implementation here of each suite. */
export async function suitesHere(): Promise<PerSuite<SymmetricSuite>> {
  const { aes, chacha } = (await defaultCrypto('chacha')).suites
  const noble = nobleCrypto().suites
  return { aes: aes ?? noble.aes!, chacha: chacha ?? noble.chacha! }
}

/** Which suite it is, or claims to be. */
export function nameOf({ keyLength }: SymmetricSuite): SuiteName {
  return keyLength === 16 ? 'aes' : 'chacha'
}

/** Far enough that all bytes of a block number but the highest are in use. */
const SAMPLE_OFFSET = 64 * 0x01020304

/** Keystream of a seed that is no secret, to tell whether two suites make the same. */
export async function sampleOf(suite: SymmetricSuite): Promise<Uint8Array> {
  const seed = Uint8Array.from({ length: suite.keyLength }, (_, index) => index)
  const stream = suite.keystream(seed, SAMPLE_OFFSET)
  const sample = Uint8Array.from(await stream.next(128))
  stream.release?.()
  return sample
}

/**
 * A part of an execution, complete in itself: `executeMaskPlan` takes these three and makes the same masks as for the
 * whole. What lies before the part in the mask stream is one first segment of as many bytes.
 */
export interface Piece {
  readonly target: Vector
  readonly segments: readonly Segment[]
  readonly range: ElementRange
  /** The mask stream that it takes per term. */
  readonly bytes: number
}

interface OpenPiece {
  readonly skipped: number
  readonly from: number
  readonly target: Vector[number][]
  readonly segments: Segment[]
  elements: number
  bytes: number
}

/**
 * Cuts an execution by coordinates into pieces of at most `pieceBytes` of mask stream, a multiple of 64. Their targets
 * are views on `target`, no two on the same bytes.
 */
export function* piecesOf(
  target: Vector,
  segments: readonly Segment[],
  range: ElementRange,
  pieceBytes: number,
): Generator<Piece, void, void> {
  const cuts = cutSegments(segments, range)
  let open: OpenPiece | undefined
  let start = 0
  for (const [index, segment] of segments.entries()) {
    const width = laneBytes(segment.bits)
    const { from, to } = cuts[index]!
    let at = from
    do {
      if (at < to) open ??= openPiece(start, at)
      if (open === undefined) break
      const next = Math.min(to, at + (pieceBytes - open.bytes) / width)
      open.segments.push(segment)
      open.target.push(plainLanes(target[index]!, at - from, next - from))
      open.elements += next - at
      open.bytes += nextBlock((next - at) * width)
      at = next
      if (open.bytes === pieceBytes) {
        yield closePiece(open)
        open = undefined
      }
    } while (at < to)
    start = nextBlock(start + segment.length * width)
  }
  if (open !== undefined) yield closePiece(open)
}

function openPiece(skipped: number, from: number): OpenPiece {
  return {
    skipped,
    from: skipped + from,
    target: [new Uint8Array(0)],
    segments: [{ length: skipped, bits: 8 }],
    elements: 0,
    bytes: 0,
  }
}

function closePiece({ target, segments, from, elements, bytes }: OpenPiece): Piece {
  return { target, segments, range: { from, to: from + elements }, bytes }
}

/** The piece with its elements copied to `memory`, which has at least the piece's bytes. */
export function copyPiece(piece: Piece, memory: ArrayBufferLike): Piece {
  let at = 0
  const target = piece.target.map((lanes, index) => {
    const from = at / lanes.BYTES_PER_ELEMENT
    const copy = plainLanes(
      lanesOn(memory as ArrayBuffer, piece.segments[index]!.bits),
      from,
      from + lanes.length,
    )
    at = nextBlock(at + lanes.byteLength)
    return copy
  })
  copyInto(target, piece.target)
  return { ...piece, target }
}

/** Overwrites the elements of `target` with those of `source`, a vector of the same shape. */
export function copyInto(target: Vector, source: Vector): void {
  target.forEach((lanes, index) => {
    // Both are of one type, which the union cannot tell.
    ;(lanes as Uint8Array).set(source[index]! as Uint8Array)
  })
}

/** A page that is not cross-origin isolated may have shared memory, but cannot send it, and lacks the constructor. */
function canShare(): boolean {
  return typeof SharedArrayBuffer !== 'undefined'
}

/** Memory for copies, shared where that can be: it is some percent faster than to move it to a worker and back. */
export function allocate(bytes: number): ArrayBufferLike {
  return canShare() ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes)
}

/** Whether other threads can work on the vector where it is. */
export function isShared(vector: Vector): boolean {
  return canShare() && vector.every(({ buffer, length }) => length === 0 || isSharedMemory(buffer))
}

/** Also of other realms. */
function isSharedMemory(buffer: ArrayBufferLike): boolean {
  return Object.prototype.toString.call(buffer) === '[object SharedArrayBuffer]'
}
