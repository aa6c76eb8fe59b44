import { bytesToHex } from '../crypto/bytes.js'
import { SecAggError } from '../errors.js'
import type { RoundSpans, RoundTrace, Span, TracedConfig } from './tracing.js'

/** What has been counted in the open phase. Single messages are not recorded: there may be a million of them. */
interface Counts {
  messages: number
  bytes: number
  refused: number
  reconnects: number
}

const none = (): Counts => ({ messages: 0, bytes: 0, refused: 0, reconnects: 0 })

/** Begins the trace of a round with `begin`, and notes its spans in `rounds` until it ends. */
export function traceRound(
  rounds: Map<string, RoundSpans>,
  begin: Span['child'],
  config: TracedConfig,
  isResumed: boolean,
): RoundTrace {
  const name = bytesToHex(config.hash)
  const round = begin('round', {
    'secagg.round_id': bytesToHex(config.sessionId),
    'secagg.clients': config.clients,
    'secagg.threshold': config.threshold,
    'secagg.adversary': config.adversary,
    'secagg.elements': config.segments.reduce((sum, { length }) => sum + length, 0),
    'secagg.resumed': isResumed,
  })
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
    hear: (event) => {
      switch (event.type) {
        case 'phase-opened':
          closePhase()
          phase = round.child(event.phase ?? 'phase', { 'secagg.waiting_for': event.waitingFor ?? 0 })
          place.current = phase
          break
        case 'phase-closed':
          closePhase({
            'secagg.expected': event.expected?.length ?? 0,
            'secagg.accepted': event.accepted?.length ?? 0,
            'secagg.duplicates': event.duplicates ?? 0,
          })
          break
        case 'message':
          counts.messages++
          counts.bytes += event.bytes ?? 0
          if (event.status === 'refused') counts.refused++
          break
        case 'disconnected':
          counts.reconnects++
          break
        case 'secrets-recovered':
          phase?.event('secrets recovered', {
            'secagg.self_masks': event.selfMasks ?? 0,
            'secagg.mask_keys': event.maskKeys ?? 0,
            'secagg.wrong_shares': event.wrongShares ?? 0,
          })
          break
        case 'deadline':
          phase?.event('deadline', { 'secagg.missing': event.missing?.length ?? 0 })
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

/** A word for an error. Its text may be a host's, and name what nobody else should know. */
function codeOf(error: unknown): string {
  if (error instanceof SecAggError) return error.code
  return (error as { name?: unknown } | undefined)?.name === 'AbortError' ? 'aborted' : 'error'
}
