import { createAccumulator, createVector, fingerprint, packVector, unpackVector } from 'secagg/vector'
import { type Candidate, VECTOR_BYTES } from './measure.js'

/** Among them the ways that elements are moved: in whole lanes, with their high bits apart and without, and in pairs. */
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
  { bits: 64, laneBytes: 8 },
]

/** Vectors that are added one after the other, as a server does in the masked input round. */
const ADDITIONS = 8

/**
 * What a server does with a masked vector, which is to add and to fingerprint it, and packing and unpacking, in units of
 * a vector; and a fingerprint alone.
 */
export function packings(): Candidate[] {
  const moved = LANES.flatMap(({ bits, laneBytes }): Candidate[] => {
    const segments = [{ length: VECTOR_BYTES / laneBytes, bits }]
    const vector = createVector(segments)
    const packed = packVector(vector, segments)
    const sum = createAccumulator(segments)
    return [
      {
        name: `add and fingerprint, k = ${bits}`,
        units: ADDITIONS,
        run: () => {
          for (let i = 0; i < ADDITIONS; i++) sum.add(packed)
        },
      },
      { name: `pack, k = ${bits}`, units: 1, run: () => void packVector(vector, segments) },
      { name: `unpack, k = ${bits}`, units: 1, run: () => void unpackVector(packed, segments) },
    ]
  })
  const bytes = new Uint8Array(VECTOR_BYTES)
  const copy = new Uint8Array(VECTOR_BYTES)
  return [
    { name: 'memory copy of 4 MiB', units: 1, run: () => copy.set(bytes) },
    ...moved,
    { name: 'fingerprint of 4 MiB', units: 1, run: () => void fingerprint(bytes) },
  ]
}
