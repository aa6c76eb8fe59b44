import { wipe } from '../../crypto/bytes.js'
import { graphOf } from '../../graph/index.js'
import { type MaskPlan, type MaskTerm, streamLength } from '../../vector/segments.js'
import type { Seated } from '../../wire/index.js'
import { cryptoOf, type ServerCapabilities } from '../capabilities.js'
import { blameNobody, requireState, violation } from '../checks.js'
import { derivePairwiseSeed, deriveSelfMaskSeed } from '../keys.js'
import type { ServerFinished } from './states.js'

const PHASE = 'unmasking'

/** What a plan has, at least, if there is so much: as many keystreams as the vector core has open at a time, and work for threads. */
const MINIMUM_PLAN = { terms: 256, bytes: 64 * 2 ** 20 } as const

/**
 * The masks to take off the sum of the masked vectors of U3:
 *
 *     Σ x = Σ y − Σ PRG(b_u) over u in U3 − Σ ±PRG(s_{u,v}) over u in U3, v in U2∖U3, + where u > v.
 *
 * They come in several plans, each made when it is asked for, so that one can be executed while the keys for the next
 * are agreed on.
 *
 * @throws {SecAggError} `invalid-public-key`, naming a client in `concerning`, where its key is a point of low order.
 * @public
 */
export async function* planUnmasking(
  state: ServerFinished,
  capabilities: Pick<ServerCapabilities, 'crypto'>,
): AsyncGenerator<MaskPlan, void, void> {
  requireState(state, 'server-unmasked')
  const crypto = cryptoOf(capabilities)
  const { config, selfMasks, maskKeys } = state
  const enough = Math.max(MINIMUM_PLAN.terms, MINIMUM_PLAN.bytes / streamLength(config.segments))
  let terms: MaskTerm[] = await Promise.all(
    selfMasks.map(async ({ seat, value }): Promise<MaskTerm> => {
      return { seed: await deriveSelfMaskSeed(config, crypto, value, seat), sign: -1 }
    }),
  )
  const maskKeyOf = maskKeysOf(state)
  const survivors = new Set(state.survivors)
  for (const dropped of maskKeys) {
    if (terms.length >= enough) {
      yield terms
      terms = []
    }
    const joined = joinedTo(state, dropped.seat, survivors)
    for (const term of await pairwiseTerms(state, dropped, joined, maskKeyOf, crypto)) terms.push(term)
  }
  yield terms
}

/**
 * The number of terms in all plans together.
 * @public
 */
export function countMaskTerms(state: ServerFinished): number {
  requireState(state, 'server-unmasked')
  const survivors = new Set(state.survivors)
  return state.maskKeys.reduce(
    (sum, { seat }) => sum + joinedTo(state, seat, survivors).length,
    state.selfMasks.length,
  )
}

/** ∓ PRG(s_{u,v}) of one dropped v with every survivor u it was joined to. */
async function pairwiseTerms(
  { config }: ServerFinished,
  { seat: dropped, value: privateKey }: Seated<Uint8Array>,
  joined: readonly number[],
  maskKeyOf: ReadonlyMap<number, Uint8Array>,
  crypto: ServerCapabilities['crypto'],
): Promise<MaskTerm[]> {
  const own = { seat: dropped, publicKey: maskKeyOf.get(dropped)! }
  const agreements = await crypto.x25519.sharedSecrets(
    privateKey,
    joined.map((seat) => maskKeyOf.get(seat)!),
  )
  return Promise.all(
    joined.map(async (seat, index): Promise<MaskTerm> => {
      const agreement = agreements[index]
      if (agreement === undefined) {
        throw violation('invalid-public-key', blameNobody(PHASE, seat), 'a key agreement gives zero')
      }
      const other = { seat, publicKey: maskKeyOf.get(seat)! }
      const seed = await derivePairwiseSeed(config, crypto, agreement, own, other)
      wipe(agreement)
      return { seed, sign: seat > dropped ? -1 : 1 }
    }),
  )
}

/** s^PK of every client of U2. */
function maskKeysOf({ clients }: ServerFinished): ReadonlyMap<number, Uint8Array> {
  return new Map(clients.map(({ seat, maskKey }) => [seat, maskKey]))
}

/** The survivors with which a client that dropped out shares a mask, ascending. */
function joinedTo(
  { config, graph }: ServerFinished,
  dropped: number,
  survivors: ReadonlySet<number>,
): readonly number[] {
  return graphOf(graph, config.clients)
    .maskNeighbors(dropped)
    .filter((seat) => survivors.has(seat))
}
