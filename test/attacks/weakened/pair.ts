import type { CohortOptions } from '../../support/cohort.js'
import { CHOSEN, type Lies } from '../lying-server.js'
import { withChoices } from './choices.js'

// A draw that leads to the sum of two clients where one check is missing.

/**
 * Clients 0 and 1 hold each other's shares. Both also have 2 and 3, which are corrupt, and 4, 5, 6 and 7. E1 and E2 hold on
 * this graph: no client has more than two corrupt holders, and no seven clients have five holders each among themselves
 * and the corrupt ones.
 */
export function pair(more: Partial<CohortOptions> = {}): CohortOptions {
  return withChoices({ ...CHOSEN, seed: 3, ...more }, (seat) => {
    if (seat <= 1)
      return (holders) => [1 - seat, 2, 3, 4, 5, 6, 7].every((holder) => holders.includes(holder))
    if (seat === 6 || seat === 7) return (holders) => !holders.includes(13 - seat)
    return undefined
  })
}

export const TARGETS: readonly number[] = [0, 1]
export const ABSENT: readonly number[] = [4, 5]

/**
 * The server tells the two that 4 and 5 are absent, so that they do not mask with them. It calls 6 and 7 dead, to get the
 * masks with them, and needs 4 and 5 for the b of the two: five of the holders have to reveal it.
 */
export const APART: Lies = {
  helpers: [2, 3],
  inU2: (to, neighbors) =>
    TARGETS.includes(to) ? neighbors.filter((other) => [0, 1, 2, 3, 6, 7].includes(other)) : neighbors,
  alive: (_, owners) => owners.filter((owner) => owner !== 6 && owner !== 7),
}
