import type { Lanes } from './segments.js'

// One function per array type, spelled out: an engine compiles a loop well while it sees one kind of array in it,
// and two to three times slower code once it has seen several. Sums are stored into lanes, which wraps them.

/** `target += source`, lane by lane; both are plain arrays of one type and length. */
export function addLanes(target: Lanes, source: Lanes): void {
  const size = target.BYTES_PER_ELEMENT
  if (size === 1) addBytes(target as Uint8Array, source as Uint8Array)
  else if (size === 2) addShorts(target as Uint16Array, source as Uint16Array)
  else if (size === 4) addWords(target as Uint32Array, source as Uint32Array)
  else addLongs(target as BigUint64Array, source as BigUint64Array)
}

/** `target −= source`, lane by lane; both are plain arrays of one type and length. */
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

/** Halves, low ones first: BigInts would be one allocation each wherever an engine does not see through them. */
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
