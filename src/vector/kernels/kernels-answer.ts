import { addElements, type Packing, writePackingTable, writeTable } from './kernel.js'

type Call = (...values: readonly number[]) => number

/** The exports of kernels.wasm, which has the functions of all .wat files. */
export interface Kernels extends Packing {
  /** A number that says which .wat files it was made from. */
  readonly build: WebAssembly.Global
  readonly operations: WebAssembly.Table
  readonly seek: Call
  readonly add: Call
  readonly encode: Call
  readonly decode: Call
  readonly transform: Call
  readonly flip: Call
  readonly squares: Call
  readonly round: Call
  readonly settle: Call
  readonly wrap: Call
  readonly unwrap: Call
}

// Where the functions are tried: words and lanes from address 0 on, doubles, what ChaCha20 works in, a table, parameters, and
// results.
const DOUBLES_AT = 8192
const STATE_AT = 16_384
const TABLE_AT = 20_480
const PARAMETERS_AT = 24_576
const RESULTS_AT = 28_672

/** The number of doubles that each function processes, and their bytes. */
const COUNT = 64
const END = 8 * COUNT

/** The elements that are added and packed: some for each width of lanes, and some that are treated apart. */
const ELEMENTS = [
  { bits: 5, width: 1 },
  { bits: 13, width: 2 },
  { bits: 20, width: 4 },
  { bits: 45, width: 8 },
  { bits: 31, width: 4 },
  { bits: 25, width: 4 },
] as const

/** Calls every function of the kernels once or more on the same numbers, and returns a checksum of the whole memory. */
export function answerOf(kernels: Kernels, memory: WebAssembly.Memory): number {
  const words = new Uint32Array(memory.buffer)
  const bytes = new Uint8Array(memory.buffer)
  const doubles = new Float64Array(memory.buffer)
  for (let i = 0; i < DOUBLES_AT / 4; i++) words[i] = Math.imul(i + 1, 0x9e3779b1)
  for (let i = 0; i < COUNT; i++) doubles[DOUBLES_AT / 8 + i] = (i - COUNT / 2) * 1.37

  for (let place = 0; place < 8; place++) kernels.operations.get(place)(128 * place, 4096, 128)
  words.set(words.subarray(0, 16), STATE_AT / 4)
  kernels.seek()
  kernels.add(STATE_AT, 1024, 1024, 2)

  let at = RESULTS_AT
  for (const element of ELEMENTS) {
    const { bits, width } = element
    writeTable(memory, TABLE_AT, bits)
    addElements({ memory, packing: kernels }, { ...element, table: TABLE_AT }, 2048, 2048 + 64 * width, 4096)
    if (width === 8) kernels.packPairs(0, 64 * width, at, bits)
    else {
      writePackingTable(memory, TABLE_AT, bits)
      kernels.pack(0, 64 * width, at, bits, width, TABLE_AT)
    }
    at += 1024
  }
  kernels.fingerprint(0, 4096, at, 0, 0)
  // Elements that use all bits of their lanes are also added to them.
  for (const { width } of ELEMENTS) kernels.fingerprint(4096, 4352, at, 1024 + 256 * width, width)
  at += 1024

  for (const { width } of ELEMENTS) {
    doubles.set([10, 127, 3, Number.MAX_VALUE, 0, 0, 0], PARAMETERS_AT / 8)
    kernels.encode(DOUBLES_AT, DOUBLES_AT + END, width === 8 ? 0 : 4096, at, width, PARAMETERS_AT)
    doubles.set([381, 0, 3, 127, 10, 2 ** 32 - 1, 2 ** 32 - 1], PARAMETERS_AT / 8)
    kernels.decode(at + 1024, at + 1024 + END, at, width, PARAMETERS_AT)
    at += 2048
  }

  // These functions work from address 0 on.
  bytes.copyWithin(0, DOUBLES_AT, DOUBLES_AT + END)
  kernels.transform(END, 8, 0.5)
  kernels.transform(END, END / 2, 1)
  kernels.flip(END, 4096, 0.25)
  doubles.set([kernels.squares(0, END), kernels.round(0, END, 4096, at)], at / 8 + 2)
  kernels.settle(END, at)
  for (const { width } of ELEMENTS.slice(0, 3)) {
    at += 1024
    kernels.wrap(END, 4096, at, width, 2 ** (8 * width) - 1)
    doubles.set([-100, 256, 156, 0.125], PARAMETERS_AT / 8)
    kernels.unwrap(END, at, width, PARAMETERS_AT)
    bytes.copyWithin(at + 256, 0, END)
    bytes.copyWithin(0, DOUBLES_AT, DOUBLES_AT + END)
    kernels.settle(END, at)
  }
  return words.reduce((sum, word) => Math.imul(sum ^ word, 16_777_619), 1)
}
