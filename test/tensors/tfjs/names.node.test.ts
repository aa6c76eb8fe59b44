import * as tf from '@tensorflow/tfjs'
import { encodeUpdate, openRound, planRound, type RoundTask } from 'secagg/federated'
import { manifestOf } from 'secagg/tensors'
import { beforeAll, expect, test } from 'vitest'

const task: Omit<RoundTask, 'tensors'> = {
  clients: 3,
  adversary: 'honest-but-curious',
  dropoutFraction: 0,
  corruptFraction: 0,
  clip: 1,
}

beforeAll(async () => {
  tf.enableProdMode() // otherwise it prints a greeting
  await tf.setBackend('cpu')
})

function trained(): tf.LayersModel {
  const model = tf.sequential()
  model.add(tf.layers.dense({ name: 'only', inputShape: [2], units: 1 }))
  model.compile({ optimizer: tf.train.adam(0.1), loss: 'meanSquaredError' })
  return model
}

test('weights without names are refused, and the errors say how to name them', async () => {
  const model = trained()
  await model.trainOnBatch(tf.ones([1, 2]), tf.ones([1, 1]))
  const optimizer = model.optimizer as tf.AdamOptimizer
  const pairs = 'model.weights.map((weight) => [weight.originalName, weight.read()])'
  const states = '(await optimizer.getWeights()).map(({ name, tensor }) => [name, tensor])'
  const plan = planRound({ ...task, tensors: { 'only/kernel': [2, 1], 'only/bias': [1] } })
  const round = openRound(plan, { sessionId: new Uint8Array(16) })
  const cases: readonly (readonly [unknown, string])[] = [
    [model, pairs],
    [model.weights, pairs],
    [model.getWeights(), pairs],
    [optimizer, states],
    [optimizer.getWeights(), states],
    [await optimizer.getWeights(), states],
  ]
  for (const [given, remedy] of cases) {
    for (const use of [
      () => manifestOf(given as never),
      () => planRound({ ...task, tensors: given as never }),
      () => encodeUpdate(given as never, 1, round),
    ]) {
      expect(use).toThrow(
        expect.objectContaining({
          code: 'invalid-argument',
          fault: 'usage',
          message: expect.stringContaining(remedy),
        }),
      )
    }
  }
})

test('what the errors recommend works', async () => {
  const model = trained()
  await model.trainOnBatch(tf.ones([1, 2]), tf.ones([1, 1]))
  const weights = model.weights.map((weight) => [weight.originalName, weight.read()] as const)
  expect(planRound({ ...task, tensors: weights }).task.tensors).toEqual({
    'only/bias': [1],
    'only/kernel': [2, 1],
  })
  const state = await (model.optimizer as tf.AdamOptimizer).getWeights()
  const averaged = state.filter(({ tensor }) => tensor.dtype === 'float32')
  expect(manifestOf(averaged.map(({ name, tensor }) => [name, tensor] as const)).tensors.length).toBe(4)
  expect(() => manifestOf(state.map(({ name, tensor }) => [name, tensor] as const))).toThrow(
    'tensor "iter" has type int32',
  )
})

test('types of tfjs that have no mean are refused when a plan is made', () => {
  const tensors = {
    int32: tf.tensor1d([1], 'int32'),
    bool: tf.tensor1d([true], 'bool'),
    string: tf.tensor1d(['a'], 'string'),
    complex64: tf.complex([1], [2]),
  }
  for (const [type, tensor] of Object.entries(tensors)) {
    for (const form of [tensor, tf.variable(tensor), { shape: tensor.shape, dtype: tensor.dtype }]) {
      expect(() => planRound({ ...task, tensors: { 'layer/one': form } })).toThrow(
        expect.objectContaining({
          code: 'invalid-argument',
          got: type,
          message: expect.stringMatching(
            /tensor "layer\/one" has type .*: (leave it out|give its real part)/,
          ),
        }),
      )
    }
  }
})
