import { wrongKind } from '../arguments.js'
import { allocated, typedArrayName } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import { type Lanes, laneBytes } from './segments.js'

export { typedArrayName }

/** @throws {SecAggError} `invalid-argument` unless `value` is an array of lanes. */
export function requireLanes(what: string, value: unknown): asserts value is Lanes {
  const name = typedArrayName(value)
  if (Object.values(LANE_ARRAYS).some((type) => type.name === name)) return
  throw wrongKind(what, 'an array of lanes', value)
}

const LANE_ARRAYS = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: BigUint64Array } as const

/** The name of the array type whose lanes hold `bits` bits. */
export function laneArrayName(bits: number): string {
  return LANE_ARRAYS[laneBytes(bits)].name
}

/**
 * `length` zeros in lanes for `bits` bits.
 * @throws {SecAggError} `unsupported` if the memory cannot be allocated.
 */
export function createLanes(bits: number, length: number): Lanes {
  const size = laneBytes(bits)
  return allocated(length * size, () => new LANE_ARRAYS[size](length))
}

/** A view of `memory` as lanes for `bits` bits, as many as fit. */
export function lanesOn(memory: ArrayBuffer, bits: number): Lanes {
  const size = laneBytes(bits)
  return new LANE_ARRAYS[size](memory, 0, Math.floor(memory.byteLength / size))
}

/**
 * Elements `from` to `to` of `lanes` as a plain typed array of this realm, on the same memory. The caller's array can come
 * from another realm or be a subclass, such as Node's Buffer. Hot loops are fast only if all arrays are of the same kind.
 */
export function plainLanes(lanes: Lanes, from = 0, to: number = lanes.length): Lanes {
  const size = lanes.BYTES_PER_ELEMENT as 1 | 2 | 4 | 8
  const memory = lanes.buffer as ArrayBuffer // it can be a SharedArrayBuffer, for which the union has no overload
  return new LANE_ARRAYS[size](memory, lanes.byteOffset + from * size, to - from)
}

/** The same memory as a plain array of this realm, like {@link plainLanes}. */
export function plainDoubles({ buffer, byteOffset, length }: Float64Array): Float64Array {
  return new Float64Array(buffer, byteOffset, length)
}

/** The bytes of elements `[from, to)`, on the same memory. */
export function bytesOf(lanes: Lanes, from = 0, to: number = lanes.length): Uint8Array {
  const size = lanes.BYTES_PER_ELEMENT
  return new Uint8Array(lanes.buffer, lanes.byteOffset + from * size, (to - from) * size)
}

let isLittleEndian: boolean | undefined

/**
 * Checks the byte order of the host. Masks and packed vectors are little-endian, and this library reads lanes in the host's
 * byte order.
 * @throws {SecAggError} `unsupported` on a big-endian host.
 */
export function checkHost(): void {
  isLittleEndian ??= new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
  if (!isLittleEndian) throw usageError('unsupported', 'the library needs a little-endian host')
}

// There is a separate function for each array type. An engine compiles a loop to fast code while it has seen only one kind of
// array in it; code for several kinds is two to three times slower. Storing a sum in a lane wraps it around.

/** `target += source`, lane by lane. Both are plain arrays of the same type and length. */
export function addLanes(target: Lanes, source: Lanes): void {
  const size = target.BYTES_PER_ELEMENT
  if (size === 1) addBytes(target as Uint8Array, source as Uint8Array)
  else if (size === 2) addShorts(target as Uint16Array, source as Uint16Array)
  else if (size === 4) addWords(target as Uint32Array, source as Uint32Array)
  else addLongs(target as BigUint64Array, source as BigUint64Array)
}

/** `target −= source`, lane by lane. Both are plain arrays of the same type and length. */
export function subtractLanes(target: Lanes, source: Lanes): void {
  const size = target.BYTES_PER_ELEMENT
  if (size === 1) subtractBytes(target as Uint8Array, source as Uint8Array)
  else if (size === 2) subtractShorts(target as Uint16Array, source as Uint16Array)
  else if (size === 4) subtractWords(target as Uint32Array, source as Uint32Array)
  else subtractLongs(target as BigUint64Array, source as BigUint64Array)
}

/** Keeps the low `bits` bits of every lane of a plain array. */
export function reduceLanes(target: Lanes, bits: number): void {
  const size = target.BYTES_PER_ELEMENT
  if (bits === 8 * size) return
  if (size === 1) maskBytes(target as Uint8Array, 2 ** bits - 1)
  else if (size === 2) maskShorts(target as Uint16Array, 2 ** bits - 1)
  else if (size === 4) maskWords(target as Uint32Array, 2 ** bits - 1)
  else maskHighWords(wordsOf(target as BigUint64Array), 2 ** (bits - 32) - 1)
}

/**
 * The low and high halves of each lane, low half first. Loops work on these because an engine may allocate memory for every
 * BigInt.
 */
export function wordsOf(lanes: BigUint64Array): Uint32Array {
  return new Uint32Array(lanes.buffer, lanes.byteOffset, 2 * lanes.length)
}

function addBytes(target: Uint8Array, source: Uint8Array): void {
  for (let i = 0; i < target.length; i++) target[i] = target[i]! + source[i]!
}

function addShorts(target: Uint16Array, source: Uint16Array): void {
  for (let i = 0; i < target.length; i++) target[i] = target[i]! + source[i]!
}

function addWords(target: Uint32Array, source: Uint32Array): void {
  for (let i = 0; i < target.length; i++) target[i] = target[i]! + source[i]!
}

function addLongs(target: BigUint64Array, source: BigUint64Array): void {
  for (let i = 0; i < target.length; i++) target[i] = target[i]! + source[i]!
}

function subtractBytes(target: Uint8Array, source: Uint8Array): void {
  for (let i = 0; i < target.length; i++) target[i] = target[i]! - source[i]!
}

function subtractShorts(target: Uint16Array, source: Uint16Array): void {
  for (let i = 0; i < target.length; i++) target[i] = target[i]! - source[i]!
}

function subtractWords(target: Uint32Array, source: Uint32Array): void {
  for (let i = 0; i < target.length; i++) target[i] = target[i]! - source[i]!
}

function subtractLongs(target: BigUint64Array, source: BigUint64Array): void {
  for (let i = 0; i < target.length; i++) target[i] = target[i]! - source[i]!
}

function maskBytes(target: Uint8Array, mask: number): void {
  for (let i = 0; i < target.length; i++) target[i] = target[i]! & mask
}

function maskShorts(target: Uint16Array, mask: number): void {
  for (let i = 0; i < target.length; i++) target[i] = target[i]! & mask
}

function maskWords(target: Uint32Array, mask: number): void {
  for (let i = 0; i < target.length; i++) target[i] = target[i]! & mask
}

function maskHighWords(halves: Uint32Array, mask: number): void {
  for (let i = 1; i < halves.length; i += 2) halves[i] = halves[i]! & mask
}
