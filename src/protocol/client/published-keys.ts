import { equalBytes } from '../../crypto/bytes.js'
import type { Digest } from '../../crypto/digest.js'
import { holdersChosenBy, indexOfSeat, isChosen, minimumPublished } from '../../graph/index.js'
import type { PublishedKeys } from '../../wire/index.js'
import type { ClientCapabilities } from '../capabilities.js'
import {
  blameServer,
  DistinctKeys,
  requireCanonicalSeats,
  requireEnough,
  requirePublicKeys,
  violation,
} from '../checks.js'
import type { HybridSteps } from '../hybrid-steps.js'
import { verifyStatement } from '../identity.js'
import { KEYS, keysStatement } from '../statements.js'
import type { ClientAdvertised } from './states.js'

const PHASE = 'share-keys'
const NOTHING = new Uint8Array(0)

/**
 * On the chosen graph: the clients that have chosen this client as a holder, and for each of them, the index of this client
 * among its holders. This needs many hashes, so it is computed only once.
 */
export function placesAmong(
  { config, seat }: ClientAdvertised,
  inbound: PublishedKeys,
): ReadonlyMap<number, number> {
  const places = new Map<number, number>()
  for (const { seat: other, value: keys } of inbound) {
    if (keys.choice === undefined || other === seat) continue
    const place = indexOfSeat(holdersChosenBy(config, other, keys.choice), seat)
    if (place >= 0) places.set(other, place)
  }
  return places
}

/**
 * On the chosen graph: the number of this client's holders in U1.
 * @throws {SecAggError} `malformed-message` if a client of U1 has neither chosen this client nor been chosen by it.
 */
function countHolders(
  { config, seat, outbound: sent }: ClientAdvertised,
  inbound: PublishedKeys,
  places: ReadonlyMap<number, number>,
): number {
  const holders = holdersChosenBy(config, seat, sent.choice ?? NOTHING)
  let count = 0
  for (const { seat: other } of inbound) {
    const isHolder = indexOfSeat(holders, other) >= 0
    if (isHolder) count++
    if (isHolder || other === seat || places.has(other)) continue
    const text = `seat ${other} is on the list of keys (U1), but shares no mask with this client`
    throw violation('malformed-message', blameServer(PHASE, other), text)
  }
  return count
}

/** The identities of U1; empty in the honest-but-curious model. */
export async function checkPublishedKeys(
  state: ClientAdvertised,
  inbound: PublishedKeys,
  places: ReadonlyMap<number, number>,
  { verifyIdentity }: ClientCapabilities,
  hybrid: HybridSteps | undefined,
  digest: Digest,
): Promise<ReadonlyMap<number, string>> {
  const { config, seat, minimumSurvivors, outbound: sent } = state
  const blame = blameServer(PHASE)
  const seats = inbound.map((entry) => entry.seat)
  requireCanonicalSeats(seats, config.clients, 'malformed-message', blame)
  const minimum = minimumPublished(config.graph, config.threshold, minimumSurvivors)
  requireEnough(
    isChosen(config.graph) ? countHolders(state, inbound, places) + 1 : seats.length,
    minimum,
    'U1',
    blame,
  )
  const own = inbound.find((entry) => entry.seat === seat)?.value
  if (own === undefined || !KEYS.every((kind) => equalBytes(own[kind] ?? NOTHING, sent[kind] ?? NOTHING))) {
    throw violation(
      'own-entry-mismatch',
      blame,
      'the list of keys (U1) does not include the keys of this client as it sent them',
    )
  }

  const identities = new Map<number, string>()
  if (config.adversary === 'active') {
    const verified = await Promise.all(
      inbound.map(({ seat: signer, value: keys }) => {
        const claim = {
          seat: signer,
          message: keysStatement(config, signer, keys),
          signature: keys.signature,
        }
        return verifyStatement(config, verifyIdentity, claim, undefined, blameServer(PHASE, signer))
      }),
    )
    seats.forEach((signer, index) => {
      identities.set(signer, verified[index]!)
    })
  }
  const distinct = new DistinctKeys(digest)
  for (const { seat: claimant, value: keys } of inbound) {
    requirePublicKeys(config, keys, blameServer(PHASE, claimant), hybrid)
    const clash = distinct.claim(claimant, keys, identities.get(claimant))
    if (clash !== undefined) {
      const concerned = blameServer(PHASE, clash.owner, claimant)
      throw violation(
        clash.code,
        concerned,
        `seats ${clash.owner} and ${claimant} have ${clash.code === 'duplicate-key' ? 'a key' : 'an identity'} in common`,
      )
    }
  }
  return identities
}
