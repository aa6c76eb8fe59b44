import { element } from '../parts/dom.js'
import { clientsText } from '../parts/numbers.js'
import type { Play } from './play.js'
import { VICTIM } from './setup.js'
import { sumInTheClear } from './views.js'

/** Shows the result of the round once it is over, and which clients refused to continue. */
export function showVerdict(root: HTMLElement, play: Play): void {
  const parts = [...refusalsOf(play), ...endOf(play)]
  root.dataset.result = resultOf(play)
  root.dataset.survivors = (play.learned?.survivors ?? []).join(' ')
  // Screen readers announce every change, so do not touch it unless it changes.
  const all = parts.map(([, text]) => text).join(' ')
  if (root.dataset.said === all) return
  root.dataset.said = all
  root.replaceChildren(...parts.map(([kind, text]) => element('p', { class: kind }, text)))
}

type Line = readonly [kind: 'good' | 'bad' | 'info', text: string]

function resultOf({ learned, failure }: Play): string {
  if (failure !== undefined) return failure.code
  if (learned === undefined) return 'open'
  return learned.stolen === undefined ? 'sum' : 'stolen'
}

function refusalsOf({ refusals }: Play): readonly Line[] {
  const reasons = new Map<string, number[]>()
  for (const [seat, { code }] of refusals) reasons.set(code, [...(reasons.get(code) ?? []), seat])
  return [...reasons].map(([code, seats]) => {
    const { message } = refusals.get(seats[0]!)!
    const verb = seats.length === 1 ? 'refuses' : 'refuse'
    return ['good', `${capital(clientsText(seats))} ${verb} to continue (${code}): “${message}”.`]
  })
}

function endOf(play: Play): readonly Line[] {
  const { learned, failure, setup } = play
  if (failure !== undefined) {
    const text = `There is no sum (${failure.code}): “${failure.message}”.`
    return [
      setup.server === 'honest'
        ? ['info', `${text} Nobody learned anything.`]
        : ['good', `${text} The lying server learned nothing.`],
    ]
  }
  if (learned === undefined) return []
  const { sum, survivors, stolen } = learned
  const clear = sumInTheClear(play, survivors)
  const exact = sum.every((value, pixel) => value === clear[pixel])
  const without = play.pictures.map((_, seat) => seat).filter((seat) => !survivors.includes(seat))
  const missing = without.length === 0 ? '' : ` It does not include ${clientsText(without)}.`
  const lines: Line[] = [
    exact
      ? [
          'good',
          `The sum is exactly the sum of the ${survivors.length} pictures, in all ${sum.length} pixels.${missing}`,
        ]
      : ['bad', 'The sum is not the sum of the pictures.'],
  ]
  if (setup.server === 'honest') return lines
  const got = stolen?.every((value, pixel) => value === play.pictures[VICTIM]![pixel])
  if (!got) return [...lines, ['good', `The lying server did not get the picture of client ${VICTIM}.`]]
  const text = `The lying server has every pixel of the picture of client ${VICTIM}: ${HOW[setup.server]}. The honest-but-curious model does not protect against this attack; the active model does.`
  return [['bad', text], ...lines]
}

const HOW = {
  'invented-clients': 'all other clients in its sum were the server’s own, with empty pictures',
  'two-stories': 'it subtracted the sum without this picture from the sum with it',
} as const

function capital(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1)
}
