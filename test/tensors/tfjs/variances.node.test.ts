import * as tf from '@tensorflow/tfjs'
import { planRound, type RoundTask } from 'secagg/federated'
import { beforeAll, expect, test } from 'vitest'
import { sumDirectly } from '../../federated/direct-sum.js'

beforeAll(async () => {
  tf.enableProdMode() // otherwise it prints a greeting
  await tf.setBackend('cpu')
})

function network(): tf.LayersModel {
  const model = tf.sequential()
  model.add(tf.layers.dense({ name: 'hidden', inputShape: [4], units: 16 }))
  model.add(tf.layers.batchNormalization({ name: 'norm' }))
  model.add(tf.layers.dense({ name: 'output', units: 1 }))
  return model
}

const weightsOf = (model: tf.LayersModel) =>
  model.weights.map((weight) => [weight.originalName, weight.read()] as const)

/** How many of 256 predictions are not a number after a round of noise alone has been added to the model. */
function brokenPredictions(given: Partial<RoundTask>): number {
  const model = network()
  const plan = planRound({
    tensors: weightsOf(model),
    clients: 20,
    adversary: 'honest-but-curious',
    dropoutFraction: 0,
    corruptFraction: 0.1,
    privacy: { epsilon: 8, delta: 1e-5, rounds: 10, clipNorm: 20 },
    ...given,
  })
  const zeros = weightsOf(model).map(([name, { shape }]) => [name, tf.zeros(shape)] as const)
  const { tensors } = sumDirectly(plan, Array(20).fill(zeros), { addedTo: weightsOf(model) })
  const renewed = weightsOf(model).map(([name, old]) => {
    const mean = tensors[name]
    return mean === undefined ? old : old.add(tf.tensor(mean.data as Float32Array, mean.shape))
  })
  model.setWeights(renewed)
  const predictions = model.predict(tf.ones([256, 4])) as tf.Tensor
  return [...predictions.dataSync()].filter(Number.isNaN).length
}

test('noise on moving variances makes a model predict NaN, unless they are non-negative or left out', () => {
  expect(brokenPredictions({})).toBe(256)
  expect(brokenPredictions({ nonNegative: ['*/moving_variance'] })).toBe(0)
  expect(brokenPredictions({ exclude: ['*/moving_*'] })).toBe(0)
})
