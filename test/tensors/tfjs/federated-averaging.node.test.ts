import * as tf from '@tensorflow/tfjs'
import { createRoundConfig, defaultCrypto, type RoundParameters } from 'secagg'
import {
  createFixedPoint,
  createWeightedMean,
  decodeWeighted,
  encodeWeighted,
  encodingContext,
} from 'secagg/fixed-point'
import {
  createManifest,
  flatten,
  manifestBytes,
  manifestOf,
  type PlainTensor,
  unflatten,
} from 'secagg/tensors'
import { beforeAll, expect, test } from 'vitest'
import { isWithin } from '../../fixed-point/support.js'
import { runCohort } from '../../support/cohort.js'
import { type Random, randomOf } from '../../support/seeded.js'

/** A client's examples: points of a square, and whether their two coordinates have the same sign. */
interface Examples {
  readonly points: tf.Tensor2D
  readonly labels: tf.Tensor2D
}

const CLIENTS = 7
const PHASES = 5
/** How many messages each client sends before it vanishes, by round. Whoever sends 3 is in the sum. */
const STAGES = [
  [9, 9, 9, 9, 9, 9, 9],
  [9, 9, 1, 9, 9, 9, 9],
  [9, 0, 9, 9, 9, 2, 9],
  [3, 9, 9, 9, 9, 9, 3],
  [9, 9, 9, 2, 9, 3, 9],
]
const SURVIVORS = [
  [0, 1, 2, 3, 4, 5, 6],
  [0, 1, 3, 4, 5, 6],
  [0, 2, 3, 4, 6],
  [0, 1, 2, 3, 4, 5, 6],
  [0, 1, 2, 4, 5, 6],
]

beforeAll(async () => {
  tf.enableProdMode() // otherwise it prints a greeting
  await tf.setBackend('cpu')
})

test('clients train a network of tfjs by federated averaging, some dropping out in every round', async () => {
  const random = randomOf(40)
  const clients = Array.from({ length: CLIENTS }, (_, seat) => drawExamples(20 + 15 * seat, random))
  const weights = clients.map(({ points }) => points.shape[0])
  const everybody = {
    points: tf.concat(clients.map(({ points }) => points)),
    labels: tf.concat(clients.map(({ labels }) => labels)),
  }
  const model = network(8)
  const crypto = await defaultCrypto()
  const losses = [lossOf(model, everybody)]

  for (let round = 0; round < PHASES; round++) {
    const received = await download(weightsOf(model))
    const encoding = createFixedPoint({ clip: 2, bitsPerValue: 20, clients: CLIENTS, maximumWeight: 200 })
    const sessionId = random.bytes(32)
    // Each party computes this from its own copy of the model: the server's, or the one that a client received.
    const agreementOn = (tensors: Parameters<typeof manifestOf>[0]) => {
      const manifest = manifestOf(tensors)
      const task = createWeightedMean(manifest.length, encoding)
      const parameters: RoundParameters = {
        sessionId,
        clients: CLIENTS,
        adversary: 'honest-but-curious',
        segments: task.segments,
        context: { manifest: manifestBytes(manifest), encoding: encodingContext(encoding) },
      }
      return { manifest, task, parameters }
    }

    const updates: Float32Array[] = []
    const inputs = clients.map((examples, seat) => {
      const { manifest, task } = agreementOn(received)
      const trained = trainLocally(model, received, examples)
      const before = flatten(received, manifest)
      const update = flatten(trained, manifest).map((value, index) => value - before[index]!) as Float32Array
      updates.push(update)
      const { input, clipped } = encodeWeighted(update, weights[seat]!, task, { randomBytes: random.bytes })
      expect(clipped).toMatchObject({ count: 0, excess: 0 })
      return input
    })

    const { manifest, task, parameters } = agreementOn(weightsOf(model))
    const { outcome } = await runCohort({
      ...parameters,
      crypto,
      inputs,
      clientOptions: () => ({ config: createRoundConfig(agreementOn(received).parameters) }),
      stages: STAGES[round]!,
    })
    const { survivors } = outcome!.report
    expect(survivors).toEqual(SURVIVORS[round])
    const { mean, totalWeight } = decodeWeighted(outcome!.sum, survivors.length, task)
    expect(totalWeight).toBe(survivors.reduce((sum, seat) => sum + weights[seat]!, 0))
    const inTheClear = (index: number) =>
      survivors.map((seat) => ({ value: updates[seat]![index]!, weight: weights[seat]! }))
    const wrong = mean.findIndex((value, index) => !isWithin(encoding.errorBound, value, inTheClear(index)))
    expect(wrong).toBe(-1)

    const old = flatten(received, manifest)
    load(
      model,
      unflatten(
        mean.map((change, index) => old[index]! + change),
        manifest,
      ),
    )
    losses.push(lossOf(model, everybody))
  }

  for (let round = 1; round <= PHASES; round++) expect(losses[round]).toBeLessThan(losses[round - 1]!)
  expect(losses[PHASES]).toBeLessThan(losses[0]! / 2)
})

