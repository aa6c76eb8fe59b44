import { partsOf } from '../../arguments.js'
import { type PhaseName, SecAggError } from '../../errors.js'
import {
  type PhaseOutcome,
  type RoundReport,
  ServerSession,
  type ServerSessionEvent,
  type SumSink,
} from '../../session/index.js'
import { splitSaved, tracingOf, withTraceParent } from '../../telemetry/tracing.js'
import { systemClock } from '../clock.js'
import type { Connection } from '../connections/connection.js'
import { failureOf } from '../failures.js'
import { Ending, endBy, ignore } from '../notices.js'
import { Answers } from './answers.js'
import { type RoundTrace, traceRound } from './round-trace.js'
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
 * Runs the server's side of one round. Clients may connect at any time, and again after they have lost a connection.
 *
 * If a client loses its connection, the round waits for it until the deadline. When the client comes back, it receives the
 * message of the phase again. The messages of one client are handled one after the other. While there is no room for more,
 * nothing is read from the client.
 *
 * @param options The configuration, deadlines, limits, and how to save and resume.
 * @returns The round, which starts immediately. Pass each client's connection to its `connect`, and wait for its `outcome`.
 * @throws {SecAggError} `invalid-argument` if options are wrong; `unsupported` if there is no `clock`, and the host has no
 *   `setTimeout`.
 * @example
 * ```ts
 * import { createRoundConfig } from 'secagg'
 * import { connectionPair, runClient, serveRound } from 'secagg/transport'
 *
 * const config = createRoundConfig({
 *   sessionId: crypto.getRandomValues(new Uint8Array(32)), // the server chooses it, and sends it to the clients
 *   clients: 3,
 *   adversary: 'honest-but-curious',
 *   segments: [{ length: 2, bits: 16, bound: 1000 }],
 * })
 * const round = serveRound({ config, deadline: 5000 })
 * for (const seat of [0, 1, 2]) {
 *   const connect = () => {
 *     const [ours, theirs] = connectionPair() // in a real program: socketConnection(socket), once authenticated
 *     round.connect(seat, theirs)
 *     return ours
 *   }
 *   runClient(connect, { config, seat, input: [Uint16Array.of(seat, 100)] }) // in a real program: elsewhere
 * }
 * console.log((await round.outcome).sum) // [ Uint16Array(2) [ 3, 300 ] ]
 * await round.closed
 * ```
 * @public
 */
export function serveRound<Sink extends SumSink | undefined = undefined>(
  options: ServeRoundOptions<Sink>,
): RoundHandle<Sink> {
  return new RoundServer(options)
}

class RoundServer<Sink extends SumSink | undefined> implements RoundHandle<Sink> {
  readonly outcome: Promise<RoundResult<Sink>>
  readonly closed: Promise<void>
  readonly #options: ServeRoundOptions<Sink>
  readonly #ending = new Ending()
  readonly #opening: Promise<ServerSession<Sink>>
  readonly #seats: Seats
  readonly #trace: RoundTrace | undefined
  #session: ServerSession<Sink> | undefined
  #answers: Answers | undefined
  /** The session's last `phase-opened` event. */
  #opened: ServerSessionEvent | undefined
  #end: End | undefined
  /** Whether `saveResult` was called: what it stores must be what the clients hear. */
  #saving = false

