import { nobleCrypto } from 'secagg/crypto'
import type { RoundVector } from './format.js'
import { largeVector } from './large.js'
import { partVectors } from './parts.js'
import { libraryRound } from './record.js'
import { roundInputOf, SCENARIOS } from './rounds.js'
import { transcriptsOn } from './transcripts.js'

/** Every vector by the name of its file, made by the library on the noble primitives. */
export async function allVectors(): Promise<Record<string, unknown>> {
  const rounds: Record<string, RoundVector> = {}
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    const round = await roundInputOf(scenario)
    rounds[name] = { round, values: await libraryRound(round, nobleCrypto()) }
  }
  return {
    ...rounds,
    parts: await partVectors(),
    large: await largeVector(),
    transcripts: await transcriptsOn(rounds),
  }
}
