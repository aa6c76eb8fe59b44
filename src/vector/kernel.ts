import { KERNEL_HEX } from './kernel-bytes.js'
import { compileOnce } from './wasm.js'

/** Adds `length` bytes of lanes at `source` to those at `sum`, or subtracts them; `length` is a multiple of 64. */
type Operation = (sum: number, source: number, length: number) => void

/** The operations of kernel.wat on a memory. */
export interface Kernel {
  readonly memory: WebAssembly.Memory
  /** All of them, in the order of {@link placeOf}. */
  readonly operations: readonly Operation[]
  /** The same for other modules. */
  readonly table: WebAssembly.Table
}

const PAGE_BYTES = 2 ** 16

const compile = compileOnce(KERNEL_HEX)

/**
 * The kernel with a memory of at least `size` bytes; `undefined` where there is no WebAssembly SIMD, a content
 * security policy forbids it, or the memory cannot be had.
 */
export function createKernel(size: number): Kernel | undefined {
  const module = compile()
  if (module === undefined) return undefined
  const pages = Math.ceil(size / PAGE_BYTES)
  try {
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages })
    const { exports } = new WebAssembly.Instance(module, { host: { memory } })
    const table = exports.operations as WebAssembly.Table
    const operations = Array.from({ length: table.length }, (_, place) => table.get(place) as Operation)
    return { memory, operations, table }
  } catch {
    return undefined
  }
}

const PLACES = { 1: 0, 2: 1, 4: 2, 8: 3 } as const

/** Where the operation on lanes of `width` bytes stands in the kernel's table. */
export function placeOf(sign: 1 | -1, width: 1 | 2 | 4 | 8): number {
  return PLACES[width] + (sign === 1 ? 0 : 4)
}
