import { addPacked, createVector, packVector, unpackVector } from 'secagg/vector'
import { VECTOR_BYTES } from './mask-kernel.js'
import type { Candidate } from './measure.js'

/** Among them the ways that elements are moved: whole lanes, in parts of four bytes, of five, and one by one. */
const LANES: readonly { readonly bits: number; readonly laneBytes: number }[] = [
  { bits: 7, laneBytes: 1 },
  { bits: 12, laneBytes: 2 },
  { bits: 16, laneBytes: 2 },
  { bits: 20, laneBytes: 4 },
  { bits: 24, laneBytes: 4 },
  { bits: 26, laneBytes: 4 },
  { bits: 31, laneBytes: 4 },
  { bits: 32, laneBytes: 4 },
  { bits: 48, laneBytes: 8 },
  { bits: 63, laneBytes: 8 },
]

/** Adding packed vectors to a sum, packing and unpacking, in units of a vector. */
export function packings(): Candidate[] {
  return LANES.flatMap(({ bits, laneBytes }) => {
    const segments = [{ length: VECTOR_BYTES / laneBytes, bits }]
    const vector = createVector(segments)
    const packed = packVector(vector, segments)
    return [
      { name: `add packed, k = ${bits}`, units: 1, run: () => addPacked(vector, packed, segments) },
      { name: `pack, k = ${bits}`, units: 1, run: () => void packVector(vector, segments) },
      { name: `unpack, k = ${bits}`, units: 1, run: () => void unpackVector(packed, segments) },
    ]
  })
}
