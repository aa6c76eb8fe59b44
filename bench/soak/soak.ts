import type { CryptoProvider } from 'secagg'
import { graphOf, type SoakOptions } from './cohort.js'
import type { Samples } from './network.js'
import { type SoakedRound, soakRound } from './round.js'

/** The rounds of a soak, one after the other, each with what came out of it. */
export async function* soak(
  options: SoakOptions,
  crypto: CryptoProvider,
): AsyncGenerator<SoakedRound, void, void> {
  const graph = graphOf(options)
  let earlier: Samples = new Map()
  for (let round = 0; round < options.rounds; round++) {
    const soaked = await soakRound(options, graph, crypto, round, earlier)
    earlier = soaked.samples
    yield soaked
  }
}
