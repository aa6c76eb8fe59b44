import { checkPlan, openRound, type PlanRequirements, planRound, type RoundTask } from 'secagg/federated'
import { privateTask, task } from '../../federated/support.js'
import { Choices } from '../choices.js'
import { edited, parsed } from '../json.js'
import { ensure, type FuzzTarget, outcomeOf } from '../target.js'

const sparse: RoundTask = {
  ...task,
  clients: 200,
  adversary: 'honest-but-curious',
  graph: 'sparse',
  statisticalSecurity: 20,
  corruptFraction: 0.05,
  dropoutFraction: 0.1,
}
const flat: RoundTask = { ...privateTask, adversary: 'honest-but-curious', length: 100, tensors: undefined }

/** All parts that are about groups of tensors. */
const grouped: RoundTask = {
  ...task,
  tensors: { 'dense/kernel': [8, 4], 'dense/bias': { shape: [2], dtype: 'float16' }, counter: [1] },
  clip: { 'dense/*': 0.5, '*': 2 },
  adaptiveClip: { quantile: 0.9 },
  contributions: { minimum: 2 },
  nonNegative: ['*bias'],
  exclude: ['dense/kernel'],
}
const privatelyGrouped: RoundTask = {
  ...privateTask,
  privacy: { ...privateTask.privacy!, clipNorm: { '*bias': 0.5, '*': 2 } },
  adaptiveClip: { share: 0.1 },
  contributions: { minimum: 2, perClient: 5 },
}

/** Plans as they travel, whole and their tasks alone. */
const BASES: readonly unknown[] = [task, privateTask, sparse, flat, grouped, privatelyGrouped].flatMap(
  (each) => {
    const plan = JSON.parse(JSON.stringify(planRound(each)))
    return [plan, plan.task]
  },
)

const REQUIREMENTS: PlanRequirements = { minimumCohort: 2, corruptFraction: 0, statisticalSecurity: 1 }

/** What a server may send as a plan: one with edits, or any JSON. A plan that is taken opens a round of its size. */
export const plans: FuzzTarget = {
  name: 'plans',
  sync: true,
  weight: 2,
  maximumLength: 4096,
  *seeds() {
    for (const [index, base] of BASES.entries()) {
      yield Uint8Array.of(0, index)
      for (let part = 0; part < 20; part++) yield Uint8Array.of(0, index, 1, part, 1, 1, part)
      for (let part = 0; part < 20; part++) yield Uint8Array.of(0, index, 2, 0, part, 1, 1, part)
      yield Uint8Array.of(1, ...new TextEncoder().encode(JSON.stringify(base)))
    }
  },
  run: (data) => {
    const choices = new Choices(data)
    const isText = choices.below(2) === 1
    const received = isText ? parsed(choices.rest()) : edited(choices.pick(BASES), choices, false)
    const outcome = outcomeOf(() => checkPlan(received, REQUIREMENTS))
    if ('error' in outcome) {
      ensure(outcome.error.fault === 'server', 'a bad plan is the server’s fault')
      return
    }
    const plan = outcome.value
    const { config } = openRound(plan, { sessionId: new Uint8Array(16) })
    ensure(config.minimumCohort === plan.minimumCohort, 'a round is not as planned')
    const again = checkPlan(JSON.parse(JSON.stringify(plan)), REQUIREMENTS)
    ensure(JSON.stringify(again) === JSON.stringify(plan), 'a plan that travels stays the same')
  },
}
