import proto, { type onnx } from 'onnx-proto'
import type { PlainTensor } from 'secagg/tensors'
import { CLASSES } from './task.js'

const { ModelProto, TensorProto } = proto.onnx
const { FLOAT } = TensorProto.DataType

/** Writes the averaged model as an ONNX file: two dense layers, with tanh and softmax. */
export function writeOnnx(tensors: Readonly<Record<string, PlainTensor>>): Uint8Array {
  const initializer = Object.entries(tensors).map(([name, { shape, data }]) => ({
    name,
    dims: [...shape],
    dataType: FLOAT,
    rawData: new Uint8Array(Float32Array.from(data).buffer), // little-endian, as on every platform in use
  }))
  const node = [
    { opType: 'Gemm', input: ['points', 'hidden/kernel', 'hidden/bias'], output: ['sums'] },
    { opType: 'Tanh', input: ['sums'], output: ['activations'] },
    { opType: 'Gemm', input: ['activations', 'output/kernel', 'output/bias'], output: ['scores'] },
    { opType: 'Softmax', input: ['scores'], output: ['probabilities'] },
  ]
  const model = ModelProto.create({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    producerName: 'browser-training',
    graph: {
      name: 'averaged',
      node,
      initializer,
      input: [matrix('points', 2)],
      output: [matrix('probabilities', CLASSES)],
    },
  })
  return ModelProto.encode(model).finish()
}

/** A matrix of any number of rows. */
function matrix(name: string, columns: number): onnx.IValueInfoProto {
  const shape = { dim: [{ dimParam: 'rows' }, { dimValue: columns }] }
  return { name, type: { tensorType: { elemType: FLOAT, shape } } }
}
