import type { Draw } from './draw.js'
import type { Rules } from './rules.js'
import { count, everySeat, has, members, type Seats } from './seats.js'

// What honest clients say to a server that follows a plan. Cryptography is ideal here: signatures and MACs cannot be
// forged, ciphertexts open for the right seat only, and t shares give a secret while fewer give nothing. Corrupt
// clients are part of the server. They help with all they have, at any time, and their own inputs are not modeled.
//
// Since the server knows the whole graph from the start, it gains nothing from deciding late: a plan has all that it
// tells each client. Only forged acknowledgements depend on what was revealed before; they are tried until nothing new
// comes out. What is not modeled: parties that stop for lack of messages (the server may simply not use an answer),
// grinding over many rounds or restarts (which E1 and E2 count as probabilities), sizes, time and slices.

/** What the server tells each honest client, indexed by seat. */
export interface Plan {
  /** The neighbors that are said to be in U1. */
  readonly inU1: Seats[]
  /** The neighbors that are said to be in U2. */
  readonly inU2: Seats[]
  /** The neighbors that are said to be in U2 after the client has resumed. */
  readonly inU2Again: Seats[]
  /** The owners that are said to be alive; all others are dead. */
  readonly alive: Seats[]
  /** The owners that are said to be alive when shares are to be revealed. */
  readonly aliveLater: Seats[]
  /** The seats whose keys are replaced by keys of the server's. */
  readonly replacedKeys: Seats[]
  /** The seats whose choice of holders is forged. */
  readonly forgedChoice: Seats[]
  /** Those of them whose forged choice leaves the client out. */
  readonly hidden: Seats[]
  /** The owners of which the client is shown the run that crashed, with its choice and ciphertexts. */
  readonly oldRun: Seats[]
}

/** A plan that shows all neighbors in U1 and none in U2, and that forges nothing. */
export function emptyPlan(n: number): Plan {
  const none = (): Seats[] => new Array<Seats>(n).fill(0)
  return {
    inU1: new Array<Seats>(n).fill(everySeat(n)),
    inU2: none(),
    inU2Again: none(),
    alive: none(),
    aliveLater: none(),
    replacedKeys: none(),
    forgedChoice: none(),
    hidden: none(),
    oldRun: none(),
  }
}

/** What the server has when all clients have answered. */
export interface Answers {
  /** The seats with which each client has masked, for each of its masked vectors. */
  readonly masked: readonly { readonly seat: number; readonly neighbors: Seats }[]
  /** Whose b and whose sk can be reconstructed. */
  readonly knownB: Seats
  readonly knownS: Seats
  /** The seats whose keys the server has replaced, by the client that uses them. */
  readonly replacedKeys: readonly Seats[]
}

