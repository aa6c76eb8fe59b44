import { type SecAggError, usageError } from '../errors.js'
import { chooseParameters, type GraphParameters } from '../graph/index.js'
import { minimumThreshold } from '../protocol/index.js'
import type { PlannedTask } from './task.js'

/**
 * Who masks with whom, how many must be left, and how many of those are honest.
 * @public
 */
export interface PlannedCohort {
  readonly graph: 'sparse' | 'complete'
  /** k: with how many others a client shares masks. */
  readonly neighbors: number
  /** t: how many holders recover a secret; the least that is safe. */
  readonly threshold: number
  /** n_C = ⌊γn⌋: the clients that may collude with the server. */
  readonly corruptClients: number
  /** D = ⌊δn⌋: the clients that may drop out. */
  readonly dropouts: number
  /** The fewest clients that must have sent their keys. */
  readonly minimumPresent: number
  /** The fewest inputs of a sum; with fewer there is none. */
  readonly minimumCohort: number
  /** h = minimumCohort − n_C: the fewest honest inputs of a sum. */
  readonly minimumHonest: number
  /** Privacy fails with probability at most 2^−this in a round; absent where it cannot, as on the complete graph. */
  readonly securityBits?: number
  /** A round is lost for want of shares with probability at most 2^−this; absent where it cannot be. */
  readonly correctnessBits?: number
}

/**
 * @throws {SecAggError} as `chooseParameters` does; `invalid-configuration` where the graph that is asked for does not do,
 *   or `minimumCohort` leaves no honest client or more than may be left; `unsupported` for another adversary model.
 */
export function planCohort(task: PlannedTask): PlannedCohort & { readonly warnings: readonly string[] } {
  const { clients, adversary, dropoutFraction, corruptFraction, statisticalSecurity, correctness } = task
  if (adversary !== 'honest-but-curious' && adversary !== 'active') {
    throw usageError(
      'unsupported',
      "the adversary model of a round must be 'honest-but-curious' or 'active'",
      {
        got: String(adversary),
      },
    )
  }
  const parameters = chooseParameters({
    clients,
    adversary,
    dropoutFraction,
    corruptFraction,
    statisticalSecurity,
    correctness,
  })
  const { graph, neighbors, threshold } = settledGraph(task, parameters)
  const { corruptClients, dropouts, survivors, securityFailure, correctnessFailure } = parameters
  const minimumCohort = settledCohort(task, parameters, threshold)
  const isSparse = graph === 'sparse'
  const minimumHonest = minimumCohort - corruptClients
  return {
    graph,
    neighbors,
    threshold,
    corruptClients,
    dropouts,
    minimumPresent: Math.max(isSparse ? parameters.minimumPresent : 0, minimumCohort),
    minimumCohort,
    minimumHonest,
    ...(isSparse ? bitsOf('securityBits', securityFailure.total) : {}),
    ...(isSparse ? bitsOf('correctnessBits', correctnessFailure) : {}),
    warnings: [
      ...parameters.warnings,
      ...(minimumHonest < 2 && survivors - corruptClients >= 2 ? [LONELY] : []),
      ...(isSparse && task.privacy !== undefined ? [UNSEEN] : []),
    ],
  }
}

/** Nothing for what is impossible, since JSON has no infinity. */
function bitsOf<Name extends string>(name: Name, log2: number): { readonly [name in Name]?: number } {
  return (log2 === Number.NEGATIVE_INFINITY ? {} : { [name]: -log2 }) as { readonly [name in Name]?: number }
}

const LONELY =
  'With this minimum cohort only one honest client may be left in a sum, which then shows its input to the corrupt ones.'
const UNSEEN =
  'On the sparse graph a client cannot see how many are in a sum, and ε rests on the server keeping to the minimum cohort.'

/** The graph that the chooser took, or the one that was asked for. */
function settledGraph(
  { graph }: PlannedTask,
  parameters: GraphParameters,
): Pick<GraphParameters, 'graph' | 'neighbors' | 'threshold'> {
  if (graph === undefined || graph === parameters.graph) return parameters
  if (graph === 'sparse') {
    throw usageError(
      'invalid-configuration',
      parameters.adversary === 'active'
        ? 'the active model needs the complete graph'
        : 'no sparse graph withstands what the task assumes with fewer neighbors than the complete one',
      { got: graph },
    )
  }
  if (graph !== 'complete') {
    throw usageError('invalid-configuration', "graph must be 'complete' or 'sparse'", { got: String(graph) })
  }
  const { clients, corruptClients, survivors } = parameters
  const threshold = minimumThreshold({ clients, adversary: 'honest-but-curious', corruptClients })
  if (threshold <= survivors) return { graph, neighbors: clients - 1, threshold }
  throw usageError(
    'invalid-configuration',
    `the complete graph of ${clients} clients needs a threshold of ${threshold}, and only ${survivors} may be left`,
    { expected: threshold, got: survivors },
  )
}

function settledCohort(
  task: PlannedTask,
  { clients, corruptClients, dropouts, survivors }: GraphParameters,
  threshold: number,
): number {
  const minimumCohort = task.minimumCohort ?? survivors
  const least = Math.max(threshold, corruptClients + 1)
  if (!Number.isSafeInteger(minimumCohort) || minimumCohort < least) {
    throw refused(
      `minimumCohort must be a whole number of at least ${least}: above the threshold of ${threshold} and the ${corruptClients} ` +
        'clients that may be corrupt',
      least,
      minimumCohort,
    )
  }
  if (minimumCohort > survivors) {
    throw refused(
      `a minimumCohort of ${minimumCohort} ends rounds that should withstand their dropouts: ${dropouts} of the ` +
        `${clients} clients may drop out, which leaves ${survivors}`,
      survivors,
      minimumCohort,
    )
  }
  return minimumCohort
}

function refused(message: string, expected: number, got: number): SecAggError {
  return usageError('invalid-configuration', message, {
    expected,
    got: typeof got === 'number' ? got : typeof got,
  })
}
