import { element } from '../parts/dom.js'
import { SIDE } from '../parts/picture.js'
import type { Play } from './play.js'
import { MODULUS } from './setup.js'
import { sumInTheClear } from './views.js'

/** Follows one pixel through the round, in numbers. */
export class PixelTable {
  readonly #row = slider('Row', 14)
  readonly #column = slider('Column', 14)
  readonly #table = element('table')
  readonly #note = element('p', { class: 'hint' })
  #play: Play | undefined

  constructor(root: HTMLElement) {
    for (const { input } of [this.#row, this.#column]) input.addEventListener('input', () => this.#show())
    const sliders = element('div', { class: 'sliders' }, this.#row.field, this.#column.field)
    const scroll = element(
      'div',
      { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': 'The numbers' },
      this.#table,
    )
    root.append(sliders, scroll, this.#note)
  }

  show(play: Play): void {
    if (play !== this.#play) this.#goToInk(play)
    this.#play = play
    this.#show()
  }

  /** Starts at the brightest pixel of the sum. */
  #goToInk(play: Play): void {
    const sum = sumInTheClear(
      play,
      play.pictures.map((_, seat) => seat),
    )
    const pixel = sum.indexOf(Math.max(...sum))
    this.#row.input.value = String(Math.floor(pixel / SIDE))
    this.#column.input.value = String(pixel % SIDE)
  }

  #show(): void {
    const play = this.#play
    if (play === undefined) return
    const pixel = SIDE * Number(this.#row.input.value) + Number(this.#column.input.value)
    const { pictures, masked, maskedSum, learned } = play
    const rows = pictures.map((pixels, seat) => {
      const isIn = learned === undefined || learned.survivors.includes(seat)
      return row(`client ${seat}`, isIn ? pixels[pixel] : undefined, masked.get(seat)?.[pixel])
    })
    const survivors = learned?.survivors ?? pictures.map((_, seat) => seat)
    const total = row('sum', sumInTheClear(play, survivors)[pixel], maskedSum?.[pixel])
    total.className = 'total'
    const unmasked = row('the server learns', undefined, learned?.sum[pixel])
    this.#table.replaceChildren(
      element('thead', {}, row('', 'holds', 'sends', 'th')),
      element('tbody', {}, ...rows),
      element('tfoot', {}, total, unmasked),
    )
    this.#note.textContent = `All sums are modulo ${MODULUS.toLocaleString('en-US')}, so a masked number reveals nothing about the original number.`
  }
}

function row(
  name: string,
  held: string | number | undefined,
  sent: string | number | undefined,
  cell: 'td' | 'th' = 'td',
): HTMLTableRowElement {
  const text = (value: string | number | undefined): string =>
    value === undefined ? '–' : value.toLocaleString('en-US')
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, name),
    element(cell, {}, text(held)),
    element(cell, {}, text(sent)),
  )
}

function slider(
  label: string,
  value: number,
): { readonly field: HTMLElement; readonly input: HTMLInputElement } {
  const input = element('input', { type: 'range', min: 0, max: SIDE - 1, value })
  return { field: element('label', { class: 'field' }, element('span', {}, label), input), input }
}