export function answer(draw: Draw, rules: Rules, plan: Plan): Answers {
  const { n, threshold, holders, honest, corrupt, abandoned } = draw
  const seats = members(honest)
  const owners = new Array<Seats>(n).fill(0)
  const inU2 = new Array<Seats>(n).fill(0)
  const sealed = new Array<Seats>(n).fill(0)
  const shareholders = new Array<Seats>(n).fill(0)
  const masked: { seat: number; neighbors: Seats }[] = []
  let uploaded = 0
  // For a client with replaced keys, the server is the peer.
  const helpers = plan.replacedKeys.map((replaced) => corrupt | replaced)

  // Phases 0 to 2: keys and choices, shares, masked vectors.
  const drewMe = new Array<Seats>(n).fill(0)
  for (let v = 0; v < n; v++) {
    for (let left = holders[v]!; left !== 0; left &= left - 1)
      drewMe[31 - Math.clz32(left & -left)]! |= 1 << v
  }
  for (const u of seats) {
    const forged = plan.forgedChoice[u]! & honest
    const seedChecked = rules.seedSigned === 'both' || rules.seedSigned === 'keys'
    if ((forged !== 0 && seedChecked) || (plan.replacedKeys[u] !== 0 && rules.keysSigned)) continue
    let owned = (drewMe[u]! & ~forged) | (forged & ~plan.hidden[u]!)
    if (!rules.drawnOnce) {
      for (let left = plan.oldRun[u]! & honest; left !== 0; left &= left - 1) {
        const owner = 31 - Math.clz32(left & -left)
        owned = has(abandoned[owner]!, u) ? owned | (1 << owner) : owned & ~(1 << owner)
      }
    }
    owned &= ~(1 << u)
    const neighbors = holders[u]! | owned
    const inU1 = plan.inU1[u]! & neighbors
    const told = plan.inU2[u]! & inU1
    shareholders[u] = rules.shareholders === 'drawn' ? holders[u]! : neighbors
    sealed[u] = shareholders[u]! & inU1
    if (rules.enoughHolders && count(holders[u]! & told) < threshold) continue
    uploaded |= 1 << u
    inU2[u] = told
    owners[u] = (rules.shareholders === 'drawn' ? owned : neighbors) & told & honest
    masked.push({ seat: u, neighbors: told })
    if (!rules.maskedOnce) masked.push({ seat: u, neighbors: plan.inU2Again[u]! & inU1 })
  }

  // Phase 3: each holder divides its owners into living and dead, and acknowledges the living.
  const living = new Array<Seats>(n).fill(0)
  const acknowledgedBy = new Array<Seats>(n).fill(0)
  const livingBy = new Array<Seats>(n).fill(0)
  const deadBy = new Array<Seats>(n).fill(0)
  const deadByOfOldRun = new Array<Seats>(n).fill(0)
  const holdersThatDivide = members(uploaded)
  for (const w of holdersThatDivide) {
    for (let left = owners[w]!; left !== 0; left &= left - 1) {
      const bit = left & -left
      const v = 31 - Math.clz32(bit)
      const old = !rules.drawnOnce && has(plan.oldRun[w]!, v)
      const holds = old ? has(abandoned[v]!, w) : has(sealed[v]!, w)
      if (rules.opened && !holds) owners[w]! &= ~bit
      else if (mayLive(w, v, old)) {
        if (has(plan.alive[w]!, v)) {
          living[w]! |= bit
          acknowledgedBy[v]! |= 1 << w
        }
        // A client that does not keep its division takes the later one.
        if (has(rules.decidedOnce ? plan.alive[w]! : plan.aliveLater[w]!, v)) livingBy[v]! |= 1 << w
        else if (holds) deadBy[v]! |= 1 << w
      } else if (old) deadByOfOldRun[v]! |= 1 << w
      else if (holds) deadBy[v]! |= 1 << w
    }
  }

  // Phase 4, until nothing new comes out.
  let [ready, knownB, knownS] = [0, 0, 0]
  for (let before = -1; before !== ready + knownS; ) {
    before = ready + knownS
    for (const u of holdersThatDivide) if (hasAcknowledgements(u)) ready |= 1 << u
    for (const v of seats) {
      const helping = helpers[v]! & sealed[v]!
      if (count((livingBy[v]! & ready & sealed[v]!) | helping) >= threshold) knownB |= 1 << v
      const revealing = rules.bothWait ? ready : uploaded
      const oldHelpers = rules.drawnOnce ? 0 : corrupt & abandoned[v]!
      if (
        count((deadBy[v]! & revealing) | helping) >= threshold ||
        count((deadByOfOldRun[v]! & revealing) | oldHelpers) >= threshold
      ) {
        knownS |= 1 << v
      }
    }
  }
  return { masked, knownB, knownS, replacedKeys: plan.replacedKeys }

  /** Whether w would believe that v is alive: v must have said that it has masked with w. */
  function mayLive(w: number, v: number, old: boolean): boolean {
    if (rules.included !== 'signed') return true
    if (!has(uploaded, v) || old) return false
    if (!has(plan.forgedChoice[w]!, v)) return has(inU2[v]!, w)
    // The statement has bits for holders in the order of the seed. Where no signature covers the seed, the server
    // picks one that puts w at the place of a holder with which v has masked.
    return rules.seedSigned === 'neither' && (inU2[v]! & holders[v]!) !== 0
  }

  function hasAcknowledgements(u: number): boolean {
    if (rules.acknowledgements === 'none') return true
    let signers = acknowledgedBy[u]!
    // The acknowledgement of u for z, sent back to u as that of z for u.
    if (!rules.directed) signers |= living[u]!
    if (rules.counted === 'holders') signers = (signers | helpers[u]!) & holders[u]!
    else signers |= helpers[u]!
    if (rules.acknowledgementKey === 'masking') {
      signers |= has(knownS, u) ? holders[u]! : holders[u]! & knownS
    }
    return (rules.distinct ? count(signers) : signers === 0 ? 0 : draw.n) >= needed()
  }

  function needed(): number {
    if (rules.acknowledgements === 'one fewer') return threshold - 1
    if (rules.acknowledgements === 'enough') return draw.k - threshold + draw.corruptHolders + 1
    return threshold
  }
}
