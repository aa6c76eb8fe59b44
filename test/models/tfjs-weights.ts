import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Tensors } from './model.js'

/** A tensor in the manifest of a model's weights, as tfjs writes it. */
interface WeightSpec {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: string
  readonly quantization?: { readonly dtype: string; readonly scale: number; readonly min: number }
}

interface WeightGroup {
  readonly weights: readonly WeightSpec[]
  readonly paths: readonly string[]
}

const require = createRequire(import.meta.url)

/** Reads a model of tfjs: `model.json`, or the manifest of its weights, and the files that it names. */
export function readTfjs(file: string): Tensors {
  const json = JSON.parse(readFileSync(file, 'utf8'))
  const groups: readonly WeightGroup[] = json.weightsManifest ?? json
  return decode(groups, (path) => readFileSync(join(dirname(file), path)))
}

/** Reads a model of the package nsfwjs, whose files are scripts that return an object or Base64. */
export function readScripts(folder: string): Tensors {
  const { weightsManifest } = require(join(folder, 'model.min.js')) as { weightsManifest: WeightGroup[] }
  return decode(weightsManifest, (path) =>
    Buffer.from(require(join(folder, `${path.replace(/\.bin$/, '')}.min.js`)), 'base64'),
  )
}

function decode(groups: readonly WeightGroup[], read: (path: string) => Buffer): Tensors {
  const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>()
  for (const { weights, paths } of groups) {
    const bytes = Buffer.concat(paths.map(read))
    let offset = 0
    for (const { name, shape, dtype, quantization } of weights) {
      const length = shape.reduce((product, size) => product * size, 1)
      if (dtype === 'string') {
        for (let i = 0; i < length; i++) offset += 4 + bytes.readUInt32LE(offset)
        continue
      }
      const stored = quantization?.dtype ?? dtype
      const numbers = numbersOf(stored, bytes, offset, length)
      offset += length * WIDTHS[stored]!
      if (dtype !== 'float32') continue
      const { scale = 1, min = 0 } = quantization ?? {}
      tensors.set(name, { shape, data: numbers.map((value) => value * scale + min) })
    }
    if (offset !== bytes.length)
      throw new Error(`${bytes.length - offset} bytes of the weights are left over`)
  }
  return tensors
}

const WIDTHS: Readonly<Record<string, number>> = { float32: 4, int32: 4, uint16: 2, uint8: 1, bool: 1 }

function numbersOf(type: string, bytes: Buffer, offset: number, length: number): Float32Array {
  const read: Readonly<Record<string, (at: number) => number>> = {
    float32: (at) => bytes.readFloatLE(at),
    int32: (at) => bytes.readInt32LE(at),
    uint16: (at) => bytes.readUInt16LE(at),
    uint8: (at) => bytes[at]!,
    bool: (at) => bytes[at]!,
  }
  const one = read[type]
  if (one === undefined) throw new Error(`weights are stored as ${type}`)
  return Float32Array.from({ length }, (_, index) => one(offset + index * WIDTHS[type]!))
}