  constructor(given: ServeRoundOptions<Sink>) {
    const checked = ownOptions(given)
    checkServerOptions(checked)
    const tracing = tracingOf(checked.telemetry)
    const { saved } = checked
    const options = {
      ...checked,
      save: tracing === undefined ? checked.save : this.#withTrace(checked.save),
      saveResult: this.#unlessEnded(checked.saveResult),
    }
    this.#options = options
    this.#seats = new Seats(checked, {
      opening: () => this.#opening,
      answers: () => this.#answers,
      end: () => this.#end,
      tell: (event) => this.#tell(event),
    })
    const { signal } = options
    // Made even if the round is resumed, so that wrong options throw immediately.
    const onEvent = (event: ServerSessionEvent): void => this.#hear(event)
    const session = new ServerSession({ ...options, onEvent: saved === undefined ? onEvent : undefined })
    this.#opening =
      saved === undefined ? Promise.resolve(session) : ServerSession.resume(saved, { ...options, onEvent })
    const isResumed = saved !== undefined
    const earlier = saved && splitSaved(saved).traceParent
    this.#trace = tracing && traceRound(tracing, options.config, { isResumed, earlier })
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

  async #run(): Promise<RoundResult<Sink>> {
    try {
      const session = await this.#ending.race(this.#opening)
      this.#session = session
      for (;;) {
        const outcome = await this.#collect(session, session.phase!)
        if (!outcome.done) continue
        const { done: _, ...result } = outcome
        this.#trace?.end(result.report)
        this.#finish({ sum: new Set(result.report.survivors) })
        return result as RoundResult<Sink>
      }
    } catch (error) {
      const { signal } = this.#options
      const failure = failureOf(error, signal)
      const isPeers = failure instanceof SecAggError && failure.fault === 'peer'
      this.#trace?.end(undefined, signal?.aborted ? { name: 'AbortError' } : failure)
      this.#finish(signal?.aborted ? { code: 'aborted' } : isPeers ? { code: failure.code } : 'silent')
      await this.#session?.abandon({ resumable: this.#end === 'silent' })
      throw failure
    }
  }

  /** Which seats may still answer in the open phase, and how many have. */
  #standing(session: ServerSession<Sink>): { waiting: readonly number[]; answered: number } {
    const waiting = session.waitingFor
    const expected = session.report.phases.at(-1)?.accepted.length ?? this.#options.config.clients
    return { waiting, answered: expected - waiting.length - session.complaining.length }
  }

  /** Collects the answers of the open phase, and closes it. */
  async #collect(session: ServerSession<Sink>, phase: PhaseName): Promise<PhaseOutcome<Sink>> {
    const { deadline = DEADLINE, phases, clock = systemClock } = this.#options
    const { absence } = this.#seats
    const own = phases?.[phase]
    const patience: Patience = { ...own, deadline: own?.deadline ?? deadline }
    const answers = new Answers(phase, { ...this.#standing(session), absence }, patience, clock)
    this.#answers = answers
    try {
      if (this.#opened !== undefined) this.#emit(this.#opened)
      this.#seats.wake()
      for (let inVain = false; ; inVain = true) {
        const reason = await this.#ending.race(answers.ready(inVain))
        if (reason === 'deadline') this.#emit({ type: 'deadline', phase, missing: answers.missing })
        try {
          if (reason !== 'enough') requireAnswers(answers, patience)
          return await this.#close(session)
        } catch (error) {
          const mayAnswer = reason === 'enough' || reason === 'present'
          if (!mayAnswer || !(error instanceof SecAggError) || error.fault !== 'peer') throw error
          if (error.code === 'wrong-mask-secret') throw error // no further answers change that
          this.#emit({ type: 'not-enough', phase, error })
        }
      }
    } finally {
      answers.close()
      this.#seats.endUploads()
    }
  }

  /** Closes the open phase. An end of the round has no effect while the result is stored, unless that fails. */
  #close(session: ServerSession<Sink>): Promise<PhaseOutcome<Sink>> {
    const closing = session.closePhase()
    return this.#ending.race(closing).catch((error: unknown) => {
      if (this.#saving) return closing
      throw error
    })
  }

  /** Stores no result once the round has ended without one. */
  #unlessEnded(saveResult: ServeRoundOptions<Sink>['saveResult']): typeof saveResult {
    return (
      saveResult &&
      ((result) => {
        if (this.#ending.over) throw this.#ending.reason
        this.#saving = true
        return saveResult(result)
      })
    )
  }

  /** Saves where the round is in its trace, too, so that the process that resumes it can link to that. */
  #withTrace(save: ServeRoundOptions<Sink>['save']): typeof save {
    return save && ((bytes) => save(withTraceParent(this.#trace?.traceParent, bytes)))
  }

  #finish(end: End): void {
    this.#end = end
    this.#seats.wake()
  }

  /** Holds back `phase-opened` until the deadline of the phase has started. */
  #hear(event: ServerSessionEvent): void {
    if (event.type === 'phase-opened') {
      this.#opened = event
      return
    }
    const session = this.#session
    if (event.type === 'uploads-changed' && session?.phase === event.phase) {
      if (this.#answers?.phase === event.phase) this.#answers.update(this.#standing(session))
      this.#seats.wake()
    }
    this.#tell(event)
  }

  #emit(event: ServerEvent): void {
    this.#trace?.hear(event)
    this.#options.onEvent?.(event)
  }

  /** Like `#emit`, for callers that must not throw: an error of the listener ends the round. */
  #tell(event: ServerEvent): void {
    try {
      this.#emit(event)
    } catch (error) {
      this.#ending.end(error)
    }
  }
}

/** Copies the options, including those of single phases, because they are used until the round is over. */
function ownOptions<Sink extends SumSink | undefined>(
  given: ServeRoundOptions<Sink>,
): ServeRoundOptions<Sink> {
  const options = partsOf('the options of a round', given)
  if (options.phases === undefined) return options
  const phases = Object.entries(partsOf('phases', options.phases))
    .filter(([, patience]) => patience !== undefined)
    .map(([phase, patience]) => [phase, partsOf(`the options of phase ${phase}`, patience)] as const)
  return { ...options, phases: Object.fromEntries(phases) }
}

function requireAnswers({ phase, answered }: Answers, { minimum = 0 }: Patience): void {
  if (answered >= minimum) return
  const text = 'fewer clients have answered than `minimum` requires'
  throw new SecAggError('too-few-clients', 'peer', text, { phase, expected: minimum, got: answered })
}
