/**
 * `secagg/tensors`: converts named tensors to one flat array and back. A manifest states the names, shapes and positions of
 * the tensors. Tensors of tfjs and onnxruntime are accepted as they are; this entry depends on neither package.
 *
 *     const manifest = manifestOf(model) // each party computes it from its own copy of the model
 *     const values = flatten(update, manifest)
 *     // createRoundConfig({ …, context: { manifest: manifestBytes(manifest) } })
 *     const meanUpdate = unflatten(mean, manifest)
 *
 * All parties must use the same names, and no two tensors may have the same name. For a model of tfjs, name every layer,
 * including the layers of models within the model. Pass pairs of name and tensor instead of a record: if two weights have the
 * same name, a record silently keeps one of them, but pairs are refused.
 *
 *     const tensors = model.weights.map((weight) => [weight.originalName, weight.read()] as const)
 *
 * @module
 */
export { flatten, type PlainTensor, type TensorArrays, unflatten } from './flatten.js'
export {
  createManifest,
  type DescribedShape,
  manifestBytes,
  manifestOf,
  type TensorEntry,
  type TensorManifest,
} from './manifest.js'
export type { Named, TensorDescription, TensorLike } from './tensor.js'
export type { TensorType } from './types.js'
