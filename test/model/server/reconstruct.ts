import { equal } from '../bytes.js'
import type { Configuration } from '../configuration.js'
import type { Graph } from '../graph.js'
import { maskKeysOf, type Parcel } from '../hybrid.js'
import * as keys from '../keys.js'
import { demand, Refusal } from '../messages.js'
import { maskKeyOf, type PublicKeys } from '../parties.js'
import { x25519, x25519PublicKey } from '../primitives.js'
import { fieldFor, interpolate } from '../secret-sharing.js'
import { add, prg, type Vector } from '../vectors.js'
import { sentBetween } from './mask-secrets.js'

// Round 4: from the shares to the sum.

export interface Member {
  readonly seat: number
  readonly keys: PublicKeys
  /** [active] */
  readonly identity: string | undefined
  /** From round 1 on. */
  readonly commitment?: Uint8Array
  /** By receiver. */
  readonly parcels?: ReadonlyMap<number, Parcel>
}

/** A secret that was reconstructed: b of a survivor, s^SK or, [hybrid], m of a client that dropped out. */
export interface Secret {
  readonly owner: number
  readonly kind: 'selfMask' | 'maskKey'
  readonly value: Uint8Array
}

/** A mask to take off the sum: the self-mask of a survivor, or what it shares with a client that dropped out. */
interface RemovedMask {
  readonly survivor: number
  readonly dropped: number | null
  /** With which it stands in the masked sum. */
  readonly sign: 1 | -1
  readonly info: Uint8Array
  readonly seed: Uint8Array
}

/** What the server knows once the last answers are there. */
export interface Answered {
  readonly configuration: Configuration
  readonly graph: Graph
  readonly u2: ReadonlyMap<number, Member>
  readonly u3: readonly number[]
  /** Their shares, by owner; ascending. */
  readonly u5: ReadonlyMap<number, ReadonlyMap<number, Uint8Array>>
}

/** The secret of each client of U2, from the first t shares of it: none is corrected here. */
export function reconstruct({ configuration, graph, u2, u3, u5 }: Answered): Secret[] {
  const { threshold } = configuration
  return [...u2.values()].map(({ seat: owner, keys: own, commitment }): Secret => {
    const holders = graph.holders(owner)
    const answering = [...u5].filter(([, shares]) => shares.has(owner)).slice(0, threshold)
    demand(answering.length >= threshold, 'too-few-shares', 'unmasking')
    const points = answering.map(([holder, shares]) => ({
      x: holders.indexOf(holder) + 1,
      share: shares.get(owner)!,
    }))
    const value = interpolate(fieldFor(holders.length), points)
    const kind = u3.includes(owner) ? 'selfMask' : 'maskKey'
    const fits =
      kind === 'selfMask'
        ? equal(keys.commitment(configuration, value, owner).key, commitment!)
        : fitsMaskKeys(configuration, value, owner, own)
    demand(fits, 'wrong-share', 'unmasking')
    return { owner, kind, value }
  })
}

function fitsMaskKeys(
  configuration: Configuration,
  value: Uint8Array,
  owner: number,
  { maskKey, maskKemKey }: PublicKeys,
): boolean {
  if (!configuration.hybrid) return equal(x25519PublicKey(value), maskKey)
  const derived = maskKeysOf(configuration, value, owner)
  if (!equal(derived.maskKey, maskKey)) return false
  // No other shares would give the X25519 key too.
  if (!equal(derived.maskKemKey, maskKemKey)) throw new Refusal('wrong-mask-secret', 'unmasking', [owner])
  return true
}

export function masksToRemove(round: Answered, secrets: readonly Secret[]): RemovedMask[] {
  const { configuration, graph, u2, u3 } = round
  return secrets.flatMap((secret): RemovedMask[] => {
    const { owner, kind, value } = secret
    if (kind === 'selfMask') {
      const { info, key } = keys.selfMaskSeed(configuration, value, owner)
      return [{ survivor: owner, dropped: null, sign: 1, info, seed: key }]
    }
    const dropped = maskKeyOf(owner, u2.get(owner)!.keys)
    const privateKey = configuration.hybrid ? maskKeysOf(configuration, value, owner).maskPrivateKey : value
    const joined = u3.filter((seat) => graph.sharesMask(seat, owner))
    return joined.map((seat): RemovedMask => {
      const survivor = u2.get(seat)!
      const theirs = maskKeyOf(seat, survivor.keys)
      const agreement = x25519(privateKey, theirs.publicKey)
      const sent = configuration.hybrid ? sentBetween(round, survivor, secret) : null
      const { info, key } = keys.pairwiseSeed(configuration, agreement, dropped, theirs, sent)
      return { survivor: seat, dropped: owner, sign: seat > owner ? 1 : -1, info, seed: key }
    })
  })
}

export function removeMasks(
  { segments, suite }: Configuration,
  maskedSum: Vector,
  removed: readonly RemovedMask[],
): Vector {
  return removed.reduce(
    (sum, { sign, seed }) => add(segments, sum, sign === 1 ? -1 : 1, prg(suite, seed, segments)),
    maskedSum,
  )
}
