import { addLanes, bytesOf, lanesOn, plainLanes, wordsOf } from '../lanes.js'
import type { Lanes } from '../segments.js'
import {
  addElements,
  createPackingKernel,
  madeOnce,
  sharedPackingKernel,
  TABLE_BYTES,
  writePackingTable,
  writeTable,
} from './kernel.js'

/**
 * Converts elements between lanes, which are plain arrays, and their packed form. `bits` is less than the bits of a lane;
 * only in `add` can it be all of them.
 */
export interface Packer {
  /** Packs the low `bits` bits of each lane into `packed`, ⌈length · bits / 8⌉ bytes. */
  pack(lanes: Lanes, bits: number, packed: Uint8Array): void
  /** Adds the elements in `packed` to the lanes, which wrap around. */
  add(lanes: Lanes, bits: number, packed: Uint8Array): void
  /** Writes the elements in `packed` to the lanes. */
  unpack(lanes: Lanes, bits: number, packed: Uint8Array): void
}

/**
 * The number of elements that are processed at a time. It is a multiple of 64, so that each portion except the last is a
 * whole number of 32-bit words for every k. This many elements fit into the first-level cache.
 */
const PORTION = 2048

/** A packer in plain JavaScript, for hosts without WebAssembly and for short segments. */
export const plainPacker: Packer = {
  pack: (lanes, bits, packed) => {
    const words = createWords(bits, lanes.length)
    const buffer = new Uint8Array(words.buffer)
    forEachPortion(lanes, (portion, from) => {
      writeWords(portion, bits, words)
      packed.set(buffer.subarray(0, Math.ceil((portion.length * bits) / 8)), (from * bits) / 8)
    })
  },
  add,
  unpack: (lanes, bits, packed) => {
    bytesOf(lanes).fill(0)
    add(lanes, bits, packed)
  },
}

function add(lanes: Lanes, bits: number, packed: Uint8Array): void {
  const words = createWords(bits, lanes.length)
  const whole = lanesOn(words.buffer, bits)
  forEachPortion(lanes, (portion, from) => {
    fillWords(words, packed, portion.length, from, bits)
    if (bits === 8 * lanes.BYTES_PER_ELEMENT) addLanes(portion, plainLanes(whole, 0, portion.length))
    else if (lanes.BYTES_PER_ELEMENT === 8) addHalves(words, bits, wordsOf(portion as BigUint64Array))
    else addNarrow(words, bits, portion as Uint32Array)
  })
}

function forEachPortion(lanes: Lanes, visit: (portion: Lanes, from: number) => void): void {
  for (let from = 0; from < lanes.length; from += PORTION) {
    visit(plainLanes(lanes, from, Math.min(from + PORTION, lanes.length)), from)
  }
}

/** Words for a portion of this many lanes, and two more, which may be read after the last element. */
function createWords(bits: number, lanes: number): Uint32Array<ArrayBuffer> {
  return new Uint32Array(Math.ceil((Math.min(lanes, PORTION) * bits) / 32) + 2)
}

function fillWords(words: Uint32Array, packed: Uint8Array, count: number, from: number, bits: number): void {
  const start = (from * bits) / 8
  new Uint8Array(words.buffer).set(packed.subarray(start, start + Math.ceil((count * bits) / 8)))
}

function writeWords(lanes: Lanes, bits: number, words: Uint32Array): void {
  if (lanes.BYTES_PER_ELEMENT === 8) {
    writeHalves(wordsOf(lanes as BigUint64Array), bits, words)
    return
  }
  writeNarrow(lanes as Uint32Array, bits, words)
}

function writeNarrow(lanes: Uint32Array, bits: number, words: Uint32Array): void {
  const mask = 2 ** bits - 1
  let word = 0
  let filled = 0
  let at = 0
  for (let i = 0; i < lanes.length; i++) {
    const value = lanes[i]! & mask
    word |= value << filled
    filled += bits
    if (filled >= 32) {
      words[at++] = word
      filled -= 32
      // With filled = 0 the shift count is `bits` ≤ 31, which leaves nothing.
      word = value >>> (bits - filled)
    }
  }
  words[at] = word
}

