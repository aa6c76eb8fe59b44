import { type PlanRequirements, planRound, type RoundPlan } from 'secagg/federated'
import { PARAMETERS } from './model.js'

const CORRUPT_FRACTION = 0.1
const DELTA = 1e-5

/** What the server plans: weighted means, exact to the last bit of a sum. */
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
    // Stochastic rounding is better; but here a second training has to give the same sums.
    rounding: 'nearest',
  })
}

/** The same under differential privacy, where all clients count the same. */
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

/** What a client asks for, whatever the server plans. */
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
