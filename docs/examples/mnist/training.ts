import type { FinishedRound, RoundMean, RoundPlan } from 'secagg/federated'
import { type Dropouts, planDropouts } from './dropouts.js'
import { type Examples, splitUnevenly } from './examples.js'
import { accuracyOf, initialModel, type TrainingOptions, trainLocally } from './model.js'
import { SeededRandom } from './random.js'

/** Everything that determines the training. Without noise, the same setup gives the same training, bit for bit. */
export interface Setup {
  readonly clients: number
  readonly rounds: number
  readonly seed: number
  readonly training: Examples
  readonly test: Examples
  readonly local: TrainingOptions
}

/** What an aggregator needs in one round. */
export interface AggregationTask {
  readonly model: Float32Array
  readonly dropouts: Dropouts
  /** Trains the model that the client at `seat` has received. Returns the update, and the number of examples. */
  trainClient(seat: number, model: Float32Array): { readonly update: Float32Array; readonly examples: number }
}

/** A way to sum the updates of the clients that have not dropped out: by the protocol, or in the clear. */
export interface Aggregator {
  readonly plan: RoundPlan
  aggregate(task: AggregationTask): Promise<Aggregated>
}

export interface Aggregated {
  readonly sum: FinishedRound['sum']
  readonly result: RoundMean
  /** How many survivors clipped their update. The server does not learn this; here, all parties are in one process. */
  readonly clipped: number
  /** Bytes sent and received by each client that stayed to the end. Missing for sums in the clear. */
  readonly traffic?: readonly { readonly up: number; readonly down: number }[]
  readonly specimen?: Specimen | undefined
}

/** A few numbers of one client's vector, as the client holds them and as the server receives them. */
export interface Specimen {
  readonly seat: number
  /** The index of the first of these elements. */
  readonly from: number
  readonly held: readonly number[]
  readonly sent: readonly number[]
}

/** A finished round of training. */
export interface TrainedRound extends Aggregated {
  /** Rounds are counted from 1. */
  readonly round: number
  readonly dropouts: Dropouts
  /** The model after the round. */
  readonly model: Float32Array
  /** The accuracy of that model on the test examples. */
  readonly accuracy: number
  /** The time of the whole round, including training and test. */
  readonly seconds: number
  /** The time of the clients' training, one after the other. */
  readonly trainingSeconds: number
}

/** The examples of each client. */
export function partsOf({ clients, training, seed }: Setup): readonly Uint32Array[] {
  return splitUnevenly(training, clients, new SeededRandom(seed, 'split'))
}

/** The largest number of examples of a client. In production, this is a limit that everybody has agreed on. */
export function largestPart(setup: Setup): number {
  return Math.max(...partsOf(setup).map(({ length }) => length))
}

/** Federated averaging (McMahan et al. 2017), round by round. */
export async function* train(
  setup: Setup,
  { plan, aggregate }: Aggregator,
): AsyncGenerator<TrainedRound, void> {
  const { clients, rounds, seed, training, test, local } = setup
  const parts = partsOf(setup)
  let model = initialModel(new SeededRandom(seed, 'model'))
  for (let round = 1; round <= rounds; round++) {
    const start = performance.now()
    let trainingTime = 0
    const trainClient: AggregationTask['trainClient'] = (seat, received) => {
      const before = performance.now()
      const random = new SeededRandom(seed, `training of ${seat} in ${round}`)
      const trained = trainLocally(received, training, parts[seat]!, local, random)
      trainingTime += performance.now() - before
      return { update: trained.map((value, i) => value - received[i]!), examples: parts[seat]!.length }
    }
    const random = new SeededRandom(seed, `dropouts in ${round}`)
    const dropouts = planDropouts(clients, plan.dropouts, round, random)
    const aggregated = await aggregate({ model, dropouts, trainClient })
    const { mean } = aggregated.result
    model = model.map((value, index) => value + mean[index]!)
    const accuracy = accuracyOf(model, test)
    const seconds = (performance.now() - start) / 1000
    const trainingSeconds = trainingTime / 1000
    yield { ...aggregated, round, dropouts, model, accuracy, seconds, trainingSeconds }
  }
}
