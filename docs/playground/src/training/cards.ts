import type { PhaseName } from 'secagg'
import { type Dropouts, takesPart } from '../../../examples/mnist/dropouts.js'
import { element } from '../parts/dom.js'
import { STEPS } from '../round/texts.js'

/** A card for each worker that shows its clients and what they are doing. */
export class WorkerCards {
  readonly #root: HTMLElement
  #clients = new Map<number, HTMLElement>()

  constructor(root: HTMLElement) {
    this.#root = root
  }

  open(groups: readonly (readonly number[])[]): void {
    this.#clients = new Map()
    const cards = groups.map((seats, index) => {
      const chips = seats.map((seat) => {
        const state = element('span', { class: 'state' }, 'waiting')
        const chip = element('li', { 'data-seat': seat }, element('b', {}, String(seat)), state)
        this.#clients.set(seat, chip)
        return chip
      })
      return element(
        'div',
        { class: 'card worker' },
        element('h3', {}, `Worker ${index + 1}`),
        element('ul', {}, ...chips),
      )
    })
    this.#root.replaceChildren(...cards)
  }

  /** A phase has begun: clients that drop out before it are gone. */
  begin(phase: PhaseName, dropouts: Dropouts): void {
    for (const seat of this.#clients.keys()) {
      if (!takesPart(dropouts, seat, phase)) this.mark(seat, 'gone', 'dropped out')
      else if (phase === 'advertise-keys') this.mark(seat, 'there', 'waiting')
    }
  }

  /** A client has sent its message of a phase. */
  sent(seat: number, phase: PhaseName): void {
    this.mark(seat, 'sent', STEPS[phase].message)
  }

  mark(seat: number, state: 'there' | 'training' | 'sent' | 'gone', text: string): void {
    const chip = this.#clients.get(seat)
    if (chip === undefined) return
    chip.dataset.state = state
    chip.querySelector('.state')!.textContent = text
  }
}
