import { partsOf, reading } from '../arguments.js'
import { usageError } from '../errors.js'
import type { RoundConfig } from '../protocol/index.js'
import { checkVector, type Vector } from '../vector/index.js'
import { requireSameRound } from './input.js'

/** What the server's session gives in the end: the sum, who is in it, and of which round it is. */
export interface FinishedRound {
  /** Σ x over the survivors, modulo 2^k; one array of lanes per segment. */
  readonly sum: Vector
  /** `hash` of the round's configuration. */
  readonly configHash: Uint8Array
  readonly report: { readonly survivors: readonly number[] }
}

/** The sum of a round, and the seats whose inputs are in it, ascending. */
export interface RoundSum {
  readonly sum: Vector
  readonly survivors: readonly number[]
}

/**
 * The sum of the round of `config`, and nothing else: what every decoder starts with.
 *
 * @param outcome - What the last `closePhase` has returned.
 * @throws {SecAggError} `invalid-argument` where the round is not over, or sum or survivors do not fit the configuration;
 *   `configuration-mismatch` where the outcome is that of another round.
 */
export function readOutcome(outcome: FinishedRound, config: RoundConfig): RoundSum {
  const { sum, configHash, report } = partsOf('the outcome of a round', outcome)
  if (sum === undefined) throw usageError('invalid-argument', 'the round is not over: there is no sum')
  requireSameRound(config, configHash, 'the outcome is that of another round')
  checkVector(sum, config.segments)
  return {
    sum,
    survivors: survivorsIn(
      reading('the report of a round', () => report?.survivors),
      config,
    ),
  }
}

function survivorsIn(given: unknown, { clients, minimumCohort }: RoundConfig): readonly number[] {
  const survivors: unknown[] = Array.isArray(given) ? [...given] : []
  let last = -1
  const areSeats = survivors.every((seat) => {
    if (typeof seat !== 'number' || !Number.isSafeInteger(seat) || seat <= last || seat >= clients)
      return false
    last = seat
    return true
  })
  if (areSeats && survivors.length >= minimumCohort) return Object.freeze(survivors as number[])
  throw usageError(
    'invalid-argument',
    `the survivors of the round must be ${minimumCohort} to ${clients} seats in ascending order`,
    { expected: `${minimumCohort} to ${clients}`, got: survivors.length },
  )
}
