import { requireDistribution, requireNumber, requireProbability, requireWhole } from './checks.js'
import type { NoiseDistribution } from './rdp.js'

/** Who takes part in a private round, how often, and how its noise is spread. */
export interface PrivateCohort {
  /** n: the seats of the round, 2 to 10⁸. */
  readonly clients: number
  /**
   * h: how many honest clients are in any sum that is revealed, 1 to n; the minimum cohort less the corrupt clients. Their
   * noise alone gives ε, so dropouts down to there weaken nothing.
   */
  readonly minimumHonest: number
  /** δ: the probability with which ε may not hold; well below 1/n. */
  readonly delta: number
  /** T: how many rounds one client may take part in, 1 to 10⁹; default 1. */
  readonly rounds?: number | undefined
  /** Default `skellam`. */
  readonly distribution?: NoiseDistribution | undefined
  /** The probability with which each client, on its own, is sampled for a round; see `PrivacyLoss.amplified`. */
  readonly samplingRate?: number | undefined
}

/** A {@link PrivateCohort} with its defaults. */
export interface CheckedCohort extends Required<PrivateCohort> {
  readonly rounds: number
  readonly distribution: NoiseDistribution
  readonly samplingRate: number | undefined
}

/** @throws {SecAggError} `invalid-argument` where a value is out of its range. */
export function checkedCohort(cohort: PrivateCohort): CheckedCohort {
  const { clients, minimumHonest, delta, rounds = 1, distribution = 'skellam', samplingRate } = cohort
  requireWhole('clients', clients, 2, 1e8)
  requireWhole('minimumHonest', minimumHonest, 1, clients)
  requireProbability('delta', delta)
  requireWhole('rounds', rounds, 1, 1e9)
  requireDistribution(distribution)
  if (samplingRate !== undefined) requireNumber('samplingRate', samplingRate, 1e-12, 1)
  return { clients, minimumHonest, delta, rounds, distribution, samplingRate }
}

/** What to know of any private round before relying on it. */
export function cohortWarnings({ clients, minimumHonest, delta, samplingRate }: CheckedCohort): string[] {
  const warnings: string[] = []
  if (delta * clients >= 1) {
    warnings.push(`δ is not below 1/${clients}: it allows to give away one client of the cohort altogether.`)
  }
  if (minimumHonest === clients) {
    warnings.push('No client may drop out or be corrupt: with a single one less the noise is too small.')
  }
  if (samplingRate !== undefined) {
    warnings.push(
      'The amplified ε is no promise against the server, nor against anybody else who can tell who took part.',
    )
  }
  return warnings
}
