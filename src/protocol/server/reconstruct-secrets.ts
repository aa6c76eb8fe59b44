import { equalBytes } from '../../crypto/bytes.js'
import { graphOf } from '../../graph/index.js'
import { type Field, fieldFor, reconstruct } from '../../shamir/index.js'
import type { Seated } from '../../wire/index.js'
import { blameNobody, violation } from '../blame.js'
import type { ServerCapabilities } from '../capabilities.js'
import { requireState } from '../checks.js'
import { commitToSelfMask } from '../keys.js'
import type { ServerUnmasked, ServerUnmasking } from './states.js'
import { type AcceptedUnmasking, requireAnswers } from './unmask.js'

const ROUND = 'unmasking'

/** Shares of one owner, each with its holder, ascending. */
interface HeldShares {
  readonly holders: number[]
  readonly shares: Uint8Array[]
}

/**
 * Ends round 4: reconstructs b of every survivor and s^SK of every client of U2 that dropped out. Each secret is checked
 * against what its owner published, so a wrong share never leads to a wrong sum.
 *
 * @throws {SecAggError} `too-few-clients` where fewer than t have answered; `too-few-shares`, naming the owner in
 *   `concerning`, where fewer than t of them hold a share; `wrong-share`, naming the owner likewise, where the shares
 *   give another secret than the owner's. Which of the shares is wrong, or whether the owner made them so, the error
 *   does not say.
 */
export async function reconstructSecrets(
  state: ServerUnmasking,
  accepted: readonly AcceptedUnmasking[],
  { crypto }: Pick<ServerCapabilities, 'crypto'>,
): Promise<{ state: ServerUnmasked }> {
  requireState(state, 'server-unmasking')
  const { config, graph, clients, survivors } = state
  const secrets = interpolate(state, requireAnswers(state, accepted))
  const survived = new Set(survivors)
  const selfMasks: Seated<Uint8Array>[] = []
  const maskKeys: Seated<Uint8Array>[] = []
  for (const { seat, maskKey, commitment } of clients) {
    const value = secrets.get(seat)!
    if (survived.has(seat)) {
      const committed = await commitToSelfMask(config, crypto, value, seat)
      if (!equalBytes(committed, commitment)) throw wrongShare(seat, 'commitment')
      selfMasks.push({ seat, value })
    } else {
      if (!equalBytes(await crypto.x25519.publicKey(value), maskKey)) throw wrongShare(seat, 'public key')
      maskKeys.push({ seat, value })
    }
  }
  return { state: { state: 'server-unmasked', config, graph, clients, survivors, selfMasks, maskKeys } }
}

/**
 * The secret that each owner of U2 shared, from the first t answers that have a share of it. Owners whose shares lie
 * with the same holders are reconstructed together.
 */
function interpolate(
  { config, graph: drawn, clients }: ServerUnmasking,
  answers: readonly AcceptedUnmasking[],
): ReadonlyMap<number, Uint8Array> {
  const held = new Map(clients.map(({ seat }): [number, HeldShares] => [seat, { holders: [], shares: [] }]))
  for (const { seat: holder, shares } of answers) {
    for (const { seat: owner, value: share } of shares) {
      const { holders, shares: row } = held.get(owner)!
      if (holders.length === config.threshold) continue
      holders.push(holder)
      row.push(share)
    }
  }

  const batches = new Map<
    string,
    { field: Field; coordinates: number[]; owners: number[]; rows: Uint8Array[][] }
  >()
  const graph = graphOf(drawn, config.clients)
  for (const [owner, { holders, shares }] of held) {
    if (holders.length < config.threshold) {
      const blame = blameNobody(ROUND, owner)
      throw violation('too-few-shares', blame, `too few shares of seat ${owner}'s secret were revealed`, {
        expected: config.threshold,
        got: holders.length,
      })
    }
    const all = graph.holders(owner)
    const coordinates = coordinatesOf(all, holders)
    // Coordinates are below 2^16, so a character each.
    const key = String.fromCharCode(all.length, shares[0]!.length, ...coordinates)
    const batch = batches.get(key) ?? { field: fieldFor(all.length), coordinates, owners: [], rows: [] }
    batch.owners.push(owner)
    batch.rows.push(shares)
    batches.set(key, batch)
  }

  const secrets = new Map<number, Uint8Array>()
  for (const { field, coordinates, owners, rows } of batches.values()) {
    reconstruct(field, coordinates, rows).forEach((secret, index) => {
      secrets.set(owners[index]!, secret)
    })
  }
  return secrets
}

/** The Shamir coordinates of some of `all` holders of an owner; both lists are ascending, so one walk finds them. */
function coordinatesOf(all: readonly number[], holders: readonly number[]): number[] {
  let index = 0
  return holders.map((holder) => {
    while (index < all.length && all[index] !== holder) index++
    return index + 1
  })
}

function wrongShare(owner: number, against: string): Error {
  const message = `the shares of seat ${owner}'s secret do not give what its ${against} says`
  return violation('wrong-share', blameNobody(ROUND, owner), message)
}
