import { nextPlan, planRound, type RoundPlan, type RoundTask } from 'secagg/federated'
import { sumDirectly } from '../federated/direct-sum.js'
import type { Tensors } from './model.js'
import { type Kind, type PlainUpdate, updateOf } from './updates.js'

const CLIENTS = 8
const ROUNDS = 5
/** A tensor whose mean is off by more than this fraction of its largest value is lost. */
export const LOST = 0.02

/** How far the mean of one round is off. */
export interface Errors {
  /** The largest error of a value, divided by the largest value of its tensor in the exact mean; of the worst tensor. */
  readonly worst: number
  readonly worstName: string
  /** The names of tensors for which this is above 2 %. */
  readonly lost: readonly string[]
  /** Whether the result of the round names all of these as coarse. */
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
  const before = errorsOf(planRound({ ...task, clip }), first, 1)

  const clips = Object.fromEntries([...model.keys()].map((name) => [name, clip]))
  let plan = planRound({ ...task, clip: clips, adaptiveClip: {} })
  for (let round = 0; round < ROUNDS; round++) {
    plan = nextPlan(plan, sumDirectly(plan, updates(round), { seed: round + 1 }))
  }
  const after = errorsOf(plan, updates(ROUNDS), ROUNDS + 1)
  const sizes = [...model.values()].map(({ data }) => largestOf(data))
  return { spread: Math.max(...sizes) / Math.min(...sizes), before, after }
}

function errorsOf(plan: RoundPlan, updates: readonly PlainUpdate[], seed: number): Errors {
  const { tensors, coarse } = sumDirectly(plan, updates, { seed })
  let [worst, worstName] = [0, '']
  const lost: string[] = []
  for (const [name, { data }] of Object.entries(tensors)) {
    let [largest, error] = [0, 0]
    for (let i = 0; i < data.length; i++) {
      let exact = 0
      for (const update of updates) exact += update[name]!.data[i]!
      exact /= updates.length
      largest = Math.max(largest, Math.abs(exact))
      error = Math.max(error, Math.abs(exact - data[i]!))
    }
    const relative = error / largest
    if (relative > worst) [worst, worstName] = [relative, name]
    if (relative > LOST) lost.push(name)
  }
  return { worst, worstName, lost, areNamed: lost.every((name) => coarse.includes(name)) }
}

export function largestOf(data: Float32Array): number {
  let largest = 0
  for (const value of data) largest = Math.max(largest, Math.abs(value))
  return largest
}
