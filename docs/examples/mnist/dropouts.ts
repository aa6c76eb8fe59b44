import { PHASES, type PhaseName } from 'secagg'
import type { SeededRandom } from './random.js'

/** For each client that drops out, the first message that it no longer sends. */
export type Dropouts = ReadonlyMap<number, PhaseName>

/**
 * A few clients that drop out: one before each message of the round and up to five more anywhere, `most` of them in all.
 * Where that is fewer, `round` says which message it begins with, so that each has its turn.
 */
export function planDropouts(clients: number, most: number, round: number, random: SeededRandom): Dropouts {
  const count = Math.min(most, PHASES.length + random.below(6))
  const seats = random.permutation(clients).subarray(0, count)
  return new Map(
    Array.from(seats, (seat, index): [number, PhaseName] => {
      const message = index < PHASES.length ? (round + index) % PHASES.length : random.below(PHASES.length)
      return [seat, PHASES[message]!]
    }),
  )
}

/** Whether a client still sends its message of `round`. */
export function takesPart(dropouts: Dropouts, seat: number, phase: PhaseName): boolean {
  const dropsAt = dropouts.get(seat)
  return dropsAt === undefined || PHASES.indexOf(phase) < PHASES.indexOf(dropsAt)
}

/** The clients that must be in the sum: all whose masked input is sent. What comes later is recovered. */
export function plannedSurvivors(clients: number, dropouts: Dropouts): readonly number[] {
  const seats = Array.from({ length: clients }, (_, seat) => seat)
  return seats.filter((seat) => takesPart(dropouts, seat, 'masked-input'))
}
