import { createKernel } from './kernel.js'
import { PACKING_HEX } from './packing-bytes.js'
import { laneBytes } from './segments.js'
import { compileOnce } from './wasm.js'

/** The functions of packing.wat. */
interface Packing {
  fingerprint(bytes: number, end: number, sums: number, lanes: number, width: number): void
  addWords(lanes: number, end: number, packed: number, bits: number, table: number): void
  addNarrow(lanes: number, end: number, packed: number, step: number, width: number, table: number): void
  addPairs(lanes: number, end: number, packed: number, bits: number, table: number): void
  pack(lanes: number, end: number, packed: number, bits: number, others: number, width: number): void
}

/** The functions of packing.wat on a memory. */
export interface PackingKernel {
  readonly memory: WebAssembly.Memory
  readonly packing: Packing
}

const compile = compileOnce(PACKING_HEX)

/** The kernel with a zeroed memory of at least `size` bytes; `undefined` where there is no WebAssembly SIMD or memory. */
export function createPackingKernel(size: number): PackingKernel | undefined {
  const kernel = createKernel(size)
  if (kernel === undefined) return undefined
  const { memory } = kernel
  const { exports } = new WebAssembly.Instance(compile()!, { host: { memory } })
  return { memory, packing: exports as unknown as Packing }
}

/** The bytes of a table: four rows of 64. */
export const TABLE_BYTES = 256

/**
 * Adds elements, which have not all the bits of their lanes, from address `packed` on to the lanes from `lanes` to `end`.
 * Up to 63 bytes of lanes after these take part, with the packed bits that follow.
 */
export function addElements(
  { packing }: PackingKernel,
  { bits, width, table }: { readonly bits: number; readonly width: number; readonly table: number },
  lanes: number,
  end: number,
  packed: number,
): void {
  if (width === 8) packing.addPairs(lanes, end, packed, bits, table)
  else if (width === 4) packing.addWords(lanes, end, packed, bits, table)
  else packing.addNarrow(lanes, end, packed, (2 * bits) / width, width, table)
}

/** Writes the table of `bits` bits, not all of their lanes: the permutations, factors and masks of packing.wat. */
export function writeTable({ buffer }: WebAssembly.Memory, at: number, bits: number): void {
  const width = laneBytes(bits)
  const mask = 2 ** Math.min(bits, 32) - 1
  if (width === 1) {
    writeRow(new Uint16Array(buffer, at, 24), (word) => 2 * word * bits, [mask])
    writeRow(new Uint16Array(buffer, at + 64, 24), (word) => (2 * word + 1) * bits, [mask << 8])
  } else if (width === 2) {
    writeRow(new Uint16Array(buffer, at, 24), (word) => word * bits, [mask])
    writeRow(new Uint16Array(buffer, at + 64, 24), (word) => word * bits, [mask], 1)
  } else if (width === 4) {
    for (const row of [0, 1]) {
      const first = (4 * bits * row) % 8
      writeRow(new Uint32Array(buffer, at + 64 * row, 12), (word) => first + word * bits, [mask])
    }
  } else {
    for (const row of [0, 1, 2, 3]) {
      const positionOf = (word: number): number => 2 * row + (word >> 1) * bits + (word & 1) * 32
      writeRow(new Uint32Array(buffer, at + 64 * row, 12), positionOf, [mask, 2 ** (bits - 32) - 1])
    }
  }
}

/** Writes one row, for words whose bits begin at certain positions; the bytes are to be taken from `further` on. */
function writeRow(
  row: Uint16Array | Uint32Array,
  positionOf: (word: number) => number,
  masks: readonly number[],
  further = 0,
): void {
  const size = row.BYTES_PER_ELEMENT
  const count = 16 / size
  const permutation = new Uint8Array(row.buffer, row.byteOffset, 16)
  for (let word = 0; word < count; word++) {
    const position = positionOf(word)
    for (let byte = 0; byte < size; byte++) permutation[size * word + byte] = (position >> 3) + further + byte
    row[count + word] = 2 ** (8 - (position % 8))
    row[2 * count + word] = masks[word % masks.length]!
  }
}
