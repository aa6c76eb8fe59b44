import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Tensors } from './model.js'

/** The parts of ONNX messages that are read here, as the package onnx-proto returns them. */
interface TensorProto {
  readonly name: string
  readonly dims: readonly (number | { toNumber(): number })[]
  readonly dataType: number
  readonly rawData: Uint8Array
  readonly floatData: readonly number[]
}

interface GraphProto {
  readonly initializer: readonly TensorProto[]
  readonly node: readonly {
    readonly opType: string
    readonly output: readonly string[]
    readonly attribute: readonly {
      readonly name: string
      readonly t?: TensorProto
      readonly g?: GraphProto
    }[]
  }[]
}

const FLOAT = 1
const require = createRequire(import.meta.url)

/** Reads the tensors of 32-bit floats in an ONNX file: initializers and constants, also those in branches. */
export function readOnnx(file: string): Tensors {
  const { onnx } = require('onnx-proto') as {
    onnx: { ModelProto: { decode(bytes: Uint8Array): { graph: GraphProto } } }
  }
  const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>()
  const add = (name: string, { dataType, dims, rawData, floatData }: TensorProto): void => {
    if (dataType !== FLOAT) return
    const data =
      floatData.length > 0 ? Float32Array.from(floatData) : new Float32Array(new Uint8Array(rawData).buffer) // a copy, aligned
    const shape = dims.map((size) => (typeof size === 'number' ? size : size.toNumber()))
    tensors.set(name, { shape, data })
  }
  const visit = ({ initializer, node }: GraphProto, path: string): void => {
    for (const tensor of initializer) add(path + tensor.name, tensor)
    for (const [index, { opType, output, attribute }] of node.entries()) {
      for (const { name, t, g } of attribute) {
        if (opType === 'Constant' && t) add(path + output[0], t)
        if (g) visit(g, `${path}${index}.${name}/`)
      }
    }
  }
  visit(onnx.ModelProto.decode(readFileSync(file)).graph, '')
  return tensors
}
