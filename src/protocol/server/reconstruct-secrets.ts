import { equalBytes } from '../../crypto/bytes.js'
import type { CryptoProvider } from '../../crypto/provider.js'
import { coordinateOf, graphOf } from '../../graph/index.js'
import { fieldFor, reconstruct } from '../../shamir/index.js'
import type { MaskPlan, MaskTerm } from '../../vector/segments.js'
import { blameNobody, violation } from '../blame.js'
import type { ServerCapabilities } from '../capabilities.js'
import { requireState } from '../checks.js'
import { commitToSelfMask, derivePairwiseSeed, deriveSelfMaskSeed } from '../keys.js'
import type { MaskedClient, ServerUnmasked, ServerUnmasking } from './states.js'
import { type AcceptedUnmasking, requireAnswers } from './unmask.js'

const ROUND = 'unmasking'

/**
 * Ends round 4: reconstructs b of every survivor and s^SK of every client of U2 that dropped out, and yields the plan
 * that takes their masks off the sum of the masked vectors of U3:
 *
 *     Σ x = Σ y − Σ PRG(b_u) over u in U3 − Σ ±PRG(s_{u,v}) over u in U3, v in U2∖U3, + where u > v.
 *
 * Every secret is checked against what its owner published, so a wrong share never leads to a wrong sum.
 *
 * @throws {SecAggError} `too-few-clients` where fewer than t have answered; `too-few-shares`, naming the owner in
 *   `concerning`, where fewer than t of them hold a share; `wrong-share`, naming the owner likewise, where the shares
 *   give another secret than the owner's. Which of the shares is wrong, or whether the owner made them so, the error
 *   does not say.
 */
export async function reconstructMasks(
  state: ServerUnmasking,
  accepted: readonly AcceptedUnmasking[],
  { crypto }: Pick<ServerCapabilities, 'crypto'>,
): Promise<{ state: ServerUnmasked; plan: MaskPlan }> {
  requireState(state, 'server-unmasking')
  const { config, clients, survivors } = state
  const answers = requireAnswers(state, accepted)
  const secrets = reconstructSecrets(state, answers)
  const survived = new Set(survivors)
  const surviving = clients.filter(({ seat }) => survived.has(seat))
  const dropped = clients.filter(({ seat }) => !survived.has(seat))

  const selfMasks = await Promise.all(
    surviving.map((client) => selfMaskTerm(state, client, secrets.get(client.seat)!, crypto)),
  )
  const pairwise: MaskTerm[][] = []
  for (const client of dropped) {
    pairwise.push(await pairwiseTerms(state, client, secrets.get(client.seat)!, surviving, crypto))
  }
  return { state: { state: 'server-unmasked', config, survivors }, plan: [selfMasks, ...pairwise].flat() }
}

/**
 * The secret that each owner of U2 shared, from the first t answers that have a share of it. Owners whose shares lie
 * with the same holders are reconstructed together.
 */
function reconstructSecrets(
  { config, graph: drawn, clients }: ServerUnmasking,
  answers: readonly AcceptedUnmasking[],
): ReadonlyMap<number, Uint8Array> {
  const sharesOf = new Map(clients.map(({ seat }) => [seat, [] as { holder: number; share: Uint8Array }[]]))
  for (const { seat: holder, shares } of answers) {
    for (const { seat: owner, value: share } of shares) {
      const held = sharesOf.get(owner)
      if (held !== undefined && held.length < config.threshold) held.push({ holder, share })
    }
  }

  const batches = new Map<string, { coordinates: number[]; owners: number[]; rows: Uint8Array[][] }>()
  const graph = graphOf(drawn, config.clients)
  for (const [owner, held] of sharesOf) {
    if (held.length < config.threshold) {
      const blame = blameNobody(ROUND, owner)
      throw violation('too-few-shares', blame, `too few shares of seat ${owner}'s secret were revealed`, {
        expected: config.threshold,
        got: held.length,
      })
    }
    const holders = graph.holders(owner)
    const coordinates = held.map(({ holder }) => coordinateOf(holders, holder))
    const key = `${holders.length}:${coordinates.join()}:${held[0]!.share.length}`
    const batch = batches.get(key) ?? { coordinates, owners: [], rows: [] }
    batch.owners.push(owner)
    batch.rows.push(held.map(({ share }) => share))
    batches.set(key, batch)
  }

  const secrets = new Map<number, Uint8Array>()
  for (const { coordinates, owners, rows } of batches.values()) {
    const field = fieldFor(graph.holders(owners[0]!).length)
    reconstruct(field, coordinates, rows).forEach((secret, index) => {
      secrets.set(owners[index]!, secret)
    })
  }
  return secrets
}

/** − PRG(b_u), once b_u is seen to be what its owner committed to. */
async function selfMaskTerm(
  { config }: ServerUnmasking,
  client: MaskedClient,
  secret: Uint8Array,
  crypto: CryptoProvider,
): Promise<MaskTerm> {
  const commitment = await commitToSelfMask(config, crypto, secret, client.seat)
  if (!equalBytes(commitment, client.commitment)) throw wrongShare(client.seat, 'commitment')
  return { seed: await deriveSelfMaskSeed(config, crypto, secret, client.seat), sign: -1 }
}

/** ∓ PRG(s_{u,v}) of one dropped v with every survivor u it was joined to, once its s^SK is seen to fit its s^PK. */
async function pairwiseTerms(
  { config, graph }: ServerUnmasking,
  dropped: MaskedClient,
  privateKey: Uint8Array,
  surviving: readonly MaskedClient[],
  crypto: CryptoProvider,
): Promise<MaskTerm[]> {
  if (!equalBytes(await crypto.x25519.publicKey(privateKey), dropped.maskKey)) {
    throw wrongShare(dropped.seat, 'public key')
  }
  const neighbors = new Set(graphOf(graph, config.clients).maskNeighbors(dropped.seat))
  const joined = surviving.filter(({ seat }) => neighbors.has(seat))
  const agreements = await crypto.x25519.sharedSecrets(
    privateKey,
    joined.map(({ maskKey }) => maskKey),
  )
  const own = { seat: dropped.seat, publicKey: dropped.maskKey }
  return Promise.all(
    joined.map(async ({ seat, maskKey }, index): Promise<MaskTerm> => {
      const agreement = agreements[index]
      if (agreement === undefined) {
        throw violation('invalid-public-key', blameNobody(ROUND, seat), 'a key agreement gives zero')
      }
      const seed = await derivePairwiseSeed(config, crypto, agreement, own, { seat, publicKey: maskKey })
      return { seed, sign: seat > dropped.seat ? -1 : 1 }
    }),
  )
}

function wrongShare(owner: number, against: string): Error {
  const message = `the shares of seat ${owner}'s secret do not give what its ${against} says`
  return violation('wrong-share', blameNobody(ROUND, owner), message)
}
