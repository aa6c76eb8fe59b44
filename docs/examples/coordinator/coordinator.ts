import { randomBytes } from 'node:crypto'
import { defaultCrypto, ed25519Verifier, SecAggError, type VerifyIdentity } from 'secagg'
import { type RoundHandle, type ServerEvent, serveRound, socketConnection } from 'secagg/transport'
import type { WebSocket } from 'ws'
import type { Enrolment } from './enrolment.js'
import { offerText } from './handshake.js'
import { log } from './log.js'
import type { Metrics } from './metrics.js'
import type { OpenRound, Result, Store } from './store.js'
import { configOf, type RoundId } from './task.js'

export interface CoordinatorOptions {
  readonly enrolment: Enrolment
  readonly store: Store
  readonly metrics: Metrics
  /** How long each phase of a round waits for answers, in milliseconds. */
  readonly deadline: number
}

/** How long a round waits for a client that has lost its connection, in milliseconds. It tries again after one second. */
const RECONNECT_TIME = 10_000

/** Runs round after round. */
export class Coordinator {
  readonly #options: CoordinatorOptions
  /** Clients that wait for the next round. */
  readonly #lobby = new Map<number, WebSocket>()
  #filled = (): void => {}
  #open: { readonly name: RoundId; readonly served: RoundHandle } | undefined

  constructor(options: CoordinatorOptions) {
    this.#options = options
  }

  /** The current state, for the operators of the server. */
  get state(): {
    readonly round: number | undefined
    readonly phase: string | undefined
    readonly waiting: number
  } {
    const { name, served } = this.#open ?? {}
    return { round: name?.round, phase: served?.phase, waiting: this.#lobby.size }
  }

  /** Call this when a client has connected, or connected again. */
  enter(seat: number, socket: WebSocket): void {
    if (this.#open !== undefined) {
      this.#join(seat, socket)
      return
    }
    this.#lobby.get(seat)?.close(1000, 'replaced')
    this.#lobby.set(seat, socket)
    socket.once('close', () => {
      if (this.#lobby.get(seat) === socket) this.#lobby.delete(seat)
    })
    this.#filled()
  }

  /** Runs rounds, beginning with the one that was open when an earlier process ended. */
  async run(rounds: number): Promise<void> {
    const { store, enrolment } = this.#options
    const { ed25519 } = await defaultCrypto()
    const verifyIdentity = ed25519Verifier((seat) => enrolment.publicKeys[seat], ed25519)
    for (let count = 0; count < rounds; count++) {
      const open = (await store.openRound()) ?? (await this.#begin())
      await this.#serve(open, verifyIdentity)
    }
  }

  /** Begins a new round once enough clients wait for one. */
  async #begin(): Promise<OpenRound> {
    const { store, enrolment } = this.#options
    const name = { round: (await store.lastRound()) + 1, sessionId: Uint8Array.from(randomBytes(32)) }
    const { minimumCohort } = configOf(name, enrolment)
    while (this.#lobby.size < minimumCohort) {
      await new Promise<void>((resolve) => {
        this.#filled = resolve
      })
    }
    await store.save(name)
    return { ...name, saved: undefined }
  }

  async #serve({ saved, ...name }: OpenRound, verifyIdentity: VerifyIdentity): Promise<void> {
    const { enrolment, store, metrics, deadline } = this.#options
    const { round } = name
    metrics.set('round', round)
    log(saved === undefined ? 'round opened' : 'round resumed', { round })
    const served = serveRound({
      config: configOf(name, enrolment),
      verifyIdentity,
      saved,
      deadline,
      reconnectTime: RECONNECT_TIME,
      // Longer than any message here takes to arrive.
      maximumSilence: 30_000,
      save: (session) => store.save(name, session),
      onEvent: (event) => this.#note(round, event),
    })
    this.#open = { name, served }
    for (const [seat, socket] of this.#lobby) this.#join(seat, socket)
    this.#lobby.clear()
    const result = await resultOf(round, served)
    // If this process ends before that, the next one computes the sum again from the saved session.
    await store.finish(result)
    await served.closed
    this.#open = undefined
    const failed = 'failed' in result
    metrics.count('rounds_total', failed ? 'failed' : 'finished')
    if (!failed) metrics.set('survivors', result.survivors.length)
    log(
      'round over',
      failed ? { round, failed: result.failed } : { round, survivors: result.survivors.length },
    )
  }

  /** Offers the round to a client. From here on, the socket carries the messages of the round. */
  #join(seat: number, socket: WebSocket): void {
    if (this.#open === undefined || socket.readyState !== socket.OPEN) return
    socket.send(offerText(this.#open.name))
    this.#open.served.connect(seat, socketConnection(socket))
  }

  #note(round: number, event: ServerEvent): void {
    const { metrics } = this.#options
    switch (event.type) {
      case 'message':
        metrics.count('messages_total', event.status)
        if (event.error !== undefined)
          log('message refused', { round, seat: event.seat, code: event.error.code })
        return
      case 'shut-out':
        metrics.count('shut_out_total', event.code)
        log('shut out', { round, seat: event.seat, code: event.code })
        return
      case 'failed':
        log('failed', { round, seat: event.seat, error: String(event.error) })
        return
      case 'not-enough':
        log(event.type, { round, phase: event.phase, code: event.error.code })
        return
      case 'phase-opened':
        log('collecting', { round, phase: event.phase, waitingFor: event.waitingFor })
        return
      case 'phase-closed':
        metrics.count('answers_missing_total', event.phase, event.expected.length - event.accepted.length)
        log('collected', { round, phase: event.phase, answers: event.accepted.length })
        return
      case 'slice-folded':
        return
      case 'secrets-recovered':
        metrics.count('secrets_recovered_total', 'survivor', event.selfMasks)
        metrics.count('secrets_recovered_total', 'dropout', event.maskKeys)
        log(event.type, { round, survivors: event.selfMasks, dropouts: event.maskKeys })
        return
      case 'deadline':
        log(event.type, { round, phase: event.phase, missing: event.missing })
        return
      case 'uploads-changed':
        return
      default:
        log(event.type, { round, seat: event.seat })
    }
  }
}

/** @throws an error that clients did not cause, such as a failure of the store. The round can then be resumed. */
async function resultOf(round: number, served: RoundHandle): Promise<Result> {
  try {
    const { sum, report } = await served.outcome
    return { round, survivors: report.survivors, sum: Array.from(sum[0]!, Number) }
  } catch (error) {
    if (error instanceof SecAggError && error.fault === 'peer') return { round, failed: error.code }
    throw error
  }
}
