import { nobleCrypto } from 'secagg/crypto'
import { clientTranscripts } from './client-transcripts.js'
import type { RoundInput, RoundVector, Transcript } from './format.js'
import { libraryParty } from './library-party.js'
import { play, type TranscriptPlan } from './play.js'
import { serverTranscripts } from './server-transcripts.js'

/** The transcripts, played by the library. What is planned to fail must fail so, and nothing else. */
export async function transcriptsOn(bases: Readonly<Record<string, RoundVector>>): Promise<Transcript[]> {
  const transcripts: Transcript[] = []
  for (const { operations: planned, ...rest } of [...clientTranscripts(bases), ...serverTranscripts(bases)]) {
    const party = libraryParty(roundOf(rest, bases), rest.party, nobleCrypto())
    const operations = await play(party, planned)
    planned.forEach((plan, index) => {
      const operation = operations[index]!
      const wanted = JSON.stringify('fails' in plan ? plan.fails : undefined)
      const got = 'fails' in operation ? JSON.stringify(operation.fails) : undefined
      if (wanted !== got) {
        throw new Error(`${rest.name}: operation ${index} should have ${wanted} and has ${got}`)
      }
    })
    transcripts.push({ ...rest, operations })
  }
  return transcripts
}

/** The base of a transcript, with its own enrolment where it has one. */
export function roundOf(
  { base, enrolled }: Pick<TranscriptPlan, 'base' | 'enrolled'>,
  bases: Readonly<Record<string, RoundVector>>,
): RoundInput {
  const { round } = bases[base]!
  return enrolled === undefined ? round : { ...round, enrolled }
}
