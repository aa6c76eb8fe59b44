import { integerOf } from './bytes.js'
import type { Configuration, Segment } from './configuration.js'
import type { Suite } from './primitives.js'

// Section "Vectors and masks" of the specification.

/** One list of elements for each segment. */
export type Vector = readonly (readonly bigint[])[]

/** w: bytes of the stream that an element takes. */
function laneBytes(bits: number): number {
  return bits <= 8 ? 1 : bits <= 16 ? 2 : bits <= 32 ? 4 : 8
}

const nextBlock = (position: number): number => Math.ceil(position / 64) * 64

/** PRG(seed). */
export function prg(suite: Suite, seed: Uint8Array, segments: readonly Segment[]): Vector {
  const starts: number[] = []
  let end = 0
  for (const { length, bits } of segments) {
    starts.push(nextBlock(end))
    end = nextBlock(end) + length * laneBytes(bits)
  }
  const stream = suite.stream(seed, end)
  return segments.map(({ length, bits }, segment) =>
    Array.from({ length }, (_, i) => {
      const at = starts[segment]! + i * laneBytes(bits)
      return BigInt.asUintN(bits, integerOf(stream.slice(at, at + laneBytes(bits))))
    }),
  )
}

/** `sum + sign · vector`, element by element modulo 2^k. */
export function add(segments: readonly Segment[], sum: Vector, sign: 1 | -1, vector: Vector): Vector {
  return sum.map((elements, segment) =>
    elements.map((element, i) =>
      BigInt.asUintN(segments[segment]!.bits, element + BigInt(sign) * vector[segment]![i]!),
    ),
  )
}

export function zero(segments: readonly Segment[]): Vector {
  return segments.map(({ length }) => new Array<bigint>(length).fill(0n))
}

export function pack(segments: readonly Segment[], vector: Vector): Uint8Array {
  const packed = segments.map(({ bits }, segment) => {
    const elements = vector[segment]!
    const bytes = new Uint8Array(Math.ceil((elements.length * bits) / 8))
    for (let q = 0; q < elements.length * bits; q++) {
      const bit = (elements[Math.floor(q / bits)]! >> BigInt(q % bits)) & 1n
      bytes[q >> 3]! |= Number(bit) << (q & 7)
    }
    return bytes
  })
  return Uint8Array.from(packed.flatMap((bytes) => [...bytes]))
}

/** `null` where the length is wrong or a bit that is left over is not zero. */
export function unpack(segments: readonly Segment[], packed: Uint8Array): Vector | null {
  let at = 0
  const vector = segments.map(({ length, bits }) => {
    const end = at + Math.ceil((length * bits) / 8)
    const elements = Array.from({ length }, (_, i) => {
      let element = 0n
      for (let j = 0; j < bits; j++) {
        const q = i * bits + j
        element |= BigInt(((packed[at + (q >> 3)] ?? 0) >> (q & 7)) & 1) << BigInt(j)
      }
      return element
    })
    at = end
    return elements
  })
  const canonical = pack(segments, vector)
  return canonical.length === packed.length && canonical.every((byte, i) => byte === packed[i])
    ? vector
    : null
}

export function sliceCount({ segments, sliceLength }: Configuration): number {
  const elements = segments.reduce((sum, { length }) => sum + length, 0)
  return sliceLength === 0 ? 1 : Math.ceil(elements / sliceLength)
}

/** The first element of slice j, counted over all segments. */
function cut(configuration: Configuration, j: number): number {
  const { segments, sliceLength } = configuration
  if (j === sliceCount(configuration)) return segments.reduce((sum, { length }) => sum + length, 0)
  const position = j * sliceLength
  let start = 0
  for (const { length } of segments) {
    if (start < position && position < start + length) return position - ((position - start) % 8)
    start += length
  }
  return position
}

/** The segments of slice j: as many as the vector has, some of them cut or empty. */
export function sliceSegments(configuration: Configuration, j: number): readonly Segment[] {
  return sliceBounds(configuration, j).map(({ from, to, bits }) => ({ length: to - from, bits }))
}

export function sliceOf(configuration: Configuration, j: number, vector: Vector): Vector {
  return sliceBounds(configuration, j).map(({ from, to }, segment) => vector[segment]!.slice(from, to))
}

/** Which elements of each segment slice j has. */
function sliceBounds(
  configuration: Configuration,
  j: number,
): readonly { readonly from: number; readonly to: number; readonly bits: number }[] {
  const [first, end] = [cut(configuration, j), cut(configuration, j + 1)]
  let start = 0
  return configuration.segments.map(({ length, bits }) => {
    const from = Math.min(Math.max(first - start, 0), length)
    const to = Math.min(Math.max(end - start, 0), length)
    start += length
    return { from, to, bits }
  })
}
