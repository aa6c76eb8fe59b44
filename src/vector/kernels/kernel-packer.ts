import { bytesOf } from '../lanes.js'
import type { Lanes } from '../segments.js'
import { addElements, createPackingKernel, TABLE_BYTES, writeTable } from './kernel.js'
import { type Packer, plainPacker } from './plain-packer.js'

/**
 * The number of elements that are processed at a time, a multiple of 64. This many lanes and their packed bytes fit into the
 * first-level cache.
 */
const PORTION = 2048

/** For fewer elements than this, plain JavaScript is as fast. */
const SMALLEST_FOR_KERNEL = 256

// The memory is one page. It holds lanes, packed bytes and the bytes after them that the kernel may touch, a table, and the
// sums of a fingerprint, which nobody reads.
const PACKED_AT = 8 * PORTION
const TABLE_AT = 2 * PACKED_AT + 64
const SUMS_AT = TABLE_AT + TABLE_BYTES

let kept: Packer | null | undefined

/** The fastest packer that the host allows, for `length` elements. The WebAssembly packer is created once and reused. */
export function packerFor(length: number): Packer {
  if (length < SMALLEST_FOR_KERNEL) return plainPacker
  if (kept === undefined) kept = createKernelPacker() ?? null
  return kept ?? plainPacker
}

/** A packer in WebAssembly SIMD; `undefined` if the host does not have it. Each call wipes the memory that it used. */
export function createKernelPacker(): Packer | undefined {
  const kernel = createPackingKernel(SUMS_AT + 64)
  if (kernel === undefined) return undefined
  const { memory, packing } = kernel
  const bytes = new Uint8Array(memory.buffer)
  const packLanes = (end: number, bits: number, width: number): void => {
    // The kernel packs eight lanes per turn. The lanes after the last one must not change the last byte.
    bytes.fill(0, end, end + 8 * width)
    if (width === 8) packing.packPairs(0, end, PACKED_AT, bits)
    else packing.pack(0, end, PACKED_AT, bits, width)
  }
  const addPortions = (
    lanes: Lanes,
    bits: number,
    packed: Uint8Array,
    load: (lanePart: Uint8Array) => void,
  ): void => {
    const width = lanes.BYTES_PER_ELEMENT
    const fills = bits === 8 * width
    if (!fills) writeTable(memory, TABLE_AT, bits)
    forEachPortion(lanes, bits, packed, (lanePart, packedPart) => {
      load(lanePart)
      bytes.set(packedPart, PACKED_AT)
      const end = lanePart.length
      if (fills) packing.fingerprint(PACKED_AT, PACKED_AT + end, SUMS_AT, 0, width)
      else addElements(kernel, { bits, width, table: TABLE_AT }, 0, end, PACKED_AT)
      lanePart.set(bytes.subarray(0, end))
    })
    bytes.fill(0)
  }
  return {
    pack: (lanes, bits, packed) => {
      forEachPortion(lanes, bits, packed, (lanePart, packedPart) => {
        bytes.set(lanePart)
        packLanes(lanePart.length, bits, lanes.BYTES_PER_ELEMENT)
        packedPart.set(bytes.subarray(PACKED_AT, PACKED_AT + packedPart.length))
      })
      bytes.fill(0)
    },
    add: (lanes, bits, packed) => addPortions(lanes, bits, packed, (lanePart) => bytes.set(lanePart)),
    unpack: (lanes, bits, packed) =>
      addPortions(lanes, bits, packed, ({ length }) => bytes.fill(0, 0, length)),
  }
}

function forEachPortion(
  lanes: Lanes,
  bits: number,
  packed: Uint8Array,
  visit: (lanePart: Uint8Array, packedPart: Uint8Array) => void,
): void {
  for (let from = 0; from < lanes.length; from += PORTION) {
    const to = Math.min(from + PORTION, lanes.length)
    visit(bytesOf(lanes, from, to), packed.subarray((from * bits) / 8, Math.ceil((to * bits) / 8)))
  }
}
