import { element } from '../parts/dom.js'
import { bytesText, clientsText } from '../parts/numbers.js'
import type { Play, PlayEvent } from './play.js'
import { STEPS, stepText } from './texts.js'

/** Adds what happened to the log, as a sentence. */
export function tell(log: HTMLElement, event: PlayEvent, play: Play | undefined): void {
  const text = sentenceFor(event, play)
  if (text === undefined) return
  log.append(element('li', { class: event.kind }, text))
  log.scrollTop = log.scrollHeight
}

function sentenceFor(event: PlayEvent, play: Play | undefined): string | undefined {
  switch (event.kind) {
    case 'opened':
      return 'A new round: fresh keys, a fresh session id.'
    case 'sent': {
      if (event.seats.length === 0) return `${STEPS[event.phase].name}: nobody answered.`
      const { name, sent } = play === undefined ? STEPS[event.phase] : stepText(event.phase, play.setup)
      return `${name}: ${clientsText(event.seats)} ${sent}, ${bytesText(event.bytes)}.`
    }
    case 'dropped':
      return `Client ${event.seat} dropped out before ${event.phase ? STEPS[event.phase].name : 'the end'}.`
    case 'returned':
      return `Client ${event.seat} came back before anybody missed it.`
    case 'client-refused':
      return `Client ${event.seat} refuses (${event.error.code}): ${event.error.message}.`
    case 'server-refused':
      return `The server refuses the message from client ${event.seat} (${event.error.code}): ${event.error.message}.`
    case 'failed':
      return `The round cannot continue (${event.error.code}): ${event.error.message}.`
    case 'closed':
      return play && closedSentence(event.phase, play)
  }
}

function closedSentence(
  phase: keyof typeof STEPS,
  { learned, report, cohort, setup }: Play,
): string | undefined {
  const { threshold } = cohort.config
  const { accepted = [], expected = [] } = report.phases.find((count) => count.phase === phase) ?? {}
  const silent = expected.filter((seat) => !accepted.includes(seat))
  // The report of a lying server covers only one of its stories.
  const missed =
    silent.length === 0 || setup.server !== 'honest' ? '' : ` Nothing came from ${clientsText(silent)}.`
  if (learned === undefined) return missed === '' ? undefined : `The server continues.${missed}`
  const sharers = report.phases.find((count) => count.phase === 'share-keys')!.accepted
  const left = sharers.filter((seat) => !learned.survivors.includes(seat))
  const keys =
    left.length === 0 ? '' : ` and the mask keys of ${clientsText(left)}, whose masks did not cancel`
  return `With ${threshold} shares of each, the server recovered the seeds of ${learned.survivors.length} self-masks${keys}. It has the sum.${missed}`
}
