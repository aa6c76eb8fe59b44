import { laneBytes } from '../segments.js'
import { KERNEL_HEX, PACKING_HEX } from './binaries.js'

/** Adds the `length` bytes of lanes at `source` to those at `sum`, or subtracts them. `length` is a multiple of 64. */
type Operation = (sum: number, source: number, length: number) => void

/** The operations of kernel.wat, bound to a memory. */
export interface Kernel {
  readonly memory: WebAssembly.Memory
  /** The operation at {@link placeOf} `(sign, width)` adds or subtracts lanes of this width. */
  readonly operations: readonly Operation[]
  /** The operations as a table, for other WebAssembly modules. */
  readonly table: WebAssembly.Table
}

const PAGE_BYTES = 2 ** 16

const compileKernel = /* @__PURE__ */ compileOnce(KERNEL_HEX)

/** The kernel with a zeroed memory of at least `size` bytes; `undefined` in the cases of {@link instantiate}. */
export function createKernel(size: number): Kernel | undefined {
  const instance = instantiate<{ operations: WebAssembly.Table }>(compileKernel, size)
  if (instance === undefined) return undefined
  const table = instance.functions.operations
  const operations = Array.from({ length: table.length }, (_, place) => table.get(place) as Operation)
  return { memory: instance.memory, operations, table }
}

/**
 * A module with a zeroed memory of at least `size` bytes; `undefined` if the host has no WebAssembly SIMD, a content security
 * policy forbids it, or the memory cannot be allocated.
 */
export function instantiate<T>(
  compile: () => WebAssembly.Module | undefined,
  size: number,
): { readonly memory: WebAssembly.Memory; readonly functions: T } | undefined {
  const module = compile()
  if (module === undefined) return undefined
  const pages = Math.ceil(size / PAGE_BYTES)
  try {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
    const { exports } = new WebAssembly.Instance(module, { host: { memory } })
    return { memory, functions: exports as T }
  } catch {
    return undefined
  }
}

const PLACES = { 1: 0, 2: 1, 4: 2, 8: 3 } as const

/** The index of an operation in the kernel's table; `width` is the bytes of a lane. */
export function placeOf(sign: 1 | -1, width: 1 | 2 | 4 | 8): number {
  return PLACES[width] + (sign === 1 ? 0 : 4)
}

/** The module that has the functions of all binaries, if the program has installed it. */
let installed: WebAssembly.Module | undefined
let installations = 0

/** Makes every kernel that is created from now on an instance of `module`, which has been checked. */
export function useModule(module: WebAssembly.Module): void {
  if (module === installed) return
  installed = module
  installations++
}

/**
 * A function that calls `make` once and then always returns the same result. If a module is installed, it calls `make` once
 * more, because that host may have had no kernels before.
 */
export function madeOnce<T>(make: () => T): () => T {
  let made: { readonly result: T; readonly after: number } | undefined
  return () => {
    if (made?.after !== installations) made = { result: make(), after: installations }
    return made.result
  }
}

/**
 * A function that compiles a binary, given as hexadecimal digits, in its first call and then always returns the same module.
 * It returns `undefined` if the host cannot compile the binary or does not allow it. If a module has been installed, it returns
 * that.
 */
export function compileOnce(hex: string): () => WebAssembly.Module | undefined {
  let compiled: WebAssembly.Module | null | undefined
  return () => {
    if (installed !== undefined) return installed
    if (compiled === undefined) {
      try {
        compiled = new WebAssembly.Module(decodeHex(hex))
      } catch {
        compiled = null
      }
    }
    return compiled ?? undefined
  }
}

function decodeHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) =>
    Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16),
  )
}

/** The functions of packing.wat, which has the comments. */
export interface Packing {
  fingerprint(bytes: number, end: number, sums: number, lanes: number, width: number): void
  addWords(lanes: number, end: number, packed: number, bits: number, table: number): void
  addNarrow(lanes: number, end: number, packed: number, step: number, width: number, table: number): void
  addPairs(lanes: number, end: number, packed: number, bits: number, table: number): void
  pack(lanes: number, end: number, packed: number, bits: number, width: number, table: number): void
  packPairs(lanes: number, end: number, packed: number, bits: number): void
}

/** The functions of packing.wat, bound to a memory. */
export interface PackingKernel {
  readonly memory: WebAssembly.Memory
  readonly packing: Packing
}

const compilePacking = /* @__PURE__ */ compileOnce(PACKING_HEX)

/** The packing kernel with a zeroed memory of at least `size` bytes; `undefined` in the cases of {@link instantiate}. */
export function createPackingKernel(size: number): PackingKernel | undefined {
  const kernel = createKernel(size)
  if (kernel === undefined) return undefined
  const { memory } = kernel
  const { exports } = new WebAssembly.Instance(compilePacking()!, { host: { memory } })
  return { memory, packing: exports as unknown as Packing }
}

/** The bytes that the packer and the fingerprint need, whichever needs more. */
const SHARED_BYTES = 2 ** 18

const shared = /* @__PURE__ */ madeOnce(() => createPackingKernel(SHARED_BYTES))

/**
 * The packing kernel that the packer and the fingerprint share; `undefined` in the cases of {@link instantiate}. Browsers allow
 * about a hundred memories in a process. Each call of either writes what it needs, and no call runs within another.
 */
export function sharedPackingKernel(size: number): PackingKernel | undefined {
  return size > SHARED_BYTES ? createPackingKernel(size) : shared()
}

/** The bytes of a table, which has four rows of 64 bytes. */
export const TABLE_BYTES = 256

/**
 * Adds the packed elements from address `packed` on to the lanes from address `lanes` to `end`. The elements have fewer bits
 * than their lanes. Up to 63 bytes of lanes after `end` can change: the bits after the last packed element are added to them.
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

/**
 * Writes the table for elements of `bits` bits, which are fewer than the bits of their lanes. It has the permutations,
 * factors and masks for packing.wat.
 */
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

/**
 * Writes one row of a table. `positionOf` gives the bit at which each word begins. The row takes bytes that are `further`
 * bytes after that position.
 */
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

/** Writes the table with which packing.wat packs elements of `bits` bits, which are fewer than 32. */
export function writePackingTable({ buffer }: WebAssembly.Memory, at: number, bits: number): void {
  const mask = 2 ** bits - 1
  new Uint32Array(buffer, at, 8).set([mask, 0, mask, 0, 0, mask, 0, mask])
  const permutations = new Uint8Array(buffer, at + 32, 64).fill(0x80)
  // Where the words 1 and 3 begin, the latter in the half that begins within a byte if `bits` is odd.
  const starts = [bits >> 2, ((bits & 1) * 4 + 2 * bits) >> 3]
  starts.forEach((start, row) => {
    for (let byte = 0; byte < 8; byte++) permutations[16 * row + start + byte] = 8 + byte
  })
  // Only for 31 bits: the bits after the first eight bytes of the shifted words 1 and 2.
  permutations[32 + 15] = 8
  permutations[48 + 8] = 0
}