function writeHalves(halves: Uint32Array, bits: number, words: Uint32Array): void {
  const highBits = bits - 32
  const mask = 2 ** highBits - 1
  let word = 0
  let filled = 0
  let at = 0
  for (let i = 0; i < halves.length; i += 2) {
    const low = halves[i]!
    words[at++] = word | (low << filled)
    word = filled === 0 ? 0 : low >>> (32 - filled)
    const high = halves[i + 1]! & mask
    word |= high << filled
    filled += highBits
    if (filled >= 32) {
      words[at++] = word
      filled -= 32
      word = high >>> (highBits - filled)
    }
  }
  words[at] = word
}

function addNarrow(words: Uint32Array, bits: number, lanes: Uint32Array): void {
  const mask = 2 ** bits - 1
  let position = 0
  for (let i = 0; i < lanes.length; i++) {
    lanes[i] = lanes[i]! + (takeBits(words, position) & mask)
    position += bits
  }
}

function addHalves(words: Uint32Array, bits: number, halves: Uint32Array): void {
  const mask = 2 ** (bits - 32) - 1
  let position = 0
  for (let i = 0; i < halves.length; i += 2) {
    const a = halves[i]!
    const b = takeBits(words, position)
    const low = (a + b) | 0
    const carry = ((a & b) | ((a | b) & ~low)) >>> 31
    halves[i] = low
    halves[i + 1] = halves[i + 1]! + (takeBits(words, position + 32) & mask) + carry
    position += bits
  }
}

/** The 32 bits from bit `position` on. */
function takeBits(words: Uint32Array, position: number): number {
  const index = position >>> 5
  const shift = position & 31
  // Two shifts, because JavaScript treats a shift by 32 as a shift by 0.
  return (words[index]! >>> shift) | ((words[index + 1]! << 1) << (31 - shift))
}

/** For fewer elements than this, plain JavaScript is as fast. */
const SMALLEST_FOR_KERNEL = 256

// The memory is one page. It holds 16 KiB of lanes, as many packed bytes and the bytes after them that the kernel may touch, a
// table, and the sums of a fingerprint, which nobody reads.
const PACKED_AT = 8 * PORTION
const TABLE_AT = 2 * PACKED_AT + 64
const SUMS_AT = TABLE_AT + TABLE_BYTES

const shared = /* @__PURE__ */ madeOnce(() => createKernelPacker(true))

/** The fastest packer that the host allows, for `length` elements. The WebAssembly packer is created once and reused. */
export function packerFor(length: number): Packer {
  return (length < SMALLEST_FOR_KERNEL ? undefined : shared()) ?? plainPacker
}

/** A packer in WebAssembly SIMD; `undefined` if the host does not have it. Each call wipes the memory that it used. */
export function createKernelPacker(shares = false): Packer | undefined {
  const kernel = (shares ? sharedPackingKernel : createPackingKernel)(SUMS_AT + 64)
  if (kernel === undefined) return undefined
  const { memory, packing } = kernel
  const bytes = new Uint8Array(memory.buffer, 0, SUMS_AT + 64)
  const packLanes = (end: number, bits: number, width: number): void => {
    // The kernel packs eight lanes per turn. The lanes after the last one must not change the last byte.
    bytes.fill(0, end, end + 8 * width)
    if (width === 8) packing.packPairs(0, end, PACKED_AT, bits)
    else packing.pack(0, end, PACKED_AT, bits, width, TABLE_AT)
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
    forEachPacked(lanes, bits, packed, (lanePart, packedPart) => {
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
      if (lanes.BYTES_PER_ELEMENT < 8) writePackingTable(memory, TABLE_AT, bits)
      forEachPacked(lanes, bits, packed, (lanePart, packedPart) => {
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

function forEachPacked(
  lanes: Lanes,
  bits: number,
  packed: Uint8Array,
  visit: (lanePart: Uint8Array, packedPart: Uint8Array) => void,
): void {
  const portion = PACKED_AT / lanes.BYTES_PER_ELEMENT
  for (let from = 0; from < lanes.length; from += portion) {
    const to = Math.min(from + portion, lanes.length)
    visit(bytesOf(lanes, from, to), packed.subarray((from * bits) / 8, Math.ceil((to * bits) / 8)))
  }
}
