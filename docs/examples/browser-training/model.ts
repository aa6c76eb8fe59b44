import * as tf from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import { layers, type Sequential, sequential } from '@tensorflow/tfjs-layers'
import type { PlainTensor } from 'secagg/tensors'
import type { Points } from './points.js'
import { CLASSES, HIDDEN } from './task.js'

const STEPS = 60
const LEARNING_RATE = 0.02

/** Starts the WebAssembly backend of tfjs, or else the one in plain JavaScript. Returns the name of the backend. */
export async function startBackend(): Promise<string> {
  setWasmPaths('/tfjs/')
  if (!(await tf.setBackend('wasm'))) await tf.setBackend('cpu')
  return tf.getBackend()
}

/** A network with one hidden layer. The names of the layers are part of the names of the tensors. */
export function createNetwork(): Sequential {
  return sequential({
    layers: [
      layers.dense({ name: 'hidden', inputShape: [2], units: HIDDEN, activation: 'tanh' }),
      layers.dense({ name: 'output', units: CLASSES, activation: 'softmax' }),
    ],
  })
}

type Tensors = Readonly<Record<string, PlainTensor>>

/** Sets the weights of the network. */
export function load(network: Sequential, tensors: Tensors): void {
  for (const variable of network.weights) {
    const { shape, data } = tensors[variable.originalName]!
    tf.tidy(() => {
      variable.write(tf.tensor(data, shape))
    })
  }
}

/** Trains on a page's own examples, and returns how much each weight has changed. */
export function train(network: Sequential, start: Tensors, points: Points): Record<string, PlainTensor> {
  load(network, start)
  const inputs = tf.tensor2d(points.positions, [points.count, 2])
  const labels = tf.oneHot(tf.tensor1d(points.classes, 'int32'), CLASSES)
  const optimizer = tf.train.adam(LEARNING_RATE)
  // Not `network.fit`: it waits for animation frames, which a browser does not draw in a tab that nobody sees.
  for (let step = 0; step < STEPS; step++) {
    optimizer.minimize(() => {
      const probabilities = network.apply(inputs, { training: true }) as tf.Tensor2D
      return tf.losses.logLoss(labels, probabilities) as tf.Scalar
    })
  }
  optimizer.dispose()
  inputs.dispose()
  labels.dispose()
  const update: Record<string, PlainTensor> = {}
  for (const variable of network.weights) {
    const { shape, data } = start[variable.originalName]!
    const trained = variable.read().dataSync() as Float32Array
    update[variable.originalName] = { shape, data: trained.map((value, index) => value - data[index]!) }
  }
  return update
}

/** The probability of each class at each point, as tfjs computes it. */
export function predict(network: Sequential, positions: Float32Array): Float32Array {
  return tf.tidy(() => {
    const inputs = tf.tensor2d(positions, [positions.length / 2, 2])
    return (network.predict(inputs) as tf.Tensor).dataSync<'float32'>().slice()
  })
}
