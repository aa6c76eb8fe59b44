import type { Layer } from './layer.js'
import { sessionRounds, simulatedRounds, transportRounds } from './rounds.js'
import {
  clearStatistics,
  exactUpdates,
  flatValues,
  masks,
  noisyStatistics,
  privateUpdates,
} from './values.js'

/** Every layer that a program uses by itself; those below are used by these. */
export const layers: Readonly<Record<string, Layer>> = {
  'fixed-point and tensors': flatValues,
  'federated, exact': exactUpdates,
  'federated, private': privateUpdates,
  'statistics, exact': clearStatistics,
  'statistics, private': noisyStatistics,
  'vector and workers': masks,
  sessions: sessionRounds,
  transport: transportRounds,
  simulate: simulatedRounds,
}
