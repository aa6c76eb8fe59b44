import type { Random } from '../../support/seeded.js'
import { emptyPlan, type Plan } from './clients.js'
import type { Draw } from './draw.js'
import type { Rules } from './rules.js'
import { anyOf, chance, count, everySeat, has, members, type Seats, some, subset } from './seats.js'

// How the lying server plays: at random, around a goal. It picks a small set of targets whose sum it would like to
// see, and calls the rest bystanders or victims. Bystanders are to reveal shares, victims are to lose their keys, so
// that their masks come off the targets' inputs. Each game has its own mixture of what every group is shown and told,
// down to plain noise, so that plans that no one has thought of are played as well.

interface Groups {
  readonly targets: Seats
  readonly victims: Seats
  readonly bystanders: Seats
}

/** How the holders of a client are divided into those that are told it is alive and those that are told it is dead. */
type Division = 'alive' | 'dead' | 'just alive' | 'just dead' | 'any'

export function plan(random: Random, draw: Draw, rules: Rules): Plan {
  const { n, honest, corrupt } = draw
  const everybody = everySeat(n)
  const made = emptyPlan(n)
  // Where a statement can be made up, bystanders that the targets have not masked with can reveal their shares.
  const forgesChoices = rules.seedSigned === 'statement' || rules.seedSigned === 'neither'
  const unmasked = (rules.included !== 'signed' || forgesChoices) && chance(random, 0.6)
  const groups = unmasked ? bestGroups(random, draw) : divide(random, draw)
  const noise = !unmasked && chance(random, 0.3) ? random.below(30) / 100 : 0

  // Who is shown to whom.
  const shown = {
    victims: unmasked ? 1 : random.pick([0, 0.5, 1, 1]),
    bystanders: unmasked ? 0 : random.pick([0, 0, 0.3, 1]),
    targets: random.pick([0.5, 1, 1, 1]),
  }
  const outside = random.pick([0.7, 1, 1, 1])
  for (const u of members(honest)) {
    let view = corrupt
    if (has(groups.targets, u)) {
      view |= groups.targets | some(random, groups.victims, shown.victims)
      view |= some(random, groups.bystanders, shown.bystanders)
      if (rules.enoughHolders) view = fill(random, draw, u, view, groups.victims)
    } else {
      view |= some(random, groups.targets, shown.targets)
      view |= some(random, groups.victims | groups.bystanders, outside)
    }
    made.inU2[u] = flip(random, view, honest, noise)
    if (chance(random, 0.05)) made.inU1[u] = some(random, everybody, 0.9)
    if (!rules.maskedOnce) made.inU2Again[u] = some(random, everybody, random.pick([0.5, 0.8, 1]))
  }

  // Who is alive, to whom.
  const division: Record<keyof Groups, Division> = unmasked
    ? { targets: 'alive', victims: 'dead', bystanders: 'alive' }
    : {
        targets: random.pick(['alive', 'alive', 'alive', 'just alive', 'just dead']),
        victims: random.pick(['dead', 'just alive', 'just dead', 'any']),
        bystanders: random.pick(['alive', 'alive', 'alive', 'just alive', 'dead', 'any']),
      }
  const fewer = random.pick([0, 0, 1, 2, draw.k])
  for (const v of members(honest)) {
    const holding = draw.holders[v]! | (rules.shareholders === 'drawn' ? 0 : drewWhom(draw, v))
    for (const w of members(living(random, draw, holding & honest, division[groupOf(groups, v)], fewer))) {
      made.alive[w]! |= 1 << v
    }
  }
  for (const w of members(honest)) made.alive[w] = flip(random, made.alive[w]!, honest, noise)

  // What a client that checks everything would refuse, and what one that keeps its word would ignore.
  if (!rules.decidedOnce) {
    for (const w of members(honest)) {
      made.aliveLater[w] = made.alive[w]!
      if (chance(random, 0.7)) made.alive[w] = everybody
    }
  }
  if (!rules.drawnOnce) {
    const probability = random.pick([0.5, 0.8, 1])
    for (const v of members(honest)) showOldRun(random, draw, made, v, probability)
  }
  const often = (checked: boolean): number => (checked ? 0.01 : 0.4)
  if (chance(random, often(rules.keysSigned))) {
    for (const u of members(honest)) made.replacedKeys[u] = some(random, honest & ~(1 << u), 0.2)
  }
  if (chance(random, often(!forgesChoices))) {
    for (const u of members(honest)) {
      made.forgedChoice[u] = unmasked
        ? members(honest).reduce((set, v) => (has(made.inU2[v]!, u) ? set : set | (1 << v)), 0)
        : some(random, honest & ~(1 << u), random.pick([0.2, 0.5, 1]))
      made.hidden[u] = some(random, made.forgedChoice[u]!, random.pick([0, 0, 0.5]))
    }
  }
  return made
}

