import { randomOf } from '../support/seeded.js'

/**
 * Models with the layers of well-known networks, at a fraction of their width, and updates of the magnitudes that such layers
 * have: those of some tensors are 10^4 to 10^8 times those of others.
 */
export interface RealModel {
  readonly tensors: Readonly<Record<string, readonly number[]>>
  /** The typical magnitude of an update of each tensor. */
  readonly magnitudes: Readonly<Record<string, number>>
}

type Layer = readonly [name: string, shape: readonly number[], magnitude: number]

function modelOf(layers: readonly Layer[]): RealModel {
  return {
    tensors: Object.fromEntries(layers.map(([name, shape]) => [name, shape])),
    magnitudes: Object.fromEntries(layers.map(([name, , magnitude]) => [name, magnitude])),
  }
}

/** A convolutional network with batch normalization: moving statistics of activations next to tiny kernels. */
const convolutional = [0, 1, 2, 3].flatMap((block): Layer[] => [
  [`block${block}/conv/kernel`, [3, 3, 4, 8], 3e-5 / 2 ** block],
  [`block${block}/bn/gamma`, [8], 1e-3],
  [`block${block}/bn/beta`, [8], 4e-4],
  [`block${block}/bn/moving_mean`, [8], 12 * 3 ** block],
  [`block${block}/bn/moving_variance`, [8], 310 * 5 ** block],
])

/** A transformer: embeddings of which few rows change, norms, biases that are nearly 0. */
const transformer = [0, 1, 2].flatMap((block): Layer[] => [
  [`encoder.${block}.attention.qkv.weight`, [16, 48], 2e-4],
  [`encoder.${block}.attention.qkv.bias`, [48], 3e-7],
  [`encoder.${block}.mlp.weight`, [16, 64], 5e-4],
  [`encoder.${block}.norm.weight`, [16], 0.02],
])

export const MODELS: Readonly<Record<string, RealModel>> = {
  convolutional: modelOf([...convolutional, ['head/kernel', [32, 10], 0.01], ['head/bias', [10], 2e-3]]),
  transformer: modelOf([['embedding.weight', [200, 16], 6e-6], ...transformer, ['pooler.bias', [16], 0.9]]),
  // One tensor of 3 · 10^7 times the values of another, as in a recommender with counters of views among its inputs.
  recommender: modelOf([
    ['user/embedding', [100, 8], 8e-6],
    ['item/embedding', [100, 8], 2e-5],
    ['dense/kernel', [16, 4], 0.003],
    ['normalizer/scale', [3], 240],
  ]),
}

/** The update of one client in one round: a part that all clients share, and a part of its own. */
export function updateOfClient(model: RealModel, round: number, seat: number): Record<string, PlainUpdate> {
  const common = randomOf(1000 + round)
  const own = randomOf(7919 * round + seat)
  const normal = (random: { word(): number }): number => {
    const radius = Math.sqrt(-2 * Math.log((random.word() + 1) / 2 ** 32))
    return radius * Math.cos((2 * Math.PI * random.word()) / 2 ** 32)
  }
  // Updates become smaller from round to round, as training converges, and differ between clients.
  const pace = 0.9 ** round
  const size = 0.5 + (own.word() / 2 ** 32) * 1.5
  return Object.fromEntries(
    Object.entries(model.tensors).map(([name, shape]) => {
      const length = shape.reduce((product, each) => product * each, 1)
      const scale = model.magnitudes[name]! * pace
      const data = Float32Array.from(
        { length },
        () => scale * size * (0.6 * normal(common) + 0.8 * normal(own)),
      )
      return [name, { shape: [...shape], data }]
    }),
  )
}

export interface PlainUpdate {
  readonly shape: number[]
  readonly data: Float32Array
}

/** For each tensor, the largest error of a mean, divided by the largest value of the exact mean. */
export function relativeErrors(
  means: Readonly<Record<string, { readonly data: ArrayLike<number> }>>,
  updates: readonly Readonly<Record<string, PlainUpdate>>[],
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(means).map(([name, { data }]) => {
      let [largest, error] = [0, 0]
      for (let i = 0; i < data.length; i++) {
        const exact = updates.reduce((sum, update) => sum + update[name]!.data[i]!, 0) / updates.length
        largest = Math.max(largest, Math.abs(exact))
        error = Math.max(error, Math.abs(exact - data[i]!))
      }
      return [name, error / largest]
    }),
  )
}
