import { partsOf, requireInteger } from '../arguments.js'
import { usageError } from '../errors.js'
import type { AdversaryModel } from './config.js'

const MOST_CLIENTS = 1e8

/** What the least threshold on the complete graph depends on. */
export interface ThresholdModel {
  readonly clients: number
  readonly adversary: AdversaryModel
  /** n_C; where it is not stated the model's general threshold applies. */
  readonly corruptClients?: number | undefined
}

/**
 * The least threshold on the complete graph (Bonawitz et al. 2017, section 6); it exceeds n where the model cannot be met.
 *
 * - Honest-but-curious: more than half of the clients, and more than the corrupt ones.
 * - Active: more than two thirds of the clients; or, where the number n_C of corrupt clients is stated, 2t > n + n_C, so
 *   that two sets of t signers share an honest client.
 *
 * @throws {SecAggError} `invalid-argument` where a value is out of its range: n from 1 to 10⁸, n_C from 0 to n.
 */
export function minimumThreshold(model: ThresholdModel): number {
  const { clients, adversary, corruptClients } = partsOf('what a threshold depends on', model)
  requireInteger('clients', clients, 1, MOST_CLIENTS)
  if (adversary !== 'honest-but-curious' && adversary !== 'active') {
    throw usageError('invalid-argument', "the adversary model is 'honest-but-curious' or 'active'")
  }
  if (corruptClients !== undefined) requireInteger('corruptClients', corruptClients, 0, clients)
  if (adversary === 'honest-but-curious') {
    return Math.max(Math.floor(clients / 2), corruptClients ?? 0) + 1
  }
  return corruptClients === undefined
    ? Math.floor((2 * clients) / 3) + 1
    : Math.floor((clients + corruptClients) / 2) + 1
}
