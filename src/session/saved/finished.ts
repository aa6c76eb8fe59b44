import { throwIfAborted } from '../../arguments.js'
import { SecAggError } from '../../errors.js'
import { hashOf } from '../../rounds/index.js'
import type { FinishedRound } from '../phase.js'
import { type Books, Ledger } from '../report.js'
import type { PhaseOutcome, ServerSessionOptions, SumSink } from '../serving-options.js'

type Outcome<Sink extends SumSink | undefined> = Extract<PhaseOutcome<Sink>, { readonly done: true }>

/**
 * The outcome of a round, once the host has stored it. `books`: as they are when the last phase is closed.
 * @throws {SecAggError} `storage-failure`, fault `usage`, if the host's function fails.
 * @throws the signal's reason if it was aborted before the host's function is called.
 */
export async function finishedOutcome<Sink extends SumSink | undefined>(
  { state, sum }: FinishedRound,
  books: Books,
  { config, saveResult, signal }: Pick<ServerSessionOptions<Sink>, 'config' | 'saveResult' | 'signal'>,
): Promise<Outcome<Sink>> {
  const outcome = {
    done: true,
    ...(sum && { sum }),
    configHash: hashOf(config),
    report: new Ledger(config.clients, books).report(state),
  } as Outcome<Sink>
  throwIfAborted(signal)
  try {
    await saveResult?.(outcome)
  } catch (cause) {
    throw new SecAggError('storage-failure', 'usage', 'the result could not be saved', { cause })
  }
  return outcome
}
