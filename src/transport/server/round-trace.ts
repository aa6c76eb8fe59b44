import { bytesToHex } from '../../crypto/bytes.js'
import { SecAggError } from '../../errors.js'
import type { RoundReport } from '../../session/index.js'
import { type Span, type Telemetry, tracingOf } from '../../telemetry/telemetry.js'
import type { ServeRoundOptions, ServerEvent } from './server-options.js'

/** The trace of one round: a span for the round, and below it one for each phase. */
export interface RoundTrace {
  hear(event: ServerEvent): void
  /** Ends the trace with a report or, of a round that has failed, with its error. */
  end(report: RoundReport | undefined, error?: unknown): void
}

/** What has been counted in the open phase. Single messages are not recorded: there may be a million of them. */
interface Counts {
  messages: number
  bytes: number
  refused: number
  reconnects: number
}

const none = (): Counts => ({ messages: 0, bytes: 0, refused: 0, reconnects: 0 })

/**
 * Begins the trace of a round. `undefined` without telemetry.
 * @throws {SecAggError} `invalid-argument` if `createTelemetry` has not made the telemetry.
 */
export function traceRound(
  telemetry: Telemetry | undefined,
  config: ServeRoundOptions['config'],
  isResumed: boolean,
): RoundTrace | undefined {
  const tracing = tracingOf(telemetry)
  if (tracing === undefined) return undefined
  const name = bytesToHex(config.hash)
  const round = tracing.begin('round', {
    'secagg.round_id': bytesToHex(config.sessionId),
    'secagg.clients': config.clients,
    'secagg.threshold': config.threshold,
    'secagg.adversary': config.adversary,
    'secagg.elements': config.segments.reduce((sum, { length }) => sum + length, 0),
    'secagg.resumed': isResumed,
  })
  const place = { round, current: round }
  tracing.rounds.set(name, place)
  let phase: Span | undefined
  let counts = none()
  const closePhase = (attributes: Record<string, number> = {}, failure?: string): void => {
    const { messages, bytes, refused, reconnects } = counts
    phase?.end(
      {
        'secagg.messages': messages,
        'secagg.received_bytes': bytes,
        'secagg.refused_messages': refused,
        'secagg.lost_connections': reconnects,
        ...attributes,
      },
      failure,
    )
    phase = undefined
    place.current = round
    counts = none()
  }
  return {
    hear: (event) => {
      switch (event.type) {
        case 'phase-opened':
          closePhase()
          phase = round.child(event.phase, {
            'secagg.phase': event.phase,
            'secagg.waiting_for': event.waitingFor,
          })
          place.current = phase
          break
        case 'phase-closed':
          closePhase({
            'secagg.expected': event.expected.length,
            'secagg.accepted': event.accepted.length,
            'secagg.duplicates': event.duplicates,
          })
          break
        case 'message':
          counts.messages++
          counts.bytes += event.bytes
          if (event.status === 'refused') counts.refused++
          break
        case 'disconnected':
          counts.reconnects++
          break
        case 'secrets-recovered':
          phase?.event('secrets recovered', {
            'secagg.self_masks': event.selfMasks,
            'secagg.mask_keys': event.maskKeys,
            'secagg.wrong_shares': event.wrongShares,
          })
          break
        case 'deadline':
          phase?.event('deadline', { 'secagg.missing': event.missing.length })
          break
        case 'not-enough':
          phase?.event('not enough answers', { 'error.type': event.error.code })
          break
      }
    },
    end: (report, error) => {
      const failure = report === undefined ? codeOf(error) : undefined
      closePhase({}, failure)
      const survivors = report?.survivors.length
      round.end(survivors === undefined ? {} : { 'secagg.survivors': survivors }, failure)
      if (tracing.rounds.get(name) === place) tracing.rounds.delete(name)
    },
  }
}

/** A word for an error. Its text may be a host's, and name what nobody else should know. */
function codeOf(error: unknown): string {
  if (error instanceof SecAggError) return error.code
  return (error as { name?: unknown } | undefined)?.name === 'AbortError' ? 'aborted' : 'error'
}
