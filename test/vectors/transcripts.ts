import { nobleCrypto } from 'secagg/crypto'
import { chosenClientTranscripts } from './chosen-client-transcripts.js'
import { chosenServerTranscripts } from './chosen-server-transcripts.js'
import { clientTranscripts } from './client-transcripts.js'
import type { RoundInput, Transcript } from './format.js'
import { hybridClientTranscripts } from './hybrid-client-transcripts.js'
import { hybridServerTranscripts } from './hybrid-server-transcripts.js'
import { libraryParty } from './library-party.js'
import { play, type TranscriptPlan } from './play.js'
import { HYBRID_BASES, RESUMED_BASES, resumeTranscripts } from './resume-transcripts.js'
import { serverTranscripts } from './server-transcripts.js'
import type { Bases } from './transcript-support.js'

/** The transcripts on the complete and the sparse graph, played by the library. */
export function transcriptsOn(bases: Bases): Promise<Transcript[]> {
  return played(bases, [...clientTranscripts(bases), ...serverTranscripts(bases)])
}

/** Those on the graph whose holders the clients choose. */
export function chosenTranscriptsOn(bases: Bases): Promise<Transcript[]> {
  return played(bases, [...chosenClientTranscripts(bases), ...chosenServerTranscripts(bases)])
}

/** Those of parties that stop and are resumed, on all graphs. */
export function resumeTranscriptsOn(bases: Bases): Promise<Transcript[]> {
  return played(bases, resumeTranscripts(bases, RESUMED_BASES))
}

/** Those with hybrid key agreement, on all graphs. */
export function hybridTranscriptsOn(bases: Bases): Promise<Transcript[]> {
  return played(bases, [
    ...hybridClientTranscripts(bases),
    ...hybridServerTranscripts(bases),
    ...resumeTranscripts(bases, HYBRID_BASES),
  ])
}

/** What is planned to fail must fail so, and nothing else. */
async function played(bases: Bases, plans: readonly TranscriptPlan[]): Promise<Transcript[]> {
  const transcripts: Transcript[] = []
  for (const { operations: planned, ...rest } of plans) {
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
  bases: Bases,
): RoundInput {
  const { round } = bases[base]!
  return enrolled === undefined ? round : { ...round, enrolled }
}
