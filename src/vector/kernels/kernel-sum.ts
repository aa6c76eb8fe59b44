import { fingerprintOf, PIECE_BYTES } from '../fingerprint.js'
import { bytesOf, createLanes, reduceLanes } from '../lanes.js'
import { fillsLanes, packedSegmentLength } from '../packing.js'
import {
  cutSegments,
  type ElementRange,
  laneBytes,
  nextBlock,
  type Segment,
  type Vector,
} from '../segments.js'
import { addElements, createPackingKernel, TABLE_BYTES, writeTable } from './kernel.js'

/** A running sum of packed vectors that leaves all checks to its caller. */
export interface RunningSum {
  /** Adds the packed elements of `range` and returns the fingerprint of their bytes. */
  add(packed: Uint8Array, range: ElementRange): Uint8Array
  /** A reduced copy. */
  toVector(): Vector
}

/** Zeros after the last packed byte: the elements that the last turn finds there change nothing. */
const ZEROS = 64

// What the memory holds: the sums of the fingerprint, and sums that nobody reads; a piece of the packed bytes, and more
// that a turn may touch; the tables; and the lanes.
const SUMS_AT = 0
const UNREAD_SUMS_AT = 64
const PIECE_AT = 128
const TABLES_AT = PIECE_AT + PIECE_BYTES + 2 * ZEROS

/** Where the sum's elements of one segment lie. */
interface Place {
  readonly bits: number
  readonly length: number
  /** The bytes of a lane. */
  readonly width: number
  /** The table for these bits. */
  readonly table: number
  readonly lanes: number
}

/** Lanes of one segment that are added to, and where in the packed vector their elements end. */
interface Run extends Omit<Place, 'length'> {
  readonly lanesEnd: number
  readonly packedEnd: number
}

/** A running sum in a WebAssembly memory; `undefined` where there is no SIMD, or no memory of this size. */
export function createKernelSum(segments: readonly Segment[]): RunningSum | undefined {
  const { places, tables, size } = layOut(segments)
  const kernel = createPackingKernel(size)
  if (kernel === undefined) return undefined
  const { memory, packing } = kernel
  for (const [bits, table] of tables) writeTable(memory, table, bits)
  const sums = new Uint32Array(memory.buffer, SUMS_AT, 16)
  const piece = new Uint8Array(memory.buffer, PIECE_AT, PIECE_BYTES + ZEROS)

  return {
    add: (packed, range) => {
      const runs = runsOf(places, range)
      const { buffer, byteOffset, length } = packed
      let index = 0
      let lanes = runs[0]?.lanes ?? 0
      let added = 0
      let fingerprinted = 0
      sums.fill(0)
      while (added < length) {
        const start = added - (added % 64)
        const end = Math.min(start + PIECE_BYTES, length)
        piece.set(new Uint8Array(buffer, byteOffset + start, end - start))
        if (end === length) piece.fill(0, end - start, end - start + ZEROS)
        const shift = PIECE_AT - start
        while (added < end) {
          const run = runs[index]!
          const { bits, width } = run
          let next = run.packedEnd
          let nextLanes = run.lanesEnd
          if (next > end) {
            // As many whole turns as the piece has, each for 64 bytes of lanes.
            const turnBytes = (8 * bits) / width
            const turns = Math.floor((end - added) / turnBytes)
            if (turns === 0) break
            next = added + turns * turnBytes
            nextLanes = lanes + turns * 64
          }
          // What fills its lanes is added and fingerprinted in one go, where both have come to the same byte.
          if (bits < 8 * width) {
            addElements(kernel, run, lanes, nextLanes, added + shift)
          } else if (added === fingerprinted) {
            packing.fingerprint(added + shift, next + shift, SUMS_AT, lanes, width)
            fingerprinted = nextBlock(next)
          } else {
            packing.fingerprint(added + shift, next + shift, UNREAD_SUMS_AT, lanes, width)
          }
          added = next
          lanes = next < run.packedEnd ? nextLanes : (runs[++index]?.lanes ?? 0)
        }
        if (fingerprinted < end) {
          packing.fingerprint(fingerprinted + shift, end + shift, SUMS_AT, 0, 0)
          fingerprinted = nextBlock(end)
        }
      }
      return fingerprintOf(sums, length)
    },
    toVector: () =>
      places.map(({ bits, length, width, lanes }) => {
        const copy = createLanes(bits, length)
        bytesOf(copy).set(new Uint8Array(memory.buffer, lanes, length * width))
        reduceLanes(copy, bits)
        return copy
      }),
  }
}

/** Lays tables and lanes out. Behind the lanes of each segment 64 bytes or more are free for the last turn to touch. */
function layOut(segments: readonly Segment[]): {
  readonly places: readonly Place[]
  readonly tables: ReadonlyMap<number, number>
  readonly size: number
} {
  const tables = new Map<number, number>()
  for (const segment of segments) {
    if (!fillsLanes(segment) && !tables.has(segment.bits)) {
      tables.set(segment.bits, TABLES_AT + tables.size * TABLE_BYTES)
    }
  }
  let size = nextBlock(TABLES_AT + tables.size * TABLE_BYTES)
  const places = segments.map(({ bits, length }) => {
    const lanes = size
    const width = laneBytes(bits)
    size = nextBlock(lanes + length * width + 64)
    return { bits, length, width, table: tables.get(bits) ?? 0, lanes }
  })
  return { places, tables, size }
}

/** The parts of segments that a range covers. */
function runsOf(places: readonly Place[], range: ElementRange): readonly Run[] {
  let packedEnd = 0
  return cutSegments(places, range).flatMap(({ from, to }, index) => {
    if (from === to) return []
    const { bits, width, table, lanes } = places[index]!
    packedEnd += packedSegmentLength({ bits, length: to - from })
    // Spelled out, as an engine gives every object that is spread a shape of its own.
    return [{ bits, width, table, lanes: lanes + from * width, lanesEnd: lanes + to * width, packedEnd }]
  })
}
