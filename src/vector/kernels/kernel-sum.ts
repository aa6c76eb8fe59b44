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

/** A running sum of packed vectors. The caller checks the arguments. */
export interface RunningSum {
  /** Adds the packed elements of `range` and returns the fingerprint of `packed`. */
  add(packed: Uint8Array, range: ElementRange): Uint8Array
  /** A copy of the sum, modulo 2^k. */
  toVector(): Vector
}

/** The number of zeros after the last packed byte. The kernel may read elements there; being zero, they change no lane. */
const ZEROS = 64

// The memory holds: the sums of the fingerprint; sums that nobody reads; a piece of the packed bytes, and bytes after it that
// the kernel may touch; the tables; the lanes.
const SUMS_AT = 0
const UNREAD_SUMS_AT = 64
const PIECE_AT = 128
const TABLES_AT = PIECE_AT + PIECE_BYTES + 2 * ZEROS

/** Where the sum of one segment is in the memory. */
interface Place {
  readonly bits: number
  readonly length: number
  /** The bytes of a lane. */
  readonly width: number
  /** The address of the table for `bits`. */
  readonly table: number
  /** The address of the lanes. */
  readonly lanes: number
}

/** Lanes of one segment to which packed elements are added. */
interface Run extends Omit<Place, 'length'> {
  /** The address after the last of these lanes. */
  readonly lanesEnd: number
  /** The index in the packed bytes after the last of these elements. */
  readonly packedEnd: number
}

/** A running sum in a WebAssembly memory; `undefined` if the host has no SIMD, or cannot allocate the memory. */
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
            // The segment continues in the next piece. Adds only whole turns of 64 bytes of lanes from this piece.
            const turnBytes = (8 * bits) / width
            const turns = Math.floor((end - added) / turnBytes)
            if (turns === 0) break
            next = added + turns * turnBytes
            nextLanes = lanes + turns * 64
          }
          // Elements that use all bits of their lanes are added and fingerprinted together, if both are at the same byte.
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

/**
 * Places tables and lanes in the memory. After the lanes of each segment there are at least 64 free bytes, because the last
 * turn may change bytes there.
 */
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

/** The parts of the segments that a range covers. */
function runsOf(places: readonly Place[], range: ElementRange): readonly Run[] {
  let packedEnd = 0
  return cutSegments(places, range).flatMap(({ from, to }, index) => {
    if (from === to) return []
    const { bits, width, table, lanes } = places[index]!
    packedEnd += packedSegmentLength({ bits, length: to - from })
    // Without the spread operator: engines give each object made by spreading a separate shape, which makes the loop slow.
    return [{ bits, width, table, lanes: lanes + from * width, lanesEnd: lanes + to * width, packedEnd }]
  })
}
