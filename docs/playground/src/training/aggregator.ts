import { defaultCrypto, ed25519Verifier, type PhaseName, ServerSession, type Vector } from 'secagg'
import { decodeOutcome, type FinishedRound, openRound, type RoundPlan } from 'secagg/federated'
import { packedLength, unpackVector } from 'secagg/vector'
import { type Dropouts, takesPart } from '../../../examples/mnist/dropouts.js'
import { modelToBytes } from '../../../examples/mnist/model.js'
import type { Aggregated, AggregationTask, Aggregator } from '../../../examples/mnist/training.js'
import type { ClientWorkers } from './workers.js'

/** Called when something happens in a round. */
export interface Watcher {
  onPhase(phase: PhaseName, dropouts: Dropouts): void
  onAnswer(seat: number, phase: PhaseName): void
}

/** What the page shows about a round in addition to its result. */
export interface SeenRound {
  /** Milliseconds of training in the worker that trained longest. */
  readonly training: number
  readonly traffic: readonly { readonly up: number; readonly down: number }[]
  /** One client's masked update, as the server received it. */
  readonly masked: Vector
}

/** The server's side of the training: sums the updates that the clients in the workers send. */
export class WorkerAggregator implements Aggregator {
  readonly plan: RoundPlan
  seen: SeenRound | undefined
  readonly #workers: ClientWorkers
  readonly #workerOf: (seat: number) => number
  readonly #drops: boolean
  readonly #watcher: Watcher
  #number = 0

  constructor(
    plan: RoundPlan,
    workers: ClientWorkers,
    options: {
      readonly workerOf: (seat: number) => number
      readonly drops: boolean
      readonly watcher: Watcher
    },
  ) {
    this.plan = plan
    this.#workers = workers
    this.#workerOf = options.workerOf
    this.#drops = options.drops
    this.#watcher = options.watcher
  }

  // A property, because `train` calls it without the object.
  readonly aggregate = async (task: AggregationTask): Promise<Aggregated> => {
    const dropouts: Dropouts = this.#drops ? task.dropouts : new Map()
    const crypto = await defaultCrypto()
    const sessionId = crypto.randomBytes(32)
    const model = modelToBytes(task.model)
    this.#workers.openRound(++this.#number, sessionId, model)
    const round = openRound(this.plan, { sessionId, context: { model } })
    const { publicKeys } = this.#workers
    const verifyIdentity = ed25519Verifier((seat) => publicKeys[seat], crypto.ed25519)
    const server = new ServerSession({ config: round.config, crypto, verifyIdentity })
    const outcome = await this.#run(server, dropouts)
    const result = decodeOutcome(outcome, round)
    // Only the clients know whether they clipped.
    return { sum: outcome.sum, result, clipped: 0, traffic: this.seen!.traffic }
  }

  async #run(server: ServerSession, dropouts: Dropouts): Promise<FinishedRound> {
    const { clients } = this.plan.task
    const traffic = Array.from({ length: clients }, () => ({ up: 0, down: 0 }))
    const training: number[] = []
    let masked: Vector | undefined
    let messages = new Map<number, Uint8Array | undefined>(traffic.map((_, seat) => [seat, undefined]))
    for (;;) {
      const open = server.phase!
      this.#watcher.onPhase(open, dropouts)
      const inbox = [...messages].filter(([seat]) => takesPart(dropouts, seat, open))
      await Promise.all(
        inbox.map(async ([seat, message]) => {
          const answer = await this.#workers.ask(seat, message)
          traffic[seat]!.down += message?.length ?? 0
          traffic[seat]!.up += answer.bytes.length
          const worker = this.#workerOf(seat)
          training[worker] = (training[worker] ?? 0) + answer.training
          const receipt = await server.receive(seat, answer.bytes)
          if (receipt.status === 'refused') throw receipt.error
          if (open === 'masked-input') masked ??= this.#read(answer.bytes)
          this.#watcher.onAnswer(seat, open)
        }),
      )
      const outcome = await server.closePhase()
      if (outcome.done) {
        const stayed = traffic.filter((_, seat) => !dropouts.has(seat))
        this.seen = { training: Math.max(...training.filter(Boolean)), traffic: stayed, masked: masked! }
        return outcome
      }
      messages = new Map(outcome.messages)
    }
  }

  #read(message: Uint8Array): Vector {
    const { segments } = this.plan
    return unpackVector(message.slice(-packedLength(segments)), segments)
  }
}
