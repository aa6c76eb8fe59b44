import { type PlanRequirements, planRound, type RoundPlan } from 'secagg/federated'
import { PARAMETERS } from './model.js'

const CORRUPT_FRACTION = 0.1
const DELTA = 1e-5

/** The server's plan for weighted means. The sums are exact. */
export function planExactly(clients: number, maximumWeight: number): RoundPlan {
  return planRound({
    length: PARAMETERS,
    clients,
    adversary: 'active',
    dropoutFraction: 0.2,
    corruptFraction: CORRUPT_FRACTION,
    clip: 0.5,
    bitsPerValue: 15,
    maximumWeight,
    // Stochastic rounding would be better, but the second training must give the same sums.
    rounding: 'nearest',
  })
}

/** The server's plan for means with differential privacy, in which all clients have the same weight. */
export function planPrivately(clients: number, epsilon: number, rounds: number): RoundPlan {
  return planRound({
    length: PARAMETERS,
    clients,
    adversary: 'active',
    dropoutFraction: 0.2,
    corruptFraction: CORRUPT_FRACTION,
    privacy: { epsilon, delta: DELTA, rounds, clipNorm: 1 },
  })
}

/** What a client requires of every plan. */
export function requirementsOf({ clients, rounds, epsilon }: Wishes): PlanRequirements {
  return {
    minimumCohort: Math.ceil((2 * clients) / 3),
    corruptFraction: CORRUPT_FRACTION,
    adversary: 'active',
    ...(epsilon !== undefined && {
      privacy: { maximumEpsilon: epsilon, maximumDelta: DELTA, rounds },
    }),
  }
}

interface Wishes {
  readonly clients: number
  readonly rounds: number
  readonly epsilon?: number
}
