import { decodeOutcome, encodeUpdate, openRound, type RoundPlan } from 'secagg/federated'
import { addInto, createVector } from 'secagg/vector'
import { plannedSurvivors } from './dropouts.js'
import type { Aggregator } from './training.js'

/** Sums the same whole numbers in the clear. Secure aggregation must give the same result. */
export function sumInTheClear(plan: RoundPlan): Aggregator {
  const round = openRound(plan, { sessionId: new Uint8Array(16) })
  return {
    plan,
    aggregate: async ({ dropouts, model, trainClient }) => {
      const survivors = plannedSurvivors(plan.task.clients, dropouts)
      const sum = createVector(plan.segments)
      let clippedClients = 0
      for (const seat of survivors) {
        const { update, examples } = trainClient(seat, model)
        const { input, clipped } = encodeUpdate(update, examples, round)
        addInto(sum, input.vector, plan.segments)
        if (clipped) clippedClients++
      }
      const outcome = { sum, configHash: round.config.hash, report: { survivors } }
      return { sum, result: decodeOutcome(outcome, round), clipped: clippedClients }
    },
  }
}
