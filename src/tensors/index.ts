/**
 * `secagg/tensors`: tensors by name to one flat array and back, and the manifest that says what is where. It takes the
 * tensors of tfjs and onnxruntime as they are, and depends on neither.
 *
 *     const manifest = manifestOf(model) // each party from the model that it has
 *     const values = flatten(update, manifest)
 *     // createRoundConfig({ …, context: { manifest: manifestBytes(manifest) } })
 *     const meanUpdate = unflatten(mean, manifest)
 *
 * Names have to be the same for everybody. The weights of a model of tfjs are best named by their `originalName`: their
 * `name` depends on what else the process has made.
 *
 *     const tensors = Object.fromEntries(model.weights.map((weight) => [weight.originalName, weight.read()]))
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
export type { Named, TensorLike } from './tensor.js'
