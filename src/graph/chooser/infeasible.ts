import { type SecAggError, usageError } from '../../errors.js'
import { type Cohort, MAXIMUM_CLIENTS, partOf } from './assumptions.js'
import { completeThreshold } from './bounds.js'
import { choiceFor, dropoutWeight, isBearable, MAXIMUM_LOAD, maximumDropouts } from './neighborhood.js'

/** Why no graph does for `cohort`, and what would: each piece of advice has been tried. */
export function infeasible(cohort: Cohort): SecAggError {
  const advice = [lessDropouts(cohort), moreClients(cohort)].filter((text) => text !== undefined)
  const remedy = advice.length === 0 ? 'corruptFraction must be lower' : advice.join(', and so would ')
  return usageError('invalid-configuration', `${reason(cohort)}; ${remedy}`)
}

function reason(cohort: Cohort): string {
  const { clients, corruptClients, dropouts, corruptFraction, dropoutFraction, adversary } = cohort
  if (!isBearable(cohort)) {
    const weight = dropoutWeight(cohort)
    const load = Number((corruptFraction + weight * dropoutFraction).toPrecision(6))
    const term = weight === 1 ? 'dropoutFraction' : 'twice dropoutFraction'
    return `corruptFraction and ${term} add up to ${load}, more than ${MAXIMUM_LOAD}`
  }
  const threshold = completeThreshold(clients, corruptClients, adversary)
  const complete =
    `the complete graph needs a threshold of ${threshold} where ${corruptClients} of ${clients} clients may be ` +
    `corrupt (${adversary}), but only ${clients - dropouts} stay where ${dropouts} drop out`
  return adversary === 'active'
    ? complete
    : `no sparse graph has a threshold both safe and reachable, and ${complete}`
}

function lessDropouts(cohort: Cohort): string | undefined {
  const { clients, corruptFraction } = cohort
  if (!isBearable({ ...cohort, dropoutFraction: 0 })) return undefined
  const bearable = Math.max(MAXIMUM_LOAD - corruptFraction, 0) / dropoutWeight(cohort)
  const most = maximumDropouts(cohort, Math.min(partOf(clients, bearable), cohort.dropouts))
  if (most === 0) return 'a dropoutFraction of 0 would do'
  return `a dropoutFraction of at most ${fractionFor(most, cohort)} (${most} clients) would do`
}

/** The shortest decimal fraction that stands for `dropouts` clients and is bearable. */
function fractionFor(dropouts: number, cohort: Cohort): number {
  for (let scale = 10; scale <= 1e12; scale *= 10) {
    const dropoutFraction = Math.ceil((dropouts / cohort.clients) * scale - 1e-3) / scale
    const stands = partOf(cohort.clients, dropoutFraction) === dropouts
    if (stands && isBearable({ ...cohort, dropoutFraction })) return dropoutFraction
  }
  return dropouts / cohort.clients
}

/**
 * A number of clients that would do. Whether one does is not monotone in n, so this is not always the least; it is
 * bracketed to one part in 256 of the first power of two times n that does.
 */
function moreClients(cohort: Cohort): string | undefined {
  if (!isBearable(cohort)) return undefined
  const does = (clients: number): boolean => {
    const corruptClients = partOf(clients, cohort.corruptFraction)
    const dropouts = partOf(clients, cohort.dropoutFraction)
    return choiceFor({ ...cohort, clients, corruptClients, dropouts }) !== undefined
  }
  let low = cohort.clients
  let high = low * 2
  while (high <= MAXIMUM_CLIENTS && !does(high)) {
    low = high
    high *= 2
  }
  if (high > MAXIMUM_CLIENTS) return undefined
  for (const precision = high / 256; high - low > Math.max(precision, 1); ) {
    const middle = Math.floor((low + high) / 2)
    if (does(middle)) high = middle
    else low = middle
  }
  return `${high} clients at the same fractions`
}
