import { nobleCrypto } from 'secagg/crypto'
import { libraryRound } from './record.js'
import { roundInputOf, SCENARIOS } from './rounds.js'

/** Every vector by the name of its file, made by the library on the noble primitives. */
export async function allVectors(): Promise<Record<string, unknown>> {
  const vectors: Record<string, unknown> = {}
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    const round = await roundInputOf(scenario)
    vectors[name] = { round, values: await libraryRound(round, nobleCrypto()) }
  }
  return vectors
}
