import { fingerprintOf } from './fingerprint.js'
import { bytesOf, createLanes } from './lanes.js'
import { reduceLanes } from './loops.js'
import { fillsLanes, packedSegmentLength } from './packing.js'
import { addElements, createPackingKernel, TABLE_BYTES, writeTable } from './packing-kernel.js'
import {
  cutSegments,
  type ElementRange,
  laneBytes,
  nextBlock,
  type Segment,
  type Vector,
} from './segments.js'

/** A running sum of packed vectors that leaves all checks to its caller. */
export interface RunningSum {
  /** Adds the packed elements of `range` and returns the fingerprint of their bytes. */
  add(packed: Uint8Array, range: ElementRange): Uint8Array
  /** A reduced copy. */
  toVector(): Vector
}

/**
 * Packed bytes that are copied, fingerprinted and added at a time, a multiple of 64. With fewer, calls begin to count;
 * with more, bytes that come from beyond the caches come more slowly.
 */
const PIECE_BYTES = 63 * 64

/** Zeros after the last packed byte, for the elements that the last turn adds beyond the last one. */
const ZEROS = 64

// What the memory holds: the sums of the fingerprint, and sums that nobody reads; a piece, and more bytes that a turn
// may touch; the tables; and the lanes.
const SUMS_AT = 0
const UNREAD_SUMS_AT = 64
const PIECE_AT = 128
const TABLES_AT = PIECE_AT + PIECE_BYTES + 2 * ZEROS

/** Where the sum's elements of one segment lie, and the table for their bits. */
interface Place {
  readonly segment: Segment
  readonly lanes: number
  readonly table: number
}

/** Elements of one segment that are added, and where their bytes are in the packed vector. */
interface Run extends Omit<Place, 'segment'> {
  readonly bits: number
  readonly lanesEnd: number
  readonly from: number
  readonly to: number
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
      let index = 0
      let added = 0
      let fingerprinted = 0
      sums.fill(0)
      while (added < packed.length) {
        const start = added - (added % 64)
        const end = Math.min(start + PIECE_BYTES, packed.length)
        piece.set(new Uint8Array(packed.buffer, packed.byteOffset + start, end - start))
        if (end === packed.length) piece.fill(0, end - start, end - start + ZEROS)
        const shift = PIECE_AT - start
        while (added < end) {
          const run = runs[index]!
          const { bits, table } = run
          const width = laneBytes(bits)
          // The packed bytes of 64 bytes of lanes, which are added as a whole, but for the last of a run.
          const turn = (8 * bits) / width
          const ends = run.to <= end
          const next = ends ? run.to : end - ((end - added) % turn)
          if (next === added) break
          const lanes = run.lanes + (64 * (added - run.from)) / turn
          const lanesEnd = ends ? run.lanesEnd : lanes + (64 * (next - added)) / turn
          if (bits < 8 * width) {
            addElements(kernel, bits, lanes, lanesEnd, added + shift, table)
          } else if (added === fingerprinted) {
            packing.fingerprint(added + shift, next + shift, SUMS_AT, lanes, width)
            fingerprinted = nextBlock(next)
          } else {
            packing.fingerprint(added + shift, next + shift, UNREAD_SUMS_AT, lanes, width)
          }
          added = next
          if (ends) index++
        }
        if (fingerprinted < end) {
          packing.fingerprint(fingerprinted + shift, end + shift, SUMS_AT, 0, 0)
          fingerprinted = nextBlock(end)
        }
      }
      return fingerprintOf(sums, packed.length)
    },
    toVector: () =>
      places.map(({ segment: { bits, length }, lanes }) => {
        const copy = createLanes(bits, length)
        bytesOf(copy).set(new Uint8Array(memory.buffer, lanes, length * laneBytes(bits)))
        reduceLanes(copy, bits)
        return copy
      }),
  }
}

/** Lays lanes and tables out; after the lanes of a segment are at least 64 bytes for what the last turn touches. */
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
  const places = segments.map((segment) => {
    const lanes = size
    size = nextBlock(lanes + segment.length * laneBytes(segment.bits) + 64)
    return { segment, lanes, table: tables.get(segment.bits) ?? 0 }
  })
  return { places, tables, size }
}

/** The parts of segments that a range covers. */
function runsOf(places: readonly Place[], range: ElementRange): readonly Run[] {
  const segments = places.map(({ segment }) => segment)
  let end = 0
  return cutSegments(segments, range).flatMap(({ from, to }, index) => {
    if (from === to) return []
    const { segment, lanes, table } = places[index]!
    const { bits } = segment
    const width = laneBytes(bits)
    const start = end
    end += packedSegmentLength({ bits, length: to - from })
    return [{ bits, table, lanes: lanes + from * width, lanesEnd: lanes + to * width, from: start, to: end }]
  })
}
