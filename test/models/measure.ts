import { nextPlan, planRound, type RoundTask } from 'secagg/federated'
import { sumDirectly } from '../federated/direct-sum.js'
import type { Tensors } from './model.js'
import { type Kind, type PlainUpdate, updateOf } from './updates.js'

const CLIENTS = 8
/** The rounds after which no tensor may be lost, and how many rounds are then measured. */
const ROUNDS = 5
const MEASURED = 3
/** A tensor whose mean is off by more than this fraction of its largest value is lost. */
export const LOST = 0.02

/** How far the mean is off. */
export interface Errors {
  /** The largest error of a value, divided by the largest value of its tensor in the exact means; of the worst tensor. */
  readonly worst: number
  readonly worstName: string
  /** The names of tensors for which this is above 2 %. */
  readonly lost: readonly string[]
  /** Whether the results name all of these as coarse. */
  readonly areNamed: boolean
}

export interface Measured {
  /** The largest value of all tensors, divided by that of the tensor whose largest value is the smallest. */
  readonly spread: number
  /** With one clip for all tensors, at the largest value of any client. */
  readonly before: Errors
  /** With a clip for each tensor that began there, after five rounds of `nextPlan`. */
  readonly after: Errors
}

const failures: Omit<RoundTask, 'tensors' | 'clip'> = {
  clients: CLIENTS,
  adversary: 'honest-but-curious',
  dropoutFraction: 0,
  corruptFraction: 0.1,
}

export function measure(model: Tensors, kind: Kind): Measured {
  const tensors = Object.fromEntries([...model].map(([name, { shape }]) => [name, [...shape]]))
  const updates = (round: number): PlainUpdate[] =>
    Array.from({ length: CLIENTS }, (_, seat) => updateOf(model, kind, round, seat))
  const first = updates(0)
  const clip = Math.max(
    ...first.flatMap((update) => Object.values(update).map(({ data }) => largestOf(data))),
  )
  const task = { ...failures, tensors }
  const before = new Means()
  const fixed = planRound({ ...task, clip })
  before.add(sumDirectly(fixed, first), first)

  const clips = Object.fromEntries([...model.keys()].map((name) => [name, clip]))
  let plan = planRound({ ...task, clip: clips, adaptiveClip: {} })
  const after = new Means()
  for (let round = 0; round < ROUNDS + MEASURED; round++) {
    const sent = round === 0 ? first : updates(round)
    const result = sumDirectly(plan, sent, { seed: round + 1 })
    // Of several rounds, since the mean of a tensor with a single value is close to 0 in some.
    if (round >= ROUNDS) after.add(result, sent)
    plan = nextPlan(plan, result)
  }
  const sizes = [...model.values()].map(({ data }) => largestOf(data))
  return { spread: Math.max(...sizes) / Math.min(...sizes), before: before.errors(), after: after.errors() }
}

/** The parts of a round's result that are compared. */
interface Averaged {
  readonly tensors: Readonly<Record<string, { readonly data: ArrayLike<number> }>>
  readonly coarse: readonly string[]
}

/** Compares means with the exact ones. */
class Means {
  readonly #tensors = new Map<string, { largest: number; error: number }>()
  readonly #coarse = new Set<string>()

  add({ tensors, coarse }: Averaged, updates: readonly PlainUpdate[]): void {
    for (const name of coarse) this.#coarse.add(name)
    for (const [name, { data }] of Object.entries(tensors)) {
      let { largest, error } = this.#tensors.get(name) ?? { largest: 0, error: 0 }
      for (let i = 0; i < data.length; i++) {
        let exact = 0
        for (const update of updates) exact += update[name]!.data[i]!
        exact /= updates.length
        largest = Math.max(largest, Math.abs(exact))
        error = Math.max(error, Math.abs(exact - data[i]!))
      }
      this.#tensors.set(name, { largest, error })
    }
  }

  errors(): Errors {
    const relative = [...this.#tensors].map(([name, { largest, error }]) => [name, error / largest] as const)
    const [worstName, worst] = relative.reduce((most, each) => (each[1] > most[1] ? each : most))
    const lost = relative.filter(([, error]) => error > LOST).map(([name]) => name)
    return { worst, worstName, lost, areNamed: lost.every((name) => this.#coarse.has(name)) }
  }
}

export function largestOf(data: Float32Array): number {
  let largest = 0
  for (const value of data) largest = Math.max(largest, Math.abs(value))
  return largest
}
