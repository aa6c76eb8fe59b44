import { PHASES, type PhaseName } from 'secagg'
import type { SeededRandom } from './random.js'

/** The clients that drop out, each with the first phase that it misses. */
export type Dropouts = ReadonlyMap<number, PhaseName>

/**
 * Chooses clients that drop out: one in each phase and up to five more in any phase, but at most `most` in total. If `most`
 * is less than the number of phases, `round` determines the first phase, so that over several rounds every phase has
 * dropouts.
 */
export function planDropouts(clients: number, most: number, round: number, random: SeededRandom): Dropouts {
  const count = Math.min(most, PHASES.length + random.below(6))
  const seats = random.permutation(clients).subarray(0, count)
  return new Map(
    Array.from(seats, (seat, index): [number, PhaseName] => {
      const phase = index < PHASES.length ? (round + index) % PHASES.length : random.below(PHASES.length)
      return [seat, PHASES[phase]!]
    }),
  )
}

/** Whether a client still answers in `phase`. */
export function takesPart(dropouts: Dropouts, seat: number, phase: PhaseName): boolean {
  const dropsAt = dropouts.get(seat)
  return dropsAt === undefined || PHASES.indexOf(phase) < PHASES.indexOf(dropsAt)
}

/** The clients that must be in the sum: all that send their masked input. Clients that drop out later are still in it. */
export function plannedSurvivors(clients: number, dropouts: Dropouts): readonly number[] {
  const seats = Array.from({ length: clients }, (_, seat) => seat)
  return seats.filter((seat) => takesPart(dropouts, seat, 'masked-input'))
}
