import * as ort from 'onnxruntime-web/wasm'
import type { Points } from './points.js'
import { CLASSES } from './task.js'

ort.env.wasm.wasmPaths = { wasm: '/onnxruntime/ort-wasm-simd-threaded.wasm' }
// Threads need a page that is isolated from other sites, by the headers COOP and COEP.
ort.env.wasm.numThreads = 1

/** The probability of each class at each point, as onnxruntime-web computes it from a model in the ONNX format. */
export async function runOnnx(model: Uint8Array, positions: Float32Array): Promise<Float32Array> {
  const session = await ort.InferenceSession.create(model)
  const points = new ort.Tensor('float32', positions, [positions.length / 2, 2])
  const { probabilities } = await session.run({ points })
  const values = (probabilities!.data as Float32Array).slice()
  await session.release()
  return values
}

/** The fraction of the points whose class has the highest probability. */
export function accuracyOf(probabilities: Float32Array, { count, classes }: Points): number {
  let correct = 0
  for (let i = 0; i < count; i++) {
    const row = probabilities.subarray(CLASSES * i, CLASSES * (i + 1))
    if (row.indexOf(Math.max(...row)) === classes[i]) correct++
  }
  return correct / count
}

export function largestDifference(one: Float32Array, other: Float32Array): number {
  return one.reduce((most, value, index) => Math.max(most, Math.abs(value - other[index]!)), 0)
}