/** Targets near each other in the graph, or the smallest closed set; the rest are victims and bystanders. */
function divide(random: Random, { n, honest, holders, closed, corrupt }: Draw): Groups {
  if (honest === 0) return { targets: 0, victims: 0, bystanders: 0 }
  let targets = anyOf(random, honest)
  const size = 1 + random.below(random.pick([1, 3, n]))
  for (let more = size - 1; more > 0; more--) {
    const near = members(targets).reduce((set, u) => set | holders[u]!, 0) & honest & ~targets
    const far = honest & ~targets
    if (far === 0) break
    targets |= anyOf(random, near !== 0 && chance(random, 0.8) ? near : far)
  }
  if ((closed & ~corrupt) !== 0 && chance(random, 0.2)) targets = closed & ~corrupt
  const victims = some(random, honest & ~targets, random.pick([0, 0.2, 0.5, 0.8, 1]))
  return { targets, victims, bystanders: honest & ~targets & ~victims }
}

/** Of several divisions, the one in which most targets and victims have the holders that the server would need. */
function bestGroups(random: Random, draw: Draw): Groups {
  const { holders, threshold, corrupt } = draw
  const enough = (seats: Seats, helpers: Seats): number =>
    members(seats).filter((u) => count(holders[u]! & (helpers | corrupt)) >= threshold).length
  let best = divide(random, draw)
  let most = -1
  for (let tries = 0; tries < 30; tries++) {
    const groups = divide(random, draw)
    const { targets, victims, bystanders } = groups
    // Their b comes from bystanders, and they need not be shown any; the keys of victims come from all others.
    const met =
      enough(targets, targets | bystanders) +
      enough(targets, targets | victims) +
      enough(victims, targets | bystanders)
    const share = met / (2 * count(targets) + count(victims))
    if (share <= most) continue
    most = share
    best = groups
  }
  return best
}

function groupOf({ targets, victims }: Groups, seat: number): keyof Groups {
  return has(targets, seat) ? 'targets' : has(victims, seat) ? 'victims' : 'bystanders'
}

/** The view, with as many more holders as u needs not to stop: those preferred first. */
function fill(random: Random, draw: Draw, u: number, view: Seats, preferred: Seats): Seats {
  const holders = draw.holders[u]!
  const missing = (): number => Math.max(0, draw.threshold - count(holders & view))
  let filled = view | subset(random, holders & preferred & ~view, missing())
  const left = Math.max(0, draw.threshold - count(holders & filled))
  filled |= subset(random, holders & ~filled, left)
  return filled
}

/** Of the honest holders of a client, those that are told it is alive. */
function living(random: Random, draw: Draw, holding: Seats, division: Division, fewer: number): Seats {
  if (division === 'alive') return holding
  if (division === 'dead') return 0
  if (division === 'any') return some(random, holding, 0.5)
  const enough = Math.max(0, draw.threshold - draw.corruptHolders - fewer)
  if (division === 'just alive') return subset(random, holding, enough)
  return holding & ~subset(random, holding, Math.max(0, draw.threshold - draw.corruptHolders))
}

/** Shows the crashed run of v to some of those that held its shares then; they hear that v is dead. */
function showOldRun(random: Random, { honest, abandoned }: Draw, made: Plan, v: number, probability: number) {
  for (const w of members(some(random, abandoned[v]! & honest, probability))) made.oldRun[w]! |= 1 << v
}

function drewWhom({ n, holders }: Draw, v: number): Seats {
  let seats = 0
  for (let w = 0; w < n; w++) if (has(holders[w]!, v)) seats |= 1 << w
  return seats
}

/** Each of `among` changes sides with the given probability. */
function flip(random: Random, set: Seats, among: Seats, probability: number): Seats {
  return probability === 0 ? set : set ^ some(random, among, probability)
}
