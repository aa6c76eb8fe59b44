import { leastThreshold } from 'secagg'
import { type Examples, splitUnevenly } from './data.js'
import { type Dropouts, planDropouts, plannedSurvivors } from './dropouts.js'
import { accuracyOf, initialModel, PARAMETERS, type TrainingOptions, trainLocally } from './model.js'
import { applyMean, chooseQuantization, type Quantization, quantize, type WeightedSum } from './quantize.js'
import { SeededRandom } from './random.js'

/** What the training consists of. The same setup gives the same training, bit for bit. */
export interface Setup {
  readonly clients: number
  readonly rounds: number
  readonly seed: number
  readonly training: Examples
  readonly test: Examples
  readonly local: TrainingOptions
  /** See {@link Quantization}. */
  readonly clip: number
}

/** One round's work for whoever sums the updates. */
export interface AggregationTask {
  readonly clients: number
  readonly model: Float32Array
  readonly quantization: Quantization
  readonly dropouts: Dropouts
  /** What the client at `seat` makes of the model that it was sent, and from how many examples. */
  trainClient(seat: number, model: Float32Array): { readonly update: Float32Array; readonly weight: number }
}

/** A way to sum the updates of those who have not dropped out: by the protocol, or in the clear. */
export type Aggregate = (task: AggregationTask) => Promise<Aggregated>

export interface Aggregated {
  readonly sum: WeightedSum
  /** Whose updates are in the sum, ascending. */
  readonly survivors: readonly number[]
  /** Bytes of each client that stayed to the end; only where messages were sent. */
  readonly traffic?: readonly { readonly up: number; readonly down: number }[]
  readonly specimen?: Specimen | undefined
}

/** A few numbers of one client's vector, as the client holds them and as the server gets them. */
export interface Specimen {
  readonly seat: number
  /** The parameter that the first of them belongs to. */
  readonly from: number
  readonly held: readonly number[]
  readonly sent: readonly number[]
}

/** A finished round of training. */
export interface TrainedRound extends Aggregated {
  /** From 1 on. */
  readonly round: number
  readonly dropouts: Dropouts
  readonly quantization: Quantization
  /** The model after the round. */
  readonly model: Float32Array
  /** Of that model, on the test examples. */
  readonly accuracy: number
  /** All in all, the clients' training, and the test included. */
  readonly seconds: number
  /** Of these, the clients' training, one after the other. */
  readonly trainingSeconds: number
}

/** The default of `createRoundConfig`. */
export function thresholdOf(clients: number): number {
  return leastThreshold({ clients, adversary: 'active' })
}

/** The examples of each client, and how their updates become whole numbers. */
export function prepare({ clients, training, seed, clip }: Setup): {
  readonly parts: readonly Uint32Array[]
  readonly quantization: Quantization
} {
  const parts = splitUnevenly(training, clients, new SeededRandom(seed, 'split'))
  // In earnest a number agreed on beforehand; whoever has more examples trains on that many of them.
  const largest = Math.max(...parts.map(({ length }) => length))
  return { parts, quantization: chooseQuantization(clients, largest, clip) }
}

/** Federated averaging (McMahan et al. 2017), round by round. */
export async function* train(setup: Setup, aggregate: Aggregate): AsyncGenerator<TrainedRound, void> {
  const { clients, rounds, seed, training, test, local } = setup
  const { parts, quantization } = prepare(setup)
  let model = initialModel(new SeededRandom(seed, 'model'))
  for (let round = 1; round <= rounds; round++) {
    const start = performance.now()
    let trainingTime = 0
    const trainClient: AggregationTask['trainClient'] = (seat, received) => {
      const before = performance.now()
      const random = new SeededRandom(seed, `training of ${seat} in ${round}`)
      const trained = trainLocally(received, training, parts[seat]!, local, random)
      trainingTime += performance.now() - before
      return { update: trained.map((value, i) => value - received[i]!), weight: parts[seat]!.length }
    }
    const random = new SeededRandom(seed, `dropouts in ${round}`)
    const dropouts = planDropouts(clients, thresholdOf(clients), round, random)
    const aggregated = await aggregate({ clients, model, quantization, dropouts, trainClient })
    model = applyMean(model, aggregated.sum, quantization)
    const accuracy = accuracyOf(model, test)
    const seconds = (performance.now() - start) / 1000
    const trainingSeconds = trainingTime / 1000
    yield { ...aggregated, round, dropouts, quantization, model, accuracy, seconds, trainingSeconds }
  }
}

/** Sums in plain integer arithmetic, everything known to everybody: what secure aggregation has to equal. */
export const sumInTheClear: Aggregate = async ({ clients, dropouts, model, quantization, trainClient }) => {
  const survivors = plannedSurvivors(clients, dropouts)
  // Whole numbers below 2^32 in magnitude, which 64-bit floating point numbers add exactly.
  const weighted = new Float64Array(PARAMETERS)
  let totalWeight = 0
  let totalClipped = 0
  for (const seat of survivors) {
    const { update, weight } = trainClient(seat, model)
    const { levels, clipped } = quantize(update, quantization)
    levels.forEach((level, index) => {
      weighted[index]! += level * weight
    })
    totalWeight += weight
    totalClipped += clipped
  }
  return { sum: { weighted, weight: totalWeight, clipped: totalClipped }, survivors }
}
