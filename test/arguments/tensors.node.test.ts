import * as tensors from 'secagg/tensors'
import { type Examples, optional, orNoPairs, whole } from './examples.js'
import { testArguments } from './surface.js'

const kernel = { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }
const bias = { shape: [2], data: [5, 6] }
const model = { kernel, bias }
const manifest = tensors.manifestOf(model)
/** A manifest may come as JSON, so it does not matter whether it is frozen. */
const received = structuredClone(manifest)

const examples: Examples = {
  // An empty list of pairs and an empty object are right values.
  createManifest: () => ({ args: [orNoPairs({ kernel: optional([2, 2]), bias: optional([2]) })] }),
  manifestOf: () => ({ args: [orNoPairs({ kernel: optional(kernel), bias: optional(whole(bias)) })] }),
  manifestBytes: () => ({ args: [received] }),
  flatten: () => ({ args: [model, received] }),
  unflatten: () => ({ args: [new Float32Array(6), received] }),
}

testArguments(tensors, examples)
