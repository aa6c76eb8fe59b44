import { bytesToHex } from '../../crypto/bytes.js'
import type { RoundReport, ServerSessionOptions } from '../../session/index.js'
import { codeOf, type RoundSpans, type Span, type Tracing } from '../../telemetry/tracing.js'
import type { ServerEvent } from './server-options.js'

/** The trace of one round: a span for the round, and below it one for each phase. */
export interface RoundTrace {
  /** The place of the round's span. `undefined` if it is not recorded. */
  readonly traceParent: string | undefined
  hear(event: ServerEvent): void
  /** Ends the trace with a report or, of a round that has failed, with its error. */
  end(report: RoundReport | undefined, error?: unknown): void
}

/** What has been counted in the open phase. Individual messages are not recorded, because there may be a million of them. */
interface Counts {
  messages: number
  bytes: number
  refused: number
  reconnects: number
}

const none = (): Counts => ({ messages: 0, bytes: 0, refused: 0, reconnects: 0 })

/**
 * Begins the trace of a round, and notes its spans in `tracing.rounds` until it ends. A round that is resumed links to the span
 * `earlier` of the process that has saved it.
 */
export function traceRound(
  { begin, rounds }: Tracing,
  config: ServerSessionOptions['config'],
  { isResumed, earlier }: { readonly isResumed: boolean; readonly earlier?: string | undefined },
): RoundTrace {
  const name = bytesToHex(config.hash)
  const attributes = {
    'secagg.round_id': bytesToHex(config.sessionId),
    'secagg.clients': config.clients,
    'secagg.threshold': config.threshold,
    'secagg.adversary': config.adversary,
    'secagg.elements': config.segments.reduce((sum, { length }) => sum + length, 0),
    'secagg.resumed': isResumed,
  }
  const round = begin('round', attributes, earlier)
  const place: RoundSpans = { round, current: round }
  rounds.set(name, place)
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
    traceParent: round.traceParent,
    hear: (event) => {
      switch (event.type) {
        case 'phase-opened':
          closePhase()
          phase = round.child(event.phase, { 'secagg.waiting_for': event.waitingFor })
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
          phase?.event('not enough answers', { 'error.type': codeOf(event.error) })
          break
      }
    },
    end: (report, error) => {
      const failure = report === undefined ? codeOf(error) : undefined
      closePhase({}, failure)
      const survivors = report?.survivors.length
      round.end(survivors === undefined ? {} : { 'secagg.survivors': survivors }, failure)
      if (rounds.get(name) === place) rounds.delete(name)
    },
  }
}
