import { partsOf } from '../../arguments.js'
import { type PhaseName, SecAggError } from '../../errors.js'
import { type PhaseOutcome, type RoundReport, ServerSession } from '../../session/index.js'
import { systemClock } from '../clock.js'
import type { Connection } from '../connections/connection.js'
import { failureOf } from '../failures.js'
import { Ending, endBy, ignore } from '../notices.js'
import { Answers } from './answers.js'
import { type End, Seats } from './seats.js'
import {
  checkServerOptions,
  DEADLINE,
  type Patience,
  type RoundHandle,
  type RoundResult,
  type ServeRoundOptions,
  type ServerEvent,
} from './server-options.js'

/**
 * Serves one round to its clients, whenever and however often each of them connects.
 *
 *     const round = serveRound({ config, deadline: 60_000 })
 *     sockets.on('connection', (socket, request) => round.connect(seatOf(request), socketConnection(socket)))
 *     const { sum, report } = await round.outcome
 *
 * A client whose connection is lost is waited for until the deadline, and given its message again when it comes back. What
 * one client sends is taken in one message after the other, and no more is read of it while there is no room.
 *
 * @throws {SecAggError} `invalid-argument` where options do not fit.
 * @public
 */
export function serveRound(options: ServeRoundOptions): RoundHandle {
  return new RoundServer(options)
}

class RoundServer implements RoundHandle {
  readonly outcome: Promise<RoundResult>
  readonly closed: Promise<void>
  readonly #options: ServeRoundOptions
  readonly #ending = new Ending()
  readonly #opening: Promise<ServerSession>
  readonly #seats: Seats
  #session: ServerSession | undefined
  #answers: Answers | undefined
  #end: End | undefined

  constructor(given: ServeRoundOptions) {
    const options = ownOptions(given)
    checkServerOptions(options)
    this.#options = options
    this.#seats = new Seats(options, {
      opening: () => this.#opening,
      answers: () => this.#answers,
      end: () => this.#end,
      tell: (event) => this.#tell(event),
    })
    const { saved, signal } = options
    // Also where it is resumed, so that options which do not fit are refused at once.
    const session = new ServerSession(options)
    this.#opening = saved === undefined ? Promise.resolve(session) : ServerSession.resume(saved, options)
    const letGo = endBy(signal, this.#ending)
    this.outcome = this.#run().finally(letGo)
    this.closed = this.outcome.then(ignore, ignore).then(() => this.#seats.close())
  }

  get phase(): PhaseName | undefined {
    return this.#end === undefined ? this.#answers?.phase : undefined
  }

  get report(): RoundReport | undefined {
    return this.#session?.report
  }

  connect(seat: number, connection: Connection): void {
    this.#seats.connect(seat, connection)
  }

  async #run(): Promise<RoundResult> {
    try {
      const session = await this.#ending.race(this.#opening)
      this.#session = session
      for (;;) {
        const outcome = await this.#collect(session, session.phase!)
        if (!outcome.done) continue
        const { sum, configHash, report } = outcome
        this.#finish({ sum: new Set(report.survivors) })
        return { sum, configHash, report }
      }
    } catch (error) {
      const { signal } = this.#options
      const failure = failureOf(error, signal)
      const isPeers = failure instanceof SecAggError && failure.fault === 'peer'
      this.#finish(signal?.aborted ? { code: 'aborted' } : isPeers ? { code: failure.code } : 'silent')
      throw failure
    }
  }

  /** Collects the answers of the open round, and closes it. */
  async #collect(session: ServerSession, phase: PhaseName): Promise<PhaseOutcome> {
    const { config, deadline = DEADLINE, phases, clock = systemClock } = this.#options
    const waiting = session.waitingFor
    const expected = session.report.phases.at(-1)?.accepted.length ?? config.clients
    const own = phases?.[phase]
    const patience: Patience = { ...own, deadline: own?.deadline ?? deadline }
    const answers = new Answers(phase, { waiting, expected, absence: this.#seats.absence }, patience, clock)
    this.#answers = answers
    try {
      this.#emit({ type: 'phase-opened', phase, waitingFor: waiting.length })
      this.#seats.wake()
      for (let inVain = false; ; inVain = true) {
        const reason = await this.#ending.race(answers.ready(inVain))
        if (reason === 'deadline') this.#emit({ type: 'deadline', phase, missing: answers.missing })
        try {
          if (reason !== 'enough') requireAnswers(answers, patience)
          return await this.#ending.race(session.closePhase())
        } catch (error) {
          const mayAnswer = reason === 'enough' || reason === 'present'
          if (!mayAnswer || !(error instanceof SecAggError) || error.fault !== 'peer') throw error
          this.#emit({ type: 'not-enough', phase, error })
        }
      }
    } finally {
      answers.close()
      this.#seats.endUploads()
    }
  }

  #finish(end: End): void {
    this.#end = end
    this.#seats.wake()
  }

  #emit(event: ServerEvent): void {
    this.#options.onEvent?.(event)
  }

  /** As `#emit`, from where nobody would catch what the listener throws: it ends the round. */
  #tell(event: ServerEvent): void {
    try {
      this.#emit(event)
    } catch (error) {
      this.#ending.end(error)
    }
  }
}

/** A copy of the options, and of how long each message is waited for: they are used until the round is over. */
function ownOptions(given: ServeRoundOptions): ServeRoundOptions {
  const options = partsOf('the options of a round', given)
  if (options.phases === undefined) return options
  const phases = Object.entries(partsOf('what is said of single messages', options.phases))
    .filter(([, patience]) => patience !== undefined)
    .map(([round, patience]) => [round, partsOf(`what is said of ${round}`, patience)] as const)
  return { ...options, phases: Object.fromEntries(phases) }
}

function requireAnswers({ phase, answered }: Answers, { minimum = 0 }: Patience): void {
  if (answered >= minimum) return
  const text = `fewer clients have answered than minimum asks for`
  throw new SecAggError('too-few-clients', 'peer', text, { phase, expected: minimum, got: answered })
}
