import { nobleCrypto } from 'secagg/crypto'
import { chosenPartVectors } from './chosen-parts.js'
import { compact, longBytesOf } from './compact.js'
import type { RoundVector } from './format.js'
import { largeVector } from './large.js'
import { partVectors } from './parts.js'
import { libraryRound } from './record.js'
import { SCENARIOS } from './rounds.js'
import { roundInputOf } from './scenario.js'
import {
  chosenTranscriptsOn,
  hybridTranscriptsOn,
  resumeTranscriptsOn,
  transcriptsOn,
} from './transcripts.js'

/** Every vector by the name of its file, made by the library on the noble primitives. */
export async function allVectors(): Promise<Record<string, unknown>> {
  const rounds: Record<string, RoundVector> = {}
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    const round = await roundInputOf(scenario)
    rounds[name] = { round, values: await libraryRound(round, nobleCrypto()) }
  }
  const long = longBytesOf(Object.values(rounds))
  const written = Object.entries(rounds).map(([name, vector]) => [
    name,
    vector.round.parameters.keyAgreement === undefined ? vector : compact(vector, long),
  ])
  return {
    ...Object.fromEntries(written),
    'bytes-hybrid': long,
    parts: await partVectors(),
    'parts-chosen': await chosenPartVectors(),
    large: await largeVector(),
    transcripts: await transcriptsOn(rounds),
    'transcripts-chosen': await chosenTranscriptsOn(rounds),
    'transcripts-resume': await resumeTranscriptsOn(rounds),
    'transcripts-hybrid': compact(await hybridTranscriptsOn(rounds), long),
  }
}
