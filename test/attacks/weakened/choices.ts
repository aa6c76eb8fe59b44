import { createRoundConfig, type RoundConfig } from 'secagg'
import type { CryptoProvider } from 'secagg/crypto'
import { chooseHolders } from '../../../src/graph/chosen.js'
import type { CohortOptions } from '../../support/cohort.js'
import { toyCrypto, toySplitter } from '../../support/toy-crypto.js'

// Clients that do not draw their holders, but try seeds until these suit them.

/**
 * The options of a cohort in which the client at `seat` has the holders that `wanted` accepts. A corrupt client can do this;
 * for honest ones it stands for a draw that happens by chance.
 */
export function withChoices(
  options: CohortOptions,
  wanted: (seat: number) => ((holders: readonly number[]) => boolean) | undefined,
): CohortOptions {
  const { seed = 1 } = options
  const crypto = options.crypto ?? toyCrypto(seed)
  const sessionId = options.sessionId ?? new Uint8Array(32).fill(seed)
  const segments = options.segments ?? [{ length: 5, bits: 16, bound: 'modular' as const }]
  const splitSecret = options.splitSecret ?? toySplitter(seed)
  const complete = { ...options, sessionId, segments, crypto, splitSecret, seed }
  const config = createRoundConfig(complete)
  return {
    ...complete,
    clientOptions: (seat) => {
      const others = options.clientOptions?.(seat)
      const suits = wanted(seat)
      return suits === undefined
        ? { ...others }
        : { ...others, crypto: withChoice(others?.crypto ?? crypto, seedFor(config, seat, suits)) }
    },
  }
}

/** The options of a cohort in which each client draws the holders that it had in an earlier run: the seed is in `earlier`. */
export function withSameChoices(
  options: CohortOptions,
  crypto: CryptoProvider,
  earlier: ReadonlyMap<number, { readonly choice?: Uint8Array | undefined }>,
): CohortOptions {
  return {
    ...options,
    crypto,
    clientOptions: (seat) => ({ crypto: withChoice(crypto, earlier.get(seat)!.choice!) }),
  }
}

/** The first seed, counting up, from which the client at `seat` gets holders that suit it. */
export function seedFor(
  config: RoundConfig,
  seat: number,
  suits: (holders: readonly number[]) => boolean,
): Uint8Array {
  const { neighbors } = config.graph as { neighbors: number }
  const context = { hash: config.hash, clients: config.clients, neighbors }
  const choice = new Uint8Array(16)
  const view = new DataView(choice.buffer)
  for (let attempt = 1; attempt < 1e6; attempt++) {
    view.setUint32(0, attempt)
    if (suits(chooseHolders(context, seat, choice))) return choice
  }
  throw new Error(`no seed suits seat ${seat}`)
}

/** A provider that gives `choice` as its first 16 random bytes, which are the seed of the choice. */
function withChoice(crypto: CryptoProvider, choice: Uint8Array): CryptoProvider {
  let isDrawn = false
  return {
    ...crypto,
    randomBytes: (length) => {
      if (isDrawn || length !== choice.length) return crypto.randomBytes(length)
      isDrawn = true
      return Uint8Array.from(choice)
    },
  }
}
