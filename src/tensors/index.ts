/**
 * `secagg/tensors`: tensors by name to one flat array and back, and the manifest that says what is where. It takes the
 * tensors of tfjs and onnxruntime as they are, and depends on neither.
 *
 *     const manifest = manifestOf(model) // each party from the model that it has
 *     const values = flatten(update, manifest)
 *     // createRoundConfig({ …, context: { manifest: manifestBytes(manifest) } })
 *     const meanUpdate = unflatten(mean, manifest)
 *
 * Names have to be the same for everybody and different from each other. For a model of tfjs, give every layer a name,
 * also those of models within the model, and hand over the pairs, not a record that is made of them: a record keeps one of
 * two weights that have the same name, without a word.
 *
 *     const tensors = model.weights.map((weight) => [weight.originalName, weight.read()] as const)
 *
 * @module
 */
export { flatten, type PlainTensor, unflatten } from './flatten.js'
export {
  createManifest,
  manifestBytes,
  manifestOf,
  type TensorEntry,
  type TensorManifest,
} from './manifest.js'
export type { Named, TensorDescription, TensorLike } from './tensor.js'
