import { type Examples, PIXELS } from './examples.js'
import type { SeededRandom } from './random.js'

/** Units of the hidden layer; pixel p and unit u meet in parameter p · HIDDEN + u. */
export const HIDDEN = 32
const DIGITS = 10

/** Where each layer begins in the flat array of parameters. */
const FIRST_WEIGHTS = 0
const FIRST_BIASES = FIRST_WEIGHTS + PIXELS * HIDDEN
const LAST_WEIGHTS = FIRST_BIASES + HIDDEN
const LAST_BIASES = LAST_WEIGHTS + HIDDEN * DIGITS

/** How many numbers the model consists of. */
export const PARAMETERS: number = LAST_BIASES + DIGITS

/** How a client trains. */
export interface TrainingOptions {
  /** How often it goes through its examples. */
  readonly epochs: number
  /** Examples per step. */
  readonly batch: number
  readonly learningRate: number
}

/**
 * A network with one hidden layer: 784 pixels, 32 rectified linear units, 10 digits. All parameters lie in one flat
 * array, which is also what secure aggregation wants to sum.
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

/** What one client makes of `start` with the examples at `indices`: stochastic gradient descent. */
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

/** The share of examples whose digit the model finds. */
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

/** The forward pass: fills in the activations of the hidden layer and the probability of each digit. */
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
    // Four pixels in five are background.
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

/** The backward pass: adds one example's gradient to that of its batch. `hidden` and `errors` are room to work in. */
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
  // The derivative of the cross entropy by what went into the softmax.
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
    // From here on the unit's error, which nothing else needs the activation for.
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

/** The model as it travels: 32-bit floating point numbers, little-endian as on every platform in use. */
export function modelToBytes(model: Float32Array): Uint8Array {
  return new Uint8Array(model.slice().buffer)
}

/** @throws {Error} where the bytes are no model of this shape. */
export function modelFromBytes(bytes: Uint8Array): Float32Array {
  if (bytes.length !== 4 * PARAMETERS) throw new Error(`a model is ${4 * PARAMETERS} bytes long`)
  return new Float32Array(bytes.slice().buffer)
}
