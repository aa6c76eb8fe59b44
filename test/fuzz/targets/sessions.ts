import { Choices } from '../choices.js'
import { TROUBLES } from '../flaky-disk.js'
import {
  all,
  checkpoint,
  close,
  discardUpload,
  killServer,
  next,
  OPERATIONS,
  weather,
} from '../sessions/operations.js'
import { foreignTo, partiesOf, SCENARIOS } from '../sessions/scenarios.js'
import { type Ending, Transcript } from '../sessions/transcript.js'
import type { FuzzTarget } from '../target.js'

const ALL = OPERATIONS.indexOf(all)
const CLOSE = OPERATIONS.indexOf(close)
const NEXT = OPERATIONS.indexOf(next)
const WEATHER = OPERATIONS.indexOf(weather)
const KILL = OPERATIONS.indexOf(killServer)
/** The rounds before that of the masked input. */
const MASKED_INPUT = 2
const MOST_OPERATIONS = 200
/** Rarely the platform's own primitives, which take far longer than the toy ones. */
const REAL = 255

const endings: Record<Ending, number> = { 'exact sums': 0, 'sums with deceived clients': 0, 'no sum': 0 }
const counts = { failures: 0, 'killed servers': 0 }

/**
 * Rounds in which messages are dropped, repeated, reordered, spoiled and delivered to anybody: a round, the provider, who
 * does not start, then operations. What is on its way when they end is delivered, and the round goes on to its end.
 */
export const sessions: FuzzTarget = {
  name: 'sessions',
  sync: false,
  weight: 10,
  maximumLength: 160,
  *seeds() {
    for (const [scenario, { clients, sliceLength }] of SCENARIOS.entries()) {
      yield Uint8Array.of(scenario, 0, 0)
      yield Uint8Array.of(scenario, REAL, 1)
      const allButOne = Array((clients - 1) * (sliceLength === undefined ? 1 : 3)).fill(NEXT)
      // On what goes to clients, on their answers, and once some of those are there.
      const moments = [[], [ALL], [ALL, NEXT], [ALL, ...allButOne]]
      // The disk of the server fails while masked vectors come in, and its process is killed.
      for (const trouble of Object.values(TROUBLES)) {
        for (const operation of [close, checkpoint, killServer, discardUpload]) {
          const masking = [...Array(MASKED_INPUT).fill([ALL, ALL, CLOSE]).flat(), ALL]
          const fails = [WEATHER, scenario, trouble, 2]
          const then = [ALL, OPERATIONS.indexOf(operation), 1, ALL, KILL, ALL]
          yield Uint8Array.of(scenario, 0, 0, ...masking, ...fails, ...then)
        }
      }
      for (const rounds of [0, 1, 2, 3, 4]) {
        // Each round: clients answer, the server gets it, the round is closed.
        const before = Array(rounds).fill([ALL, ALL, CLOSE]).flat()
        for (const operation of OPERATIONS.keys()) {
          // All of them with masked vectors, which are what matters.
          const some = rounds === MASKED_INPUT ? moments : [moments[(scenario + rounds + operation) % 4]!]
          for (const moment of some) {
            const parameters = [scenario % 2 === 0 ? 0 : 7, scenario & 1, scenario >>> 1, 4]
            yield Uint8Array.of(scenario, 0, 0, ...before, ...moment, operation, ...parameters)
          }
        }
      }
    }
  },
  run: async (data) => {
    const choices = new Choices(data)
    const scenario = choices.below(SCENARIOS.length)
    const cohort = await partiesOf(scenario, choices.byte() === REAL)
    const foreign = await foreignTo(scenario)
    const transcript = new Transcript(cohort)
    const absent = choices.byte()
    for (const seat of cohort.sessions.keys()) {
      if (((absent >>> seat) & 1) === 0) await transcript.start(seat)
    }
    for (let operations = 0; !choices.done && operations < MOST_OPERATIONS; operations++) {
      await choices.pick(OPERATIONS)(transcript, choices, foreign)
    }
    cohort.disk.weather(0, 0, 0)
    // Twice, for those for whom the server had no room.
    let goesOn = true
    while (goesOn && !transcript.done) {
      await all(transcript, choices, foreign)
      await all(transcript, choices, foreign)
      goesOn = await transcript.close()
    }
    endings[transcript.ending()]++
    counts.failures += cohort.disk.failures
    counts['killed servers'] += transcript.kills
  },
  counts: () => ({ ...endings, ...counts }),
}
