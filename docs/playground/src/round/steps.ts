import { PHASES } from 'secagg'
import { element } from '../parts/dom.js'
import { bytesText } from '../parts/numbers.js'
import type { Play } from './play.js'
import { stepText } from './texts.js'

/** Lists the phases, marks the next one, and shows the traffic of those that are over. */
export function showSteps(list: HTMLElement, play: Play): void {
  const { phase } = play
  list.replaceChildren(
    ...PHASES.map((name) => {
      const { number, sentence, name: title } = stepText(name, play.setup)
      const skipped = name === 'consistency-check' && play.setup.adversary !== 'active'
      const traffic = play.traffic.get(name)
      const state = skipped ? 'skipped' : traffic ? 'done' : name === phase ? 'next' : 'later'
      const numbers =
        traffic && `${traffic.messages} sent ${bytesText(traffic.up)}, received ${bytesText(traffic.down)}`
      return element(
        'li',
        { 'data-step': name, 'data-state': state, 'aria-current': state === 'next' ? 'step' : undefined },
        element('span', { class: 'number', 'aria-hidden': 'true' }, state === 'done' ? '✓' : String(number)),
        element(
          'div',
          {},
          element('strong', {}, title),
          element('i', { class: `token ${name}`, 'aria-hidden': 'true' }),
          skipped ? element('em', {}, ' only in the active model') : undefined,
          element('p', {}, sentence),
          numbers ? element('p', { class: 'traffic' }, numbers) : undefined,
        ),
      )
    }),
  )
}
