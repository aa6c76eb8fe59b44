import { requireCallback } from '../../arguments.js'
import type { CryptoProvider } from '../../crypto/provider.js'
import { deriveSeeds, type SeedDeriver, type SeedRequest } from '../../crypto/seeds.js'
import { SecAggError } from '../../errors.js'
import { memberAt } from '../../graph/index.js'
import { type MaskPlan, type MaskTerm, streamLength } from '../../vector/segments.js'
import type { Seated } from '../../wire/index.js'
import { cryptoOf, type ServerCapabilities } from '../capabilities.js'
import { blameNobody, requireState, violation } from '../checks.js'
import { hybridFor } from '../hybrid-steps.js'
import { deriveSelfMaskSeed, isHybrid, type KeyHolder, pairwiseSeedInfo, suiteOf } from '../keys.js'
import { joinedTo } from './pairs.js'
import type { MaskedClient, ServerFinished } from './states.js'

const PHASE = 'unmasking'

/**
 * The minimum size of a plan, if enough masks are left: as many terms as the vector core has keystreams open at once, and
 * enough bytes of keystream to keep several threads busy.
 */
const MINIMUM_PLAN = { terms: 256, bytes: 64 * 2 ** 20 } as const

/** The same if other threads derive the seeds, which have nothing to do between the end of a plan and the next. */
const MINIMUM_PLAN_ELSEWHERE = { terms: 4096, bytes: 64 * 2 ** 20 } as const

/**
 * Computes the masks to remove from the sum of the masked vectors of U3:
 *
 *     Σ x = Σ y − Σ PRG(b_u) over u in U3 − Σ ±PRG(s_{u,v}) over u in U3, v in U2∖U3, + if u > v.
 *
 * The masks come in several plans. Each plan is made when the generator is asked for it, so one plan can be executed while
 * the key agreements for the next one run.
 *
 * @param state - The state from `reconstructSecrets`.
 * @param capabilities - `crypto`, for key agreements and key derivation. `deriveSeeds`, to do both elsewhere, for example on
 *   other threads; default: here.
 * @returns A generator of plans for `executeMaskPlan`. Their order does not matter.
 * @throws {SecAggError} `invalid-public-key` if a client's key is a point of low order; `concerning` names the client.
 *   `crypto-failure` if `deriveSeeds` does not return one seed for each public key.
 *   `invalid-argument` or `out-of-order` if an argument has the wrong form.
 * @example
 * ```ts
 * // Continues the example of server.reconstructSecrets.
 * import { reduceInto } from 'secagg/vector'
 *
 * for await (const plan of server.planUnmasking(finished, { crypto })) {
 *   await executeMaskPlan(sum, config.segments, plan, crypto.suites.aes!)
 * }
 * reduceInto(sum, config.segments)
 * console.log(sum) // [ Uint16Array(3) [ 111, 222, 333 ] ]
 * ```
 * @public
 */
export async function* planUnmasking(
  state: ServerFinished,
  capabilities: Pick<ServerCapabilities, 'crypto'> & { readonly deriveSeeds?: SeedDeriver | undefined },
): AsyncGenerator<MaskPlan, void, void> {
  requireState(state, 'server-unmasked')
  const crypto = cryptoOf(capabilities)
  const { config, selfMasks, maskKeys } = state
  requireCallback('deriveSeeds', capabilities.deriveSeeds)
  const { deriveSeeds: elsewhere } = capabilities
  // A function that ignored the second secrets of hybrid key agreement would derive other seeds.
  const isSuited = elsewhere !== undefined && (!isHybrid(config) || elsewhere.usesSecrets === true)
  const [deriver, minimum] = isSuited ? [elsewhere, MINIMUM_PLAN_ELSEWHERE] : [deriveSeeds, MINIMUM_PLAN]
  const enough = Math.max(minimum.terms, minimum.bytes / streamLength(config.segments))
  let terms: MaskTerm[] = await Promise.all(
    selfMasks.map(async ({ seat, value }): Promise<MaskTerm> => {
      return { seed: await deriveSelfMaskSeed(config, crypto, value, seat), sign: -1 }
    }),
  )
  const clientAt = new Map(state.clients.map((client) => [client.seat, client]))
  let requested = terms.length
  let requests: Promise<MaskTerm[]>[] = []
  for (const dropped of maskKeys) {
    const joined = joinedTo(state, dropped.seat, state.survivors)
    requests.push(pairwiseTerms(state, dropped, joined, clientAt, crypto, deriver))
    requested += joined.length
    if (requested < enough) continue
    yield [terms, ...(await Promise.all(requests))].flat()
    terms = []
    requested = 0
    requests = []
  }
  yield [terms, ...(await Promise.all(requests))].flat()
}

/**
 * Counts the masks that {@link planUnmasking} will return, in all plans together. It computes no keys, so it is fast.
 *
 * @param state - The state from `reconstructSecrets`.
 * @returns The number of terms.
 * @throws {SecAggError} `out-of-order` for another state.
 * @example
 * ```ts
 * // Continues the example of server.reconstructSecrets.
 * // One self-mask for each of the three survivors, and their masks with the client that dropped out.
 * console.log(server.countMaskTerms(finished)) // 6
 * ```
 * @public
 */
export function countMaskTerms(state: ServerFinished): number {
  requireState(state, 'server-unmasked')
  return state.maskKeys.reduce(
    (sum, { seat }) => sum + joinedTo(state, seat, state.survivors).length,
    state.selfMasks.length,
  )
}

/** ∓PRG(s_{u,v}) of one dropped client v with each survivor u that shares a mask with it. */
async function pairwiseTerms(
  { config, maskSecrets }: ServerFinished,
  { seat: dropped, value: privateKey }: Seated<Uint8Array>,
  joined: readonly number[],
  clientAt: ReadonlyMap<number, MaskedClient>,
  crypto: CryptoProvider,
  deriver: SeedDeriver,
): Promise<MaskTerm[]> {
  const holderAt = (seat: number): KeyHolder => {
    const { maskKey, hybrid } = clientAt.get(seat)!
    return { seat, publicKey: maskKey, kemDigest: hybrid?.maskKemDigest }
  }
  const own = holderAt(dropped)
  const others = joined.map(holderAt)
  const hybrid = hybridFor(config, crypto)
  const second = hybrid?.maskSecretsIn(memberAt(maskSecrets!, dropped)!.value)
  const request: SeedRequest = {
    privateKey,
    publicKeys: others.map(({ publicKey }) => publicKey),
    salt: config.hash,
    infos: others.map((other, index) => pairwiseSeedInfo(own, other, second?.[index])),
    length: suiteOf(config, crypto).keyLength,
    ...(second && { secrets: second.map(({ secret }) => secret) }),
  }
  const seeds = await (hybrid?.deriveSeeds(deriver, request, crypto) ?? deriver(request, crypto))
  if (!Array.isArray(seeds) || seeds.length !== joined.length) {
    throw new SecAggError('crypto-failure', 'crypto', 'deriveSeeds must return one seed for each public key')
  }
  return joined.map((seat, index) => {
    const seed = seeds[index]
    if (seed === undefined) {
      throw violation(
        'invalid-public-key',
        blameNobody(PHASE, seat),
        'the key agreement with a public key gives an all-zero secret',
      )
    }
    return { seed, sign: seat > dropped ? -1 : 1 }
  })
}
