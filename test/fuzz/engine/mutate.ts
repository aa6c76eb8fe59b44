import type { Random } from '../../support/seeded.js'

const INTERESTING = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff, 0xffff, 0x8000, 0xffffffff, 0x7fffffff]

/** Spoils a copy of `data`, with pieces of `other` perhaps: one to many small changes. */
export function mutated(data: Uint8Array, other: Uint8Array, longest: number, random: Random): Uint8Array {
  let bytes = [...data]
  for (let times = 1 << random.below(random.below(6) + 1); times > 0; times--) {
    bytes = random.pick(MUTATIONS)(bytes, other, random)
    if (bytes.length > longest) bytes.length = longest
  }
  return Uint8Array.from(bytes)
}

type Mutation = (bytes: number[], other: Uint8Array, random: Random) => number[]

const flipBit: Mutation = (bytes, _other, random) =>
  change(bytes, random, (byte) => byte ^ (1 << random.below(8)))

const setByte: Mutation = (bytes, _other, random) => change(bytes, random, () => random.below(256))

const addToByte: Mutation = (bytes, _other, random) =>
  change(bytes, random, (byte) => byte + random.below(33) - 16)

const setNumber: Mutation = (bytes, _other, random) => {
  const value = random.pick(INTERESTING)
  const at = random.below(bytes.length + 1)
  for (let i = 0; i < 1 << random.below(3) && at + i < bytes.length; i++)
    bytes[at + i] = (value >>> (8 * i)) & 255
  return bytes
}

const insert: Mutation = (bytes, _other, random) => {
  const added =
    random.below(2) === 0
      ? [...random.bytes(1 + random.below(8))]
      : Array(1 + random.below(40)).fill(random.below(256))
  return bytes.toSpliced(random.below(bytes.length + 1), 0, ...added)
}

const remove: Mutation = (bytes, _other, random) => {
  const most = random.below(3) === 0 ? bytes.length : Math.min(bytes.length, 8)
  return bytes.toSpliced(random.below(bytes.length + 1), 1 + random.below(most + 1))
}

const truncate: Mutation = (bytes, _other, random) => bytes.slice(0, random.below(bytes.length + 1))

const repeat: Mutation = (bytes, _other, random) => {
  const piece = pieceOf(bytes, random)
  return bytes.toSpliced(random.below(bytes.length + 1), 0, ...piece)
}

const overwrite: Mutation = (bytes, _other, random) => {
  const piece = pieceOf(bytes, random)
  const at = random.below(bytes.length + 1)
  piece.slice(0, bytes.length - at).forEach((byte, index) => {
    bytes[at + index] = byte
  })
  return bytes
}

const insertOther: Mutation = (bytes, other, random) =>
  bytes.toSpliced(random.below(bytes.length + 1), 0, ...pieceOf([...other], random))

const splice: Mutation = (bytes, other, random) => [
  ...bytes.slice(0, random.below(bytes.length + 1)),
  ...other.subarray(random.below(other.length + 1)),
]

const spliceInPlace: Mutation = (bytes, other, random) => {
  const at = random.below(bytes.length + 1)
  return [...bytes.slice(0, at), ...other.subarray(at)]
}

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  flipBit,
  setByte,
  setByte,
  addToByte,
  setNumber,
  insert,
  remove,
  truncate,
  repeat,
  overwrite,
  insertOther,
  splice,
  spliceInPlace,
]

function change(bytes: number[], random: Random, changed: (byte: number) => number): number[] {
  if (bytes.length === 0) return [random.below(256)]
  const at = random.below(bytes.length)
  bytes[at] = changed(bytes[at]!) & 255
  return bytes
}

function pieceOf(bytes: readonly number[], random: Random): number[] {
  const from = random.below(bytes.length + 1)
  return bytes.slice(from, from + 1 + random.below(random.below(4) === 0 ? 256 : 16))
}
