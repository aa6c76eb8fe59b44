import { leaked } from './algebra.js'
import { answer, emptyPlan } from './clients.js'
import { judge } from './draw.js'
import { type Break, complaint } from './game.js'
import { ALL_RULES, type Rules } from './rules.js'
import { count, everySeat, has, members, type Seats } from './seats.js'

// All plans of a server on all graphs of a size, where these are few enough. Each client is shown each of its honest
// neighbors or not, and hears of each owner that it is shown whether it is alive. Corrupt clients help with all they
// have. Forged messages are left out: with all rules, clients refuse them.

export interface Size {
  readonly n: number
  /** The corrupt clients are those with the highest seats. */
  readonly corrupt: number
  readonly k: number
  readonly threshold: number
}

/** Sizes at which this takes seconds. */
export const SMALL_SIZES: readonly Size[] = [
  { n: 4, corrupt: 1, k: 2, threshold: 2 },
  { n: 4, corrupt: 1, k: 3, threshold: 3 },
  { n: 5, corrupt: 1, k: 4, threshold: 3 },
  { n: 5, corrupt: 1, k: 4, threshold: 4 },
]

export interface Exhausted {
  graphs: number
  /** Graphs on which E1 and E2 hold. */
  claimed: number
  plans: number
  withSum: number
  found: Break | undefined
}

/** One thing that the server tells `to` about `about`; only a holder hears of life and death. */
interface Choice {
  readonly to: number
  readonly about: number
  readonly holder: boolean
}

export function exhaust({ n, corrupt, k, threshold }: Size, rules: Partial<Rules> = {}): Exhausted {
  const everybody = everySeat(n)
  const bad = everybody & ~everySeat(n - corrupt)
  const result: Exhausted = { graphs: 0, claimed: 0, plans: 0, withSum: 0, found: undefined }
  const checked = { ...ALL_RULES, ...rules }
  const holders = new Array<Seats>(n).fill(0)
  drawFrom(0)
  return result

  function drawFrom(seat: number): void {
    if (seat === n - corrupt) {
      playOn()
      return
    }
    for (let set = everybody; set > 0 && result.found === undefined; set--) {
      if (count(set) !== k || has(set, seat)) continue
      holders[seat] = set
      drawFrom(seat + 1)
    }
  }

  function playOn(): void {
    const parts = { n, k, threshold, holders: [...holders], abandoned: [] }
    const draw = judge(parts, bad, bad, (closed) => Math.max(1, count(closed)))
    result.graphs++
    if (!draw.e1) return
    if (draw.e2) result.claimed++
    const choices: Choice[] = []
    for (const to of members(draw.honest)) {
      for (const about of members(draw.honest & ~(1 << to))) {
        const holder = has(holders[about]!, to)
        if (holder || has(holders[to]!, about)) choices.push({ to, about, holder })
      }
    }
    const plan = emptyPlan(n)
    plan.inU2.fill(bad)
    tell(0)

    function tell(index: number): void {
      if (result.found !== undefined) return
      const choice = choices[index]
      if (choice === undefined) {
        result.plans++
        const sums = leaked(draw, answer(draw, checked, plan))
        if (sums.length > 0) result.withSum++
        const why = complaint(draw, sums, 'argument')
        if (why !== undefined) {
          result.found = { game: result.plans, why, draw, plan: structuredClone(plan), sums }
        }
        return
      }
      const { to, about, holder } = choice
      tell(index + 1)
      plan.inU2[to]! |= 1 << about
      tell(index + 1)
      if (holder) {
        plan.alive[to]! |= 1 << about
        tell(index + 1)
        plan.alive[to]! &= ~(1 << about)
      }
      plan.inU2[to]! &= ~(1 << about)
    }
  }
}
