import long from './bytes-hybrid.json' with { type: 'json' }
import { expand } from './compact.js'
import type { ChosenParts, LargeVector, Parts, RoundVector, Transcript } from './format.js'
import large from './large.json' with { type: 'json' }
import parts from './parts.json' with { type: 'json' }
import chosenParts from './parts-chosen.json' with { type: 'json' }
import activeAes from './round-active-aes.json' with { type: 'json' }
import activeChacha from './round-active-chacha.json' with { type: 'json' }
import activeSmall from './round-active-small.json' with { type: 'json' }
import chosenAes from './round-chosen-aes.json' with { type: 'json' }
import chosenChacha from './round-chosen-chacha.json' with { type: 'json' }
import chosenSmall from './round-chosen-small.json' with { type: 'json' }
import completeAes from './round-complete-aes.json' with { type: 'json' }
import completeChacha from './round-complete-chacha.json' with { type: 'json' }
import example from './round-example.json' with { type: 'json' }
import hybridActiveChacha from './round-hybrid-active-chacha.json' with { type: 'json' }
import hybridChosenAes from './round-hybrid-chosen-aes.json' with { type: 'json' }
import hybridChosenChacha from './round-hybrid-chosen-chacha.json' with { type: 'json' }
import hybridCompleteChacha from './round-hybrid-complete-chacha.json' with { type: 'json' }
import hybridCompleteSmall from './round-hybrid-complete-small.json' with { type: 'json' }
import hybridSparseAes from './round-hybrid-sparse-aes.json' with { type: 'json' }
import sparseAes from './round-sparse-aes.json' with { type: 'json' }
import sparseChacha from './round-sparse-chacha.json' with { type: 'json' }
import sparseProven from './round-sparse-proven.json' with { type: 'json' }
import transcripts from './transcripts.json' with { type: 'json' }
import chosenTranscripts from './transcripts-chosen.json' with { type: 'json' }
import hybridTranscripts from './transcripts-hybrid.json' with { type: 'json' }
import resumeTranscripts from './transcripts-resume.json' with { type: 'json' }

/** The rounds of the vectors, by name. */
export const ROUNDS: Readonly<Record<string, RoundVector>> = {
  'round-example': example as RoundVector,
  'round-complete-aes': completeAes as RoundVector,
  'round-complete-chacha': completeChacha as RoundVector,
  'round-active-small': activeSmall as RoundVector,
  'round-active-aes': activeAes as RoundVector,
  'round-active-chacha': activeChacha as RoundVector,
  'round-sparse-aes': sparseAes as RoundVector,
  'round-sparse-proven': sparseProven as RoundVector,
  'round-sparse-chacha': sparseChacha as RoundVector,
  'round-chosen-small': chosenSmall as RoundVector,
  'round-chosen-aes': chosenAes as RoundVector,
  'round-chosen-chacha': chosenChacha as RoundVector,
  'round-hybrid-complete-small': expand(hybridCompleteSmall as RoundVector, long),
  'round-hybrid-complete-chacha': expand(hybridCompleteChacha as RoundVector, long),
  'round-hybrid-active-chacha': expand(hybridActiveChacha as RoundVector, long),
  'round-hybrid-sparse-aes': expand(hybridSparseAes as RoundVector, long),
  'round-hybrid-chosen-aes': expand(hybridChosenAes as RoundVector, long),
  'round-hybrid-chosen-chacha': expand(hybridChosenChacha as RoundVector, long),
}

export const TRANSCRIPTS: readonly Transcript[] = [
  ...transcripts,
  ...chosenTranscripts,
  ...resumeTranscripts,
  ...expand(hybridTranscripts as Transcript[], long),
] as Transcript[]

export const PARTS: Parts = parts as Parts

export const CHOSEN_PARTS: ChosenParts = chosenParts as ChosenParts

export const LARGE: LargeVector = large as LargeVector
