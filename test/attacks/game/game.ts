import { randomOf } from '../../support/seeded.js'
import { leaked, summed } from './algebra.js'
import { answer, emptyPlan, type Plan } from './clients.js'
import { boundOf, type Draw, draw, isClosed } from './draw.js'
import { ALL_RULES, type Rules, type Variant } from './rules.js'
import { members, type Seats } from './seats.js'
import { plan } from './server.js'

// Random lying servers against the rules. The claim: if E1 and E2 hold on the graph, then at most one sum comes out,
// with at least max(⌊n/2⌋ + 1, h) honest inputs. Where E1 alone holds, a step of the argument is checked: nothing comes
// out but sums of closed sets, in which each member has t holders in the set or among the corrupt.

/** How many plans the server tries on each graph. */
const PLANS = 20

export interface Break {
  readonly game: number
  readonly why: string
  readonly draw: Draw
  readonly plan: Plan
  /** What comes out: a basis of combinations, one coefficient per seat. */
  readonly sums: readonly (readonly number[])[]
}

export interface Tally {
  games: number
  /** Games that were played: the events that the variant names hold. */
  played: number
  /** Games in which E1 and E2 hold, so that the claim says something. */
  claimed: number
  plans: number
  /** Plans in games with a claim that made clients reveal a sum, and those whose sum is as small as the claim allows. */
  withSum: number
  smallest: number
  /** Games in which E1 holds but not E2, so that the server can see a small sum, and those in which it did. */
  open: number
  opened: number
  found: Break | undefined
}

export interface GameOptions {
  readonly seed: number
  readonly games: number
  readonly variant: Variant
}

/** Plays until a break is found, or all games are over. */
export function play({ seed, games, variant }: GameOptions): Tally {
  const rules = { ...ALL_RULES, ...variant.rules }
  const counts = { games: 0, played: 0, claimed: 0, plans: 0, withSum: 0, smallest: 0, open: 0, opened: 0 }
  const tally: Tally = { ...counts, found: undefined }
  while (tally.games < games && tally.found === undefined) {
    playOne(seed, tally.games++, rules, variant, tally)
  }
  return tally
}

function playOne(seed: number, game: number, rules: Rules, variant: Variant, tally: Tally): void {
  const random = randomOf(seed * 2 ** 32 + game)
  const { margin = '2t > k + c', clones = false, given = ['e1', 'e2'], judged = 'claim' } = variant
  const setting = draw(random, { margin, clones })
  if (!given.every((event) => setting[event])) return
  const claimed = setting.e1 && setting.e2
  tally.played++
  if (claimed) tally.claimed++
  if (setting.e1 && !setting.e2) {
    tally.open++
    if (seesClosed(setting, rules)) tally.opened++
  }
  for (let tried = 0; tried < PLANS; tried++) {
    const made = plan(random, setting, rules)
    tally.plans++
    const sums = leaked(setting, answer(setting, rules, made))
    if (claimed && sums.length > 0) tally.withSum++
    if (claimed && sums.some((sum) => sizeOf(sum) === boundOf(setting) + 1)) tally.smallest++
    const why = complaint(setting, sums, judged)
    if (why === undefined) continue
    tally.found = { game, why, draw: setting, plan: made, sums }
    return
  }
}

/** What is wrong with what came out; undefined if it is as claimed. */
export function complaint(
  setting: Draw,
  sums: readonly (readonly number[])[],
  judged: NonNullable<Variant['judged']>,
): string | undefined {
  const { corrupt, threshold, holders } = setting
  const bound = boundOf(setting)
  const closed = (sum: readonly number[]): boolean => {
    const set = summed(sum)
    return set !== undefined && isClosed(set, corrupt, threshold, holders)
  }
  if (judged !== 'claim') {
    const open = sums.filter((sum) => !closed(sum))
    if (judged === 'argument' && open.length > 0) return 'a sum of a set that is not closed came out'
    const small = open.find((sum) => sizeOf(sum) <= bound)
    if (small !== undefined) return `a sum of ${sizeOf(small)} inputs came out, of a set that is not closed`
    if (judged === 'closed sets' || !setting.e2) return
  }
  const sizes = sums.map(sizeOf)
  if (sizes.some((size) => size <= bound)) {
    return `a sum of ${Math.min(...sizes)} inputs came out, where more than ${bound} are claimed`
  }
  if (sums.length > 1) return `${sums.length} sums came out`
  if (sums.some((sum) => summed(sum) === undefined)) return 'a combination that is not a sum came out'
}

/** How many inputs a combination has. */
function sizeOf(sum: readonly number[]): number {
  return sum.filter((coefficient) => coefficient !== 0).length
}

/** Shows the members of a closed set only each other and the corrupt clients. The claim cannot be stronger than this. */
function seesClosed(setting: Draw, rules: Rules): boolean {
  const { closed } = setting
  const made = emptyPlan(setting.n)
  made.inU2.fill(closed | setting.corrupt)
  made.alive.fill(closed)
  made.aliveLater.fill(closed)
  return leaked(setting, answer(setting, rules, made)).some((sum) => summed(sum) === closed)
}

/** A break as text: everything that is needed to follow it by hand. */
export function describe({ game, why, draw, plan, sums }: Break): string {
  const set = (seats: Seats): string => `{${members(seats).join(' ')}}`
  const clients = members(draw.honest).map((u) => {
    const drew = draw.holders[u]!
    const parts = [`client ${u} drew ${set(drew)}`, `was shown ${set(plan.inU2[u]! & ~(1 << u))}`]
    const owners = members(draw.honest).filter((v) => draw.holders[v]! & (1 << u))
    parts.push(`was told that of ${set(owners.reduce((all, v) => all | (1 << v), 0))}`)
    parts.push(`${set(owners.reduce((all, v) => all | (plan.alive[u]! & (1 << v)), 0))} live`)
    return `  ${parts.join(', ')}`
  })
  return [
    `game ${game}: ${why}`,
    `  n = ${draw.n}, k = ${draw.k}, t = ${draw.threshold}, h = ${draw.minimumHonest}, corrupt ${set(draw.corrupt)}`,
    ...clients,
    ...sums.map((sum) => `  comes out: ${sum.map((x, u) => (x === 0 ? '' : `${x}·x${u} `)).join('')}`),
  ].join('\n')
}
