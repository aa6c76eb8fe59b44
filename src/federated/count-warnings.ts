import type { PlanNumbers } from './round-plan.js'

/** Warnings about what travels with the values: the fractions that move clips, and the counts of contributors. */
export function countWarnings(plan: PlanNumbers): string[] {
  return [...noisyFractions(plan), ...highMinimum(plan), ...noisyCounts(plan)]
}

/** `nextPlan` averages over the rounds. A fraction is from 0 to 1, so more noise than half of that hides what it says. */
function noisyFractions({ privacy }: PlanNumbers): string[] {
  const { fractionStandardDeviation = 0, rounds = 1 } = privacy ?? {}
  const averaged = fractionStandardDeviation / Math.sqrt(rounds)
  if (averaged <= 0.5) return []
  return [
    `The clips will follow noise rather than the updates: the fractions within them have noise with a standard deviation of ` +
      `${rounded(fractionStandardDeviation)}, or ${rounded(averaged)} averaged over all rounds. More clients, ` +
      'a larger ε or a larger share of adaptiveClip would help.',
  ]
}

function highMinimum({ task: { contributions }, minimumCohort }: PlanNumbers): string[] {
  if (contributions === undefined || contributions.minimum <= minimumCohort) return []
  return [
    `If only the minimum cohort of ${minimumCohort} is left, every element is withheld: contributions need ` +
      `${contributions.minimum} clients.`,
  ]
}

/** With this much noise, more than 2 % of the elements without contributors are not withheld. */
function noisyCounts({ task: { contributions }, privacy }: PlanNumbers): string[] {
  const deviation = privacy?.countStandardDeviation
  if (contributions === undefined || deviation === undefined || 2 * deviation <= contributions.minimum)
    return []
  return [
    `Noise decides which elements are withheld: the counts have noise with a standard deviation of ${rounded(deviation)}, ` +
      `and the minimum is ${contributions.minimum}. A larger minimum, ` +
      'a smaller perClient or a larger ε would help.',
  ]
}

function rounded(value: number): number {
  return Number(value.toPrecision(3))
}
