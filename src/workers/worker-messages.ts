import { joinBytes } from '../crypto/bytes.js'
import type { CryptoProvider, SuiteName, SymmetricSuite } from '../crypto/provider.js'
import { deriveSeeds } from '../crypto/seeds.js'
import { lanesOn, plainLanes } from '../vector/lanes.js'
import {
  cutSegments,
  type ElementRange,
  laneBytes,
  nextBlock,
  type Segment,
  type Vector,
} from '../vector/segments.js'

/** Changes whenever the messages change, so that a worker file of another version is detected. */
export const GREETING = 'secagg mask worker 4'

/** Messages from the pool to a worker: a plan, its pieces one after the other, the end of the plan, the next plan. */
export type ToWorker =
  | {
      readonly type: 'plan'
      readonly suite: SuiteName
      /** The seeds of all terms, one after the other. */
      readonly seeds: Uint8Array
      readonly signs: Int8Array
      /** Whether the worker should report its progress. */
      readonly reports: boolean
      /** Whether the keystreams of the caller's provider fill memory; see `withNodeFfi`. */
      readonly fills: boolean
    }
  /** Executes the plan's terms from `from` to `to` on a piece. If `fresh`, it sets the piece to zero first. */
  | ({ readonly type: 'piece'; readonly piece: Piece } & Part)
  | Request
  /** Stops the pieces of this plan. */
  | { readonly type: 'stop' }
  | { readonly type: 'end' }

/** Messages from a worker to the pool. The worker answers every piece, in order. */
export type FromWorker =
  | {
      readonly type: 'ready'
      readonly greeting: string
      /** Samples of the keystreams that it makes; see `sampleOf`. */
      readonly samples: PerSuite<KeystreamSample> & { readonly seeds: Uint8Array }
    }
  | { readonly type: 'progress'; readonly fraction: number }
  | { readonly type: 'done'; readonly target: Vector }
  /** The answer to a request. */
  | ({ readonly type: 'answer' } & PackedAnswer)
  /** The worker did not do what it was asked for. */
  | { readonly type: 'stopped' }
  /** The worker cannot continue. */
  | { readonly type: 'failed'; readonly reason: string }

/** Some terms of a plan, and whether they are added to zero or to what the piece holds. */
export interface Part {
  readonly from: number
  readonly to: number
  readonly fresh: boolean
}

/** A request for what follows from a private key and public keys. Its memory is transferred; the worker wipes the secrets in it. */
export type Request =
  | ({ readonly type: 'derive' } & PackedSeeds)
  | { readonly type: 'agree'; readonly privateKey: Uint8Array; readonly publicKeys: Uint8Array }

/** A request for seeds, in few arrays. All infos have the same length. */
export interface PackedSeeds {
  readonly privateKey: Uint8Array
  readonly publicKeys: Uint8Array
  readonly salt: Uint8Array
  readonly infos: Uint8Array
  /** 32 bytes for each public key, or none. */
  readonly secrets: Uint8Array
  readonly length: 16 | 32
}

/** Results of the same length, one after the other, and for each a 1 if it exists. */
export interface PackedAnswer {
  readonly results: Uint8Array
  readonly present: Uint8Array
}

/** One value for each suite. */
export type PerSuite<T> = { readonly [name in SuiteName]: T }

/** The name of a suite, judged by the length of its keys. */
export function nameOf({ keyLength }: SymmetricSuite): SuiteName {
  return keyLength === 16 ? 'aes' : 'chacha'
}

/** So far into the stream that all bytes of the block number are in use, except the highest. */
const SAMPLE_OFFSET = 64 * 0x01020304

/** What a suite's keystreams are like. */
export interface KeystreamSample {
  /** Some keystream for a public seed. It shows whether two suites make the same keystream. */
  readonly bytes: Uint8Array
  /** Whether the keystreams can fill memory. */
  readonly fills: boolean
}

export async function sampleOf(suite: SymmetricSuite): Promise<KeystreamSample> {
  const seed = Uint8Array.from({ length: suite.keyLength }, (_, index) => index)
  const stream = suite.keystream(seed, SAMPLE_OFFSET)
  const piece = await stream.next(128)
  const bytes = Uint8Array.from(piece)
  stream.release?.(piece)
  return { bytes, fills: stream.fill !== undefined }
}

/**
 * A self-contained part of an execution. With its target, segments and range, `executeMaskPlan` makes the same masks as
 * for the whole. The part of the mask stream before the piece becomes a first segment of that many bytes.
 */
export interface Piece {
  readonly target: Vector
  readonly segments: readonly Segment[]
  readonly range: ElementRange
  /** The length of the mask stream that it uses, per term. */
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
 * Cuts the range of an execution into pieces of at most `pieceBytes` of mask stream, which must be a multiple of 64. The
 * targets of the pieces are views of `target` that do not overlap.
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

/** The same piece in `memory`, which must be large enough. Its elements are what is there. */
export function placePiece(piece: Piece, memory: ArrayBufferLike): Piece {
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
  return { ...piece, target }
}

/** Overwrites the elements of `target` with those of `source`, a vector of the same shape. */
export function copyInto(target: Vector, source: Vector): void {
  target.forEach((lanes, index) => {
    // Both have the same type, but TypeScript cannot know that.
    ;(lanes as Uint8Array).set(source[index]! as Uint8Array)
  })
}

/** In a page that is not cross-origin isolated, shared memory cannot be sent to a worker, and its constructor is missing. */
function canShare(): boolean {
  return typeof SharedArrayBuffer !== 'undefined'
}

/** Allocates memory for copies, shared if possible: that is a few percent faster than transferring it back and forth. */
export function allocate(bytes: number): ArrayBufferLike {
  return canShare() ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes)
}

/** Whether other threads can change the vector in place. */
export function isShared(vector: Vector): boolean {
  return canShare() && vector.every(({ buffer, length }) => length === 0 || isSharedMemory(buffer))
}

/** Recognizes shared memory from other realms too. */
function isSharedMemory(buffer: ArrayBufferLike): boolean {
  return Object.prototype.toString.call(buffer) === '[object SharedArrayBuffer]'
}

/** The part of a provider from which seeds follow. */
export type Derivation = Pick<CryptoProvider, 'x25519' | 'sha256'>

/** Seeds of public keys. They show whether two providers derive the same. */
export async function sampleSeeds(crypto: Derivation): Promise<Uint8Array> {
  const bytes = Uint8Array.from({ length: 32 }, (_, index) => index)
  const publicKeys = [bytes, new Uint8Array(32)]
  const request = { privateKey: bytes, publicKeys, salt: bytes, infos: publicKeys, length: 32 } as const
  return joinBytes((await deriveSeeds(request, crypto)).map((seed) => seed ?? new Uint8Array(32)))
}
