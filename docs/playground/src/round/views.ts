import { byId, element } from '../parts/dom.js'
import { clientsText } from '../parts/numbers.js'
import { attach, paint, picture } from '../parts/picture.js'
import type { Play } from './play.js'
import { MODULUS, VICTIM } from './setup.js'

/** Shows what each side has: the clients have their pictures, the server has noise and finally the sum. */
export function showViews(play: Play): void {
  const { pictures, masked, maskedSum, learned } = play
  const isCounted = (seat: number): boolean => learned === undefined || learned.survivors.includes(seat)
  byId('held').replaceChildren(
    ...pictures.map((pixels, seat) => pictureOf(seat, pixels, 255, isCounted(seat), 'held by')),
  )
  byId('received').replaceChildren(
    ...pictures.map((_, seat) => pictureOf(seat, masked.get(seat), MODULUS, true, 'received from')),
  )
  const maskedSumCanvas = byId<HTMLCanvasElement>('masked-sum')
  paint(maskedSumCanvas, maskedSum, MODULUS)
  maskedSumCanvas.setAttribute('aria-label', maskedSum ? 'Noise' : 'Nothing yet')
  const sum = byId<HTMLCanvasElement>('sum')
  paint(sum, learned?.sum, Math.max(1, ...(learned?.sum ?? [])))
  attach(sum, learned?.sum)
  sum.setAttribute(
    'aria-label',
    learned ? `The sum of the pictures of ${clientsText(learned.survivors)}` : 'Nothing yet',
  )
  showStolen(play)
}

function showStolen({ learned, setup }: Play): void {
  const canvas = byId<HTMLCanvasElement>('stolen')
  byId('stolen-figure').hidden = setup.server === 'honest'
  paint(canvas, learned?.stolen, 255)
  attach(canvas, learned?.stolen)
  canvas.setAttribute('aria-label', learned?.stolen ? `The picture of client ${VICTIM}` : 'Nothing')
}

function pictureOf(
  seat: number,
  values: ArrayLike<number> | undefined,
  white: number,
  counted: boolean,
  how: string,
): HTMLElement {
  const label =
    values === undefined
      ? `Nothing ${how} client ${seat}`
      : `${white === 255 ? 'A digit' : 'Noise'} ${how} client ${seat}`
  const canvas = picture({ role: 'img', 'aria-label': label })
  paint(canvas, values, white)
  attach(canvas, values)
  return element(
    'li',
    { 'data-seat': seat, class: counted ? '' : 'left-out' },
    canvas,
    element('span', { 'aria-hidden': 'true' }, String(seat)),
  )
}

/** Σ x over the survivors, added in the clear: the sum that the protocol must give. */
export function sumInTheClear({ pictures }: Play, survivors: readonly number[]): Uint16Array {
  const sum = new Uint16Array(pictures[0]!.length)
  for (const seat of survivors) {
    for (let pixel = 0; pixel < sum.length; pixel++) sum[pixel]! += pictures[seat]![pixel]!
  }
  return sum
}
