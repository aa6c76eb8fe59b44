import type { GraphParameters } from 'secagg'
import { SeededRandom } from '../../src/simulate/simulated-clients.js'
import { type SoakOptions, STREAM } from './cohort.js'

/**
 * How a client takes part in one step. The last three are those of clients that drop out for good:
 *
 * - `message lost`: its connection goes before the server's message is there; it comes back and asks for it.
 * - `answer lost`: its connection goes with the answer under way; it comes back, asks again and answers again.
 * - `receipt lost`: the same, but by then the server has the answer, or a part of it.
 * - `asleep`: away at the deadline; comes back if the server waits for longer.
 * - `late`: its answer comes after the deadline.
 * - `silent`: its connection goes and never comes back.
 * - `halfway`: the same, with the first of several slices sent.
 */
export type Course =
  | 'plain'
  | 'message lost'
  | 'answer lost'
  | 'receipt lost'
  | 'asleep'
  | 'late'
  | 'silent'
  | 'halfway'

/** What becomes of a round: its sum; the same after the server has waited again; or too few stay, and it is given up. */
export type Ending = 'sum' | 'sum after waiting' | 'given up'

/** Who does what in a round, drawn before it. */
export class RoundPlan {
  readonly ending: Ending
  readonly #fates: ReadonlyMap<number, { readonly step: number; readonly course: Course }>

  constructor(options: SoakOptions, graph: GraphParameters, round: number) {
    const { clients, seed } = options
    const random = new SeededRandom(seed, STREAM.plan, round)
    this.ending = round % 8 === 4 ? 'sum after waiting' : round % 8 === 6 ? 'given up' : 'sum'
    const absent = random.below(Math.max(1, Math.floor((clients - graph.minimumPresent) / 2)))
    const missing = Math.min(absent, graph.dropouts)
    // Floors are nudged, and those who do not show up take their part of what may drop out with them.
    const mayDrop = Math.floor(options.dropoutFraction * (clients - missing) + 1e-9)
    const shares = this.ending === 'sum' ? [0.3, 0.4, 0.3] : [0.3, 0, 0.3]
    const dropping = shares.map((share) => Math.floor(share * mayDrop))
    const counts = [missing, ...dropping]
    // More than what may still be missing, so that the round cannot go on without them.
    const asleep = this.ending === 'sum' ? 0 : mayDrop - dropping[0]! + 1 + random.below(mayDrop + 1)

    const order = random.shuffle(Array.from({ length: clients }, (_, seat) => seat))
    const fates = new Map<number, { step: number; course: Course }>()
    for (const [step, count] of counts.entries()) {
      for (const seat of order.splice(0, count)) {
        const choices: Course[] = step === 2 ? ['late', 'silent', 'halfway'] : ['late', 'silent']
        fates.set(seat, { step, course: choices[random.below(choices.length)]! })
      }
    }
    for (const seat of order.splice(0, asleep)) fates.set(seat, { step: 2, course: 'asleep' })
    this.#fates = fates
  }

  /** The course of one client in one step; `random` is its own. */
  courseOf(seat: number, step: number, random: SeededRandom): Course {
    const fate = this.#fates.get(seat)
    if (fate?.step === step) return fate.course
    const draw = random.below(100)
    if (draw < 6) return 'message lost'
    if (draw < 12) return 'answer lost'
    return draw < 18 ? 'receipt lost' : 'plain'
  }

  /** Those whose answer counts in a step: all but those who have dropped out by then. */
  expectedIn(step: number, clients: number): number[] {
    return Array.from({ length: clients }, (_, seat) => seat).filter((seat) => {
      const fate = this.#fates.get(seat)
      if (fate === undefined || fate.step > step) return true
      return fate.course === 'asleep' && this.ending !== 'given up'
    })
  }
}
