import { CONSISTENCY_BYTES, consistencyCheck } from '../../shamir/index.js'
import type { RecoveredSecret, SecretRecovery } from './recover-secrets.js'
import { type Budget, comparingCost, consistencyCost, placeCost, valueCost } from './work.js'
import type { Misfits } from './wrong-shares.js'

/** What it takes to look for wrong shares. */
interface Means {
  readonly threshold: number
  readonly budget: Budget
  randomBytes(length: number): Uint8Array
}

/** An owner whose shares are looked at. */
interface Looked {
  readonly secret: RecoveredSecret
  /** The shares that the secret was computed from. */
  readonly taken: readonly Uint8Array[]
  /** All shares, with wrong ones replaced by what they should be, as far as they are found. */
  readonly shares: Uint8Array[]
  /** The holders of those that are found. */
  readonly off: number[]
}

/**
 * The shares that do not lie on the polynomials from which their owners' secrets came, for owners whose secret did not
 * come out at once, as far as the budget lasts. Holders with shares that are known or suspected to be wrong are looked at
 * one by one and all others together, so that one who lies to everybody is found out at little cost. Where the others do
 * not all fit, they are looked at one by one as well, after everything else.
 */
export async function findMisfits(
  { recovered, trusted }: SecretRecovery,
  means: Means,
): Promise<readonly Misfits[]> {
  const { budget, threshold } = means
  const found: Misfits[] = []
  const report = ({ secret: { held }, off }: Looked): void => {
    const holders = off.sort((a, b) => a - b)
    found.push({ owner: held.owner, holders, fitting: held.shares.length - holders.length })
  }
  const unclear: { readonly looked: Looked; readonly rest: readonly number[] }[] = []
  for (const group of groupsOf([...recovered.values()].filter(({ atOnce }) => !atOnce))) {
    const { choice, held, wrong } = group[0]!
    const { holders } = held.layout
    const chosen = new Set(choice.indices)
    const others = [...holders.keys()].filter((index) => !chosen.has(index))
    const isDoubtful = (index: number): boolean => {
      return trusted.isSuspected(holders[index]!) || wrong.has(holders[index]!)
    }
    const doubtful = others.filter(isDoubtful)
    const rest = others.filter((index) => !isDoubtful(index))

    const setup = doubtful.length * placeCost(threshold) + comparingCost(threshold, others.length)
    const each = doubtful.length * valueCost(threshold) + consistencyCost(held.layout.field, holders.length)
    const looked = group.slice(0, Math.max(Math.floor((budget.left - setup) / each), 0)).map(lookedAt)
    if (looked.length === 0) continue
    await budget.spend(setup)
    for (const index of doubtful) await lookAt(index, looked, valueCost(threshold), budget)
    const isConsistent = consistencyOf(group[0]!, others, means)
    for (const owner of looked) {
      await budget.spend(consistencyCost(held.layout.field, holders.length))
      if (isConsistent(owner)) report(owner)
      else unclear.push({ looked: owner, rest })
    }
  }
  for (const { looked, rest } of unclear) {
    const each = valueCost(threshold) + placeCost(threshold)
    if (budget.left < rest.length * each) continue
    for (const index of rest) await lookAt(index, [looked], each, budget)
    report(looked)
  }
  return found.sort((a, b) => a.owner - b.owner)
}

function lookedAt(secret: RecoveredSecret): Looked {
  const { shares } = secret.held
  const taken = secret.choice.indices.map((index) => shares[index]!)
  return { secret, taken, shares: [...shares], off: [] }
}

/** Compares the shares of one holder with what they should be. */
async function lookAt(index: number, owners: readonly Looked[], cost: number, budget: Budget): Promise<void> {
  const { choice, held } = owners[0]!.secret
  const expectedOf = choice.through.at(held.layout.coordinates[index]!)
  for (const { taken, shares, off } of owners) {
    await budget.spend(cost)
    const expected = expectedOf(taken)
    if (expected.every((byte, at) => byte === shares[index]![at])) continue
    shares[index] = expected
    off.push(held.layout.holders[index]!)
  }
}

/** Tells whether all shares of an owner are right, but for those that were replaced. */
function consistencyOf(
  { choice, held }: RecoveredSecret,
  others: readonly number[],
  { randomBytes }: Means,
): (owner: Looked) => boolean {
  const { field, coordinates } = held.layout
  const places = others.map((index) => coordinates[index]!)
  const random = randomBytes(CONSISTENCY_BYTES * places.length)
  const isConsistent = consistencyCheck(field, choice.through, places, random)
  return ({ taken, shares }) => {
    return isConsistent(
      taken,
      others.map((index) => shares[index]!),
    )
  }
}

/** Those with shares of the same holders, computed from the same ones and without the same wrong ones, together. */
function groupsOf(secrets: readonly RecoveredSecret[]): readonly (readonly RecoveredSecret[])[] {
  const groups: RecoveredSecret[][] = []
  const known = new Map<unknown, RecoveredSecret[][]>()
  for (const secret of secrets) {
    const { choice, held, wrong } = secret
    const alike = known.get(held.layout) ?? []
    known.set(held.layout, alike)
    const group = alike.find(([one]) => one!.choice.key === choice.key && one!.wrong === wrong)
    if (group !== undefined) {
      group.push(secret)
      continue
    }
    const made = [secret]
    alike.push(made)
    groups.push(made)
  }
  // Preparations cost the same for a few owners as for many.
  return groups.sort((a, b) => b.length - a.length)
}
