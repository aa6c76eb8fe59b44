import { type Examples, PIXELS } from './examples.js'
import type { SeededRandom } from './random.js'

/** The number of units in the hidden layer. The weight between pixel p and unit u is parameter p · HIDDEN + u. */
export const HIDDEN = 32
const DIGITS = 10

/** The positions of the layers in the flat array of parameters. */
const FIRST_WEIGHTS = 0
const FIRST_BIASES = FIRST_WEIGHTS + PIXELS * HIDDEN
const LAST_WEIGHTS = FIRST_BIASES + HIDDEN
const LAST_BIASES = LAST_WEIGHTS + HIDDEN * DIGITS

/** The number of parameters of the model. */
export const PARAMETERS: number = LAST_BIASES + DIGITS

/** How a client trains. */
export interface TrainingOptions {
  /** How many times it uses each of its examples. */
  readonly epochs: number
  /** The number of examples per step. */
  readonly batch: number
  readonly learningRate: number
}

/**
 * Makes a network with one hidden layer: 784 pixels, 32 rectified linear units, 10 digits. All parameters are in one flat
 * array, which secure aggregation can sum directly.
 */
export function initialModel(random: SeededRandom): Float32Array {
  const model = new Float32Array(PARAMETERS)
  const fill = (from: number, to: number, inputs: number): void => {
    // He et al. 2015: the variance of a weight is 2 / inputs.
    const limit = Math.sqrt(6 / inputs)
    for (let i = from; i < to; i++) model[i] = (2 * random.fraction() - 1) * limit
  }
  fill(FIRST_WEIGHTS, FIRST_BIASES, PIXELS)
  fill(LAST_WEIGHTS, LAST_BIASES, HIDDEN)
  return model
}

/** Trains one client's model by stochastic gradient descent: from `start`, with the examples at `indices`. */
export function trainLocally(
  start: Float32Array,
  examples: Examples,
  indices: Uint32Array,
  { epochs, batch, learningRate }: TrainingOptions,
  random: SeededRandom,
): Float32Array {
  const model = start.slice()
  const gradient = new Float32Array(PARAMETERS)
  const hidden = new Float64Array(HIDDEN)
  const errors = new Float64Array(DIGITS)
  const order = indices.slice()
  for (let epoch = 0; epoch < epochs; epoch++) {
    random.shuffle(order)
    for (let from = 0; from < order.length; from += batch) {
      const to = Math.min(from + batch, order.length)
      gradient.fill(0)
      for (let i = from; i < to; i++) addGradient(gradient, model, examples, order[i]!, hidden, errors)
      descend(model, gradient, learningRate / (to - from))
    }
  }
  return model
}

function descend(model: Float32Array, gradient: Float32Array, step: number): void {
  for (let i = 0; i < PARAMETERS; i++) model[i]! -= step * gradient[i]!
}

/** The fraction of the examples that the model classifies correctly. */
export function accuracyOf(model: Float32Array, examples: Examples): number {
  const hidden = new Float64Array(HIDDEN)
  const probabilities = new Float64Array(DIGITS)
  let correct = 0
  for (let example = 0; example < examples.count; example++) {
    predict(model, examples, example, hidden, probabilities)
    if (probabilities.indexOf(Math.max(...probabilities)) === examples.labels[example]) correct++
  }
  return correct / examples.count
}

/** The forward pass. Writes the activations of the hidden layer and the probability of each digit. */
function predict(
  model: Float32Array,
  { images }: Examples,
  example: number,
  hidden: Float64Array,
  probabilities: Float64Array,
): void {
  for (let unit = 0; unit < HIDDEN; unit++) hidden[unit] = model[FIRST_BIASES + unit]!
  const image = example * PIXELS
  for (let pixel = 0; pixel < PIXELS; pixel++) {
    const gray = images[image + pixel]!
    // Four out of five pixels are background.
    if (gray === 0) continue
    const ink = gray / 255
    const row = FIRST_WEIGHTS + pixel * HIDDEN
    for (let unit = 0; unit < HIDDEN; unit++) hidden[unit]! += ink * model[row + unit]!
  }
  for (let digit = 0; digit < DIGITS; digit++) probabilities[digit] = model[LAST_BIASES + digit]!
  for (let unit = 0; unit < HIDDEN; unit++) {
    const activation = Math.max(0, hidden[unit]!)
    hidden[unit] = activation
    const row = LAST_WEIGHTS + unit * DIGITS
    for (let digit = 0; digit < DIGITS; digit++) probabilities[digit]! += activation * model[row + digit]!
  }
  softmax(probabilities)
}

function softmax(values: Float64Array): void {
  const largest = Math.max(...values)
  let sum = 0
  for (let i = 0; i < values.length; i++) {
    values[i] = Math.exp(values[i]! - largest)
    sum += values[i]!
  }
  for (let i = 0; i < values.length; i++) values[i]! /= sum
}

/** The backward pass. Adds one example's gradient to that of its batch. `hidden` and `errors` are scratch memory. */
function addGradient(
  gradient: Float32Array,
  model: Float32Array,
  examples: Examples,
  example: number,
  hidden: Float64Array,
  errors: Float64Array,
): void {
  predict(model, examples, example, hidden, errors)
  const { images, labels } = examples
  // The derivative of the cross entropy with respect to the input of the softmax.
  errors[labels[example]!]! -= 1
  for (let digit = 0; digit < DIGITS; digit++) gradient[LAST_BIASES + digit]! += errors[digit]!
  for (let unit = 0; unit < HIDDEN; unit++) {
    const activation = hidden[unit]!
    const row = LAST_WEIGHTS + unit * DIGITS
    let error = 0
    if (activation > 0) {
      for (let digit = 0; digit < DIGITS; digit++) {
        gradient[row + digit]! += activation * errors[digit]!
        error += model[row + digit]! * errors[digit]!
      }
    }
    // The activation is no longer needed. From here on, this is the error of the unit.
    hidden[unit] = error
    gradient[FIRST_BIASES + unit]! += error
  }
  const image = example * PIXELS
  for (let pixel = 0; pixel < PIXELS; pixel++) {
    const gray = images[image + pixel]!
    if (gray === 0) continue
    const ink = gray / 255
    const row = FIRST_WEIGHTS + pixel * HIDDEN
    for (let unit = 0; unit < HIDDEN; unit++) gradient[row + unit]! += ink * hidden[unit]!
  }
}

/** The model as bytes: 32-bit floating-point numbers, little-endian as on every platform in use. */
export function modelToBytes(model: Float32Array): Uint8Array {
  return new Uint8Array(model.slice().buffer)
}

/** @throws {Error} if the bytes are not a model of this shape. */
export function modelFromBytes(bytes: Uint8Array): Float32Array {
  if (bytes.length !== 4 * PARAMETERS) throw new Error(`a model must be ${4 * PARAMETERS} bytes long`)
  return new Float32Array(bytes.slice().buffer)
}
