import type { PhaseName } from 'secagg'
import { expect } from 'vitest'
import { chosenGraph } from '../../src/graph/chosen.js'
import type { Graph } from '../../src/graph/index.js'
import { decodeAdvertiseKeys } from '../../src/protocol/keys.js'
import {
  type CohortOptions,
  type CohortRun,
  makeCohort,
  type RunOptions,
  runCohort,
} from '../support/cohort.js'
import { CHOSEN } from './lying-server.js'
import { seatsBelow } from './support.js'

// One corrupt client on the sparse graph in the active model; the server follows the protocol.

export const SEATS: readonly number[] = seatsBelow(14)
export const CORRUPT = 5
export const OTHERS: readonly number[] = SEATS.filter((seat) => seat !== CORRUPT)
export const ROUND: typeof CHOSEN = { ...CHOSEN, seed: 4 }

/** Who has drawn whom in the round of these options; the clients of such a round draw the same each time. */
export async function graphOf(options: CohortOptions): Promise<Graph> {
  const { config, sessions } = await makeCohort(options)
  const choosing: { seat: number; choice: Uint8Array }[] = []
  // One after the other, as in a round, since what they draw comes from one generator.
  for (const [seat, session] of sessions.entries()) {
    const { choice } = decodeAdvertiseKeys(config, seat, await session.start())
    choosing.push({ seat, choice: choice! })
  }
  const { neighbors } = config.graph as { neighbors: number }
  return chosenGraph({ hash: config.hash, clients: config.clients, neighbors }, choosing)
}

/** A round in which the corrupt client sends something else in `phase`. */
export const lying = (
  phase: PhaseName,
  change: (bytes: Uint8Array) => Uint8Array,
  options: CohortOptions & RunOptions = ROUND,
): Promise<CohortRun> =>
  runCohort({
    ...options,
    onClientMessage: (seat, at, bytes) => (seat === CORRUPT && at === phase ? change(bytes) : bytes),
  })

/** The round gives the exact sum of `survivors`, and no client had reason to refuse anything. */
export function expectSum(
  { outcome, expected, survivors, clientErrors }: Awaited<ReturnType<typeof runCohort>>,
  summed: readonly number[],
): void {
  expect([...clientErrors]).toEqual([])
  expect(survivors).toEqual(summed)
  expect(outcome?.sum).toEqual(expected)
}