test('a network of another size is refused, and so are integers', () => {
  const manifest = manifestOf(weightsOf(network(8)))
  expect(manifest.tensors.map(({ name }) => name)).toEqual([
    'hidden/bias',
    'hidden/kernel',
    'output/bias',
    'output/kernel',
  ])
  expect(() => flatten(weightsOf(network(9)), manifest)).toThrow(
    'tensor "hidden/bias" has shape [9], not [8]',
  )
  const steps = { steps: tf.tensor1d([1, 2, 3], 'int32') }
  expect(() => manifestOf(steps)).toThrow(expect.objectContaining({ got: 'int32' }))
  expect(() => flatten(steps, createManifest({ steps: [3] }))).toThrow(
    expect.objectContaining({ got: 'int32' }),
  )
})

test('if two models within a model have layers of the same name, no parameter is silently lost', () => {
  const nested = (names: readonly [string, string]) => {
    const inner = names.map((name) => {
      const model = tf.sequential()
      model.add(tf.layers.dense({ name, inputShape: [4], units: 4 }))
      model.add(tf.layers.batchNormalization({ name: `${name}-norm` }))
      return model
    })
    const whole = tf.sequential()
    whole.add(inner[0]!)
    whole.add(inner[1]!)
    return whole
  }
  const parameters = 2 * (4 * 4 + 4 + 4 * 4)
  const alike = nested(['dense', 'dense'])
  expect(alike.countParams()).toBe(parameters)
  const named = ({ weights }: tf.LayersModel) =>
    weights.map((weight) => [weight.originalName, weight.read()] as const)
  // A record has lost one of the two before the library can see it.
  expect(manifestOf(Object.fromEntries(named(alike))).length).toBe(parameters / 2)
  expect(() => manifestOf(named(alike))).toThrow('two tensors have the name "dense/kernel"')

  const different = nested(['encoder', 'decoder'])
  expect(manifestOf(named(different)).length).toBe(parameters)
  // From the layers' variables, without reading their numbers.
  const described = different.weights.map((weight) => [weight.originalName, weight] as const)
  expect(manifestOf(described)).toEqual(manifestOf(named(different)))
})

function network(units: number): tf.Sequential {
  const kernelInitializer = (seed: number) => tf.initializers.glorotUniform({ seed })
  return tf.sequential({
    layers: [
      tf.layers.dense({
        name: 'hidden',
        inputShape: [2],
        units,
        activation: 'tanh',
        kernelInitializer: kernelInitializer(3),
      }),
      tf.layers.dense({
        name: 'output',
        units: 1,
        activation: 'sigmoid',
        kernelInitializer: kernelInitializer(4),
      }),
    ],
  })
}

function weightsOf(model: tf.LayersModel): Record<string, tf.Tensor> {
  // A number is appended to `name` if the process has created another model with such layers.
  return Object.fromEntries(model.weights.map((variable) => [variable.originalName, variable.read()]))
}

/** Copies, as a client gets them. They are read asynchronously, which is necessary for tensors on a GPU. */
async function download(tensors: Record<string, tf.Tensor>): Promise<Record<string, PlainTensor>> {
  const copies = Object.entries(tensors).map(async ([name, tensor]): Promise<[string, PlainTensor]> => {
    const data = (await tensor.data<'float32'>()).slice()
    return [name, { shape: [...tensor.shape], data }]
  })
  return Object.fromEntries(await Promise.all(copies))
}

function load(model: tf.LayersModel, tensors: Readonly<Record<string, PlainTensor>>): void {
  for (const variable of model.weights) {
    const { shape, data } = tensors[variable.originalName]!
    tf.tidy(() => {
      variable.write(tf.tensor(data, shape))
    })
  }
}

/** The weights after a few epochs of training on the client's examples. */
function trainLocally(
  model: tf.Sequential,
  received: Readonly<Record<string, PlainTensor>>,
  examples: Examples,
): Record<string, tf.Tensor> {
  load(model, received)
  const optimizer = tf.train.sgd(0.8)
  for (let epoch = 0; epoch < 40; epoch++) {
    optimizer.minimize(() => meanSquaredError(model, examples))
  }
  return weightsOf(model)
}

function meanSquaredError(model: tf.Sequential, { points, labels }: Examples): tf.Scalar {
  return tf.losses.meanSquaredError(labels, model.apply(points) as tf.Tensor)
}

function lossOf(model: tf.Sequential, examples: Examples): number {
  return tf.tidy(() => meanSquaredError(model, examples).dataSync()[0]!)
}

function drawExamples(count: number, random: Random): Examples {
  const points = Array.from({ length: count }, () => [
    random.below(2001) / 1000 - 1,
    random.below(2001) / 1000 - 1,
  ])
  return {
    points: tf.tensor2d(points),
    labels: tf.tensor2d(points.map(([x, y]) => [x! * y! > 0 ? 1 : 0])),
  }
}
