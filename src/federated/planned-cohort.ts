import { type SecAggError, usageError } from '../errors.js'
import { chooseParameters, type GraphParameters } from '../graph/chooser/parameters.js'
import { partOf } from '../graph/index.js'
import { minimumThreshold } from '../protocol/index.js'
import type { PlannedTask } from './task.js'

/**
 * The graph of a plan, the number of clients that must be left, and the number of honest ones among them.
 * @public
 */
export interface PlannedCohort {
  readonly graph: 'sparse' | 'complete'
  /** k: the number of clients with which each client shares masks; on the sparse graph in the active model, of its holders. */
  readonly neighbors: number
  /** t: the number of shares that recover a secret; the minimum that is safe. */
  readonly threshold: number
  /** n_C = ⌊γn⌋: how many clients may collude with the server. */
  readonly corruptClients: number
  /** D = ⌊δn⌋: how many clients may drop out. */
  readonly dropouts: number
  /** The minimum number of clients that must have sent their keys. */
  readonly minimumPresent: number
  /** The minimum number of inputs in a sum. With fewer, the round ends without a sum. */
  readonly minimumCohort: number
  /** h = minimumCohort − n_C: the minimum number of inputs from honest clients in a sum. */
  readonly minimumHonest: number
  /** In one round, privacy fails with probability at most 2^−securityBits. Absent if it cannot fail, as on the complete graph. */
  readonly securityBits?: number
  /** In one round, too few shares are left with probability at most 2^−correctnessBits. Absent if this cannot happen. */
  readonly correctnessBits?: number
}

/**
 * Chooses the graph, the threshold and the minimum cohort for a task.
 *
 * @throws {SecAggError} What `chooseParameters` throws; `invalid-configuration` if the requested graph does not tolerate the
 *   assumed failures, or `minimumCohort` is below the threshold or above the number of clients that the dropouts leave;
 *   `unsupported` for another adversary model.
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
  const active = adversary === 'active'
  const parameters = chooseParameters({
    clients,
    adversary,
    dropoutFraction,
    corruptFraction,
    statisticalSecurity,
    correctness,
    ...(active ? { graph: task.graph, minimumHonest: honestIn(task) } : {}),
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
      ...(isSparse && !active && task.privacy !== undefined ? [UNSEEN] : []),
    ],
  }
}

/** The minimum number of honest inputs that the task's minimum cohort implies; 0 if the task does not state one. */
function honestIn({ clients, corruptFraction, minimumCohort }: PlannedTask): number {
  if (typeof minimumCohort !== 'number') return 0
  const honest = minimumCohort - partOf(clients, corruptFraction)
  // settledCohort refuses a value out of range.
  return Number.isSafeInteger(honest) && honest > 0 && honest <= clients ? honest : 0
}

/** Empty for an impossible failure, because JSON has no infinity. */
function bitsOf<Name extends string>(name: Name, log2: number): { readonly [name in Name]?: number } {
  return (log2 === Number.NEGATIVE_INFINITY ? {} : { [name]: -log2 }) as { readonly [name in Name]?: number }
}

const LONELY =
  'With this minimum cohort, a sum can contain only one honest client. The corrupt clients then learn the input of that client.'
const UNSEEN =
  'On the sparse graph a client cannot count the inputs of a sum, so ε depends on the server to enforce the minimum cohort.'

/** The requested graph; by default the one that the chooser selected. */
function settledGraph(
  { graph }: PlannedTask,
  parameters: GraphParameters,
): Pick<GraphParameters, 'graph' | 'neighbors' | 'threshold'> {
  if (graph === undefined || graph === parameters.graph) return parameters
  if (graph === 'sparse') {
    throw usageError(
      'invalid-configuration',
      'every sparse graph that tolerates these failures needs as many neighbors as the complete graph',
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
    `the complete graph of ${clients} clients needs a threshold of ${threshold}, but only ${survivors} clients may be left`,
    { expected: threshold, got: survivors },
  )
}

function settledCohort(
  task: PlannedTask,
  { clients, corruptClients, dropouts, survivors, minimumHonest }: GraphParameters,
  threshold: number,
): number {
  // If clients choose their holders, the default counts only on the honest inputs that are proven.
  const planned =
    minimumHonest === undefined ? survivors : Math.min(minimumHonest + corruptClients, survivors)
  const minimumCohort = task.minimumCohort ?? planned
  const minimum = Math.max(threshold, corruptClients + 1)
  if (!Number.isSafeInteger(minimumCohort) || minimumCohort < minimum) {
    throw refused(
      `minimumCohort must be a whole number of at least ${minimum}: not below the threshold of ${threshold}, and above the ` +
        `${corruptClients} clients that may be corrupt`,
      minimum,
      minimumCohort,
    )
  }
  if (minimumCohort > survivors) {
    throw refused(
      `with a minimumCohort of ${minimumCohort}, the round does not tolerate its dropouts: ${dropouts} of the ` +
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
