import type { FuzzTarget } from '../target.js'
import { colludingClients } from './colluding-clients.js'
import { configurations } from './configurations.js'
import { definitions } from './definitions.js'
import { messages } from './messages.js'
import { packedVectors } from './packed-vectors.js'
import { plans } from './plans.js'
import { publicKeys } from './public-keys.js'
import { savedSessions } from './saved-sessions.js'
import { sealedShares } from './sealed-shares.js'
import { seatSets } from './seat-sets.js'
import { sessions } from './sessions.js'
import { shares } from './shares.js'
import { signatures } from './signatures.js'
import { slicedRounds } from './sliced-rounds.js'

/** All targets; a new one is one more entry. */
export const TARGETS: readonly FuzzTarget[] = [
  messages,
  seatSets,
  packedVectors,
  configurations,
  plans,
  definitions,
  publicKeys,
  signatures,
  sealedShares,
  shares,
  colludingClients,
  savedSessions,
  sessions,
  slicedRounds,
]
