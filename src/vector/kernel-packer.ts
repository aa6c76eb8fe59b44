import { createKernel, placeOf } from './kernel.js'
import { bytesOf } from './lanes.js'
import type { Packer } from './packer.js'
import { PACKING_HEX } from './packing-bytes.js'
import { plainPacker } from './plain-packer.js'
import type { Lanes } from './segments.js'
import { compileOnce } from './wasm.js'

/** Elements that go through the memory at a time; a multiple of 64. Lanes and packed bytes stay in the first cache. */
const PORTION = 2048

/** Below so many elements plain loops are as fast. */
const SMALLEST_FOR_KERNEL = 256

// One page: lanes, packed bytes and the few after them that may be touched, two tables.
const PACKED_AT = 8 * PORTION
const TABLES_AT = 2 * PACKED_AT + 64
const TABLE_BYTES = 64

/** The functions of packing.wat. */
interface Packing {
  add(
    lanes: number,
    end: number,
    packed: number,
    bits: number,
    width: number,
    table: number,
    down: number,
    up: number,
  ): void
  addWide(lanes: number, end: number, packed: number, bits: number): void
  pack(lanes: number, end: number, packed: number, bits: number, others: number, width: number): void
}

const compile = compileOnce(PACKING_HEX)

let kept: Packer | null | undefined

/** The best packer that the host allows for `length` elements. The one in WebAssembly is made once and kept. */
export function packerFor(length: number): Packer {
  if (length < SMALLEST_FOR_KERNEL) return plainPacker
  if (kept === undefined) kept = createKernelPacker() ?? null
  return kept ?? plainPacker
}

/** A packer in WebAssembly SIMD; `undefined` where there is none. It overwrites what it held before it returns. */
export function createKernelPacker(): Packer | undefined {
  const kernel = createKernel(TABLES_AT + 2 * TABLE_BYTES)
  if (kernel === undefined) return undefined
  const { memory, operations } = kernel
  const { exports } = new WebAssembly.Instance(compile()!, { host: { memory } })
  const packing = exports as unknown as Packing
  const bytes = new Uint8Array(memory.buffer)
  const packLanes = (end: number, bits: number, width: number): void => {
    if (width === 8) packing.pack(0, end, PACKED_AT, 32, bits - 32, 4)
    else packing.pack(0, end, PACKED_AT, bits, bits, width)
  }
  const addLanes = (end: number, bits: number, width: 1 | 2 | 4 | 8): void => {
    if (bits === 8 * width) operations[placeOf(1, width)]!(0, PACKED_AT, Math.ceil(end / 64) * 64)
    else if (width === 8) packing.addWide(0, end, PACKED_AT, bits)
    else {
      for (const [index, { from, to }] of partsOf(bits).entries()) {
        const table = TABLES_AT + index * TABLE_BYTES
        packing.add(0, end, PACKED_AT, bits, width, table, 32 - (to - from), from)
      }
    }
  }
  const addPortions = (
    lanes: Lanes,
    bits: number,
    packed: Uint8Array,
    load: (lanePart: Uint8Array) => void,
  ): void => {
    if (bits < 32) writeTables(memory, bits)
    forEachPortion(lanes, bits, packed, (lanePart, packedPart) => {
      load(lanePart)
      bytes.set(packedPart, PACKED_AT)
      addLanes(lanePart.length, bits, lanes.BYTES_PER_ELEMENT as 1 | 2 | 4 | 8)
      lanePart.set(bytes.subarray(0, lanePart.length))
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

/**
 * The bits of an element that are added at a time: all where each element is part of four bytes at most, which holds
 * up to 25 bits, as none begins after bit 7 of a byte, and for 26 and 28, where none begins after bits 6 and 4.
 */
function partsOf(bits: number): readonly { readonly from: number; readonly to: number }[] {
  if (bits <= 26 || bits === 28) return [{ from: 0, to: bits }]
  return [
    { from: 0, to: 16 },
    { from: 16, to: bits },
  ]
}

/** Writes, for each part, the permutations and factors of eight elements that packing.wat describes. */
function writeTables({ buffer }: WebAssembly.Memory, bits: number): void {
  for (const [index, { from, to }] of partsOf(bits).entries()) {
    const permutations = new Uint8Array(buffer, TABLES_AT + index * TABLE_BYTES, 32)
    const factors = new Uint32Array(buffer, TABLES_AT + index * TABLE_BYTES + 32, 8)
    for (let element = 0; element < 8; element++) {
      const start = element < 4 ? 0 : (4 * bits) % 8
      const position = start + (element % 4) * bits + from
      for (let byte = 0; byte < 4; byte++) permutations[4 * element + byte] = (position >> 3) + byte
      factors[element] = 2 ** (32 - (to - from) - (position % 8))
    }
  }
}
