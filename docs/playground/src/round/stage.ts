import type { PhaseName } from 'secagg'
import { drawing, element } from '../parts/dom.js'
import { paint, picture } from '../parts/picture.js'
import { arrowHeads, linesOf, type Position } from './lines.js'
import type { Parcel, Play } from './play.js'
import { ringOrder } from './ring.js'
import { MODULUS } from './setup.js'

const FLIGHT = 650
/** Radius of the ring, in percent of the stage. */
const RADIUS = 41
/** Radius on which the received pictures are placed. */
const TRAY_RADIUS = 26

/** The clients on a ring around the server, their masks as lines, and moving messages. */
export class Stage {
  readonly #root: HTMLElement
  readonly #press: (seat: number) => void
  readonly #lines = drawing('svg', { viewBox: '0 0 100 100', 'aria-hidden': 'true', class: 'lines' })
  readonly #center = picture({ role: 'img' })
  #trays: readonly HTMLCanvasElement[] = []
  /** The position of each seat on the ring. */
  #places: readonly number[] = []
  #nodes: readonly { button: HTMLButtonElement; canvas: HTMLCanvasElement; badge: HTMLElement }[] = []

  constructor(root: HTMLElement, press: (seat: number) => void) {
    this.#root = root
    this.#press = press
  }

  /** Shows another round from its beginning. */
  open(play: Play): void {
    const clients = play.pictures.length
    this.#nodes = play.pictures.map((pixels, seat) => {
      const canvas = picture({ 'aria-hidden': 'true' })
      paint(canvas, pixels, 255)
      const badge = element('span', { class: 'badge', 'aria-hidden': 'true' })
      const name = element('span', { class: 'seat', 'aria-hidden': 'true' }, String(seat))
      const button = element(
        'button',
        { type: 'button', class: 'client', 'data-seat': seat },
        canvas,
        name,
        badge,
      )
      button.addEventListener('click', () => this.#press(seat))
      return { button, canvas, badge }
    })
    const server = element(
      'div',
      { class: 'server' },
      this.#center,
      element('span', { class: 'server-name' }, 'server'),
    )
    this.#root.style.setProperty('--node', `${Math.min(15, 205 / clients)}cqw`)
    this.#trays = play.pictures.map(() => picture({ class: 'tray', 'aria-hidden': 'true' }))
    this.#root.replaceChildren(
      this.#lines,
      server,
      ...this.#trays,
      ...this.#nodes.map(({ button }) => button),
    )
    this.show(play)
  }

  show(play: Play): void {
    this.#arrange(play)
    const survivors = play.learned?.survivors
    for (const [seat, { button, badge }] of this.#nodes.entries()) {
      const refusal = play.refusals.get(seat)
      const left = play.gone.has(seat)
      const sent = play.masked.has(seat)
      const state = refusal ? 'refuses' : left ? 'gone' : 'there'
      button.dataset.state = state
      button.setAttribute('aria-pressed', String(left))
      button.setAttribute('aria-disabled', String(play.phase === undefined || refusal !== undefined))
      badge.textContent = refusal ? '!' : left ? '×' : ''
      const told = refusal ? `refuses: ${refusal.message}` : left ? 'dropped out' : 'takes part'
      const helper = play.cohort.helpers.has(seat) ? ', helps the server' : ''
      const arrived = sent ? ', its masked picture has arrived' : ''
      const counted =
        survivors === undefined ? arrived : survivors.includes(seat) ? ', in the sum' : ', not in the sum'
      const acknowledgers = play.acknowledgersOf(seat)
      const holders = `${acknowledgers?.length} of its ${play.holders.get(seat)?.length} holders`
      const acknowledged = acknowledgers && sent ? `, acknowledged by ${holders}` : ''
      button.setAttribute('aria-label', `Client ${seat}${helper}: ${told}${acknowledged}${counted}`)
      button.classList.toggle('helper', helper !== '')
      button.classList.toggle('sent', sent)
      const hue = play.keys.get(seat)
      button.classList.toggle('keyed', hue !== undefined)
      if (hue !== undefined) button.style.setProperty('--hue', String(hue))
    }
    for (const [seat, tray] of this.#trays.entries()) {
      const received = play.masked.get(seat)
      paint(tray, received, MODULUS)
      tray.hidden = received === undefined
    }
    this.#showCenter(play)
    this.#lines.replaceChildren(arrowHeads(), ...linesOf(play, (seat) => this.#positionOf(seat)))
  }

  /** Moves messages between clients and server, unless the visitor prefers reduced motion. */
  async carry(parcels: readonly Parcel[], play: Play): Promise<void> {
    if (parcels.length === 0 || matchMedia('(prefers-reduced-motion: reduce)').matches) return
    const { width, height } = this.#root.getBoundingClientRect()
    const flights = parcels.map(({ seat, up, phase, bytes }, index) => {
      const item = parcelFor(phase, up, bytes)
      item.style.setProperty('--hue', String(play.keys.get(seat) ?? 230))
      this.#root.append(item)
      const [x, y] = this.#positionOf(seat)
      const away = `translate(${((x - 50) / 100) * width}px, ${((y - 50) / 100) * height}px)`
      const frames = [{ transform: away }, { transform: 'translate(0, 0)' }]
      const timing = { duration: FLIGHT, delay: 35 * index, easing: 'ease-in-out', fill: 'both' } as const
      return item.animate(up ? frames : frames.reverse(), timing).finished.finally(() => item.remove())
    })
    await Promise.allSettled(flights)
  }

  /** Arranges clients by seat or, once the server has drawn a ring, by their order on the ring. */
  #arrange({ setup, neighbors, pictures }: Play): void {
    const isRing = setup.graph === 'sparse' && setup.adversary !== 'active'
    const order = ringOrder(isRing ? neighbors : new Map(), pictures.length)
    this.#places = pictures.map((_, seat) => order.indexOf(seat))
    for (const [seat, { button }] of this.#nodes.entries()) {
      place(button, this.#positionOf(seat))
      place(this.#trays[seat]!, this.#positionOf(seat, TRAY_RADIUS))
    }
  }

  /** In percent of the stage, the first place at the top. */
  #positionOf(seat: number, radius = RADIUS): Position {
    const angle = (2 * Math.PI * this.#places[seat]!) / this.#places.length - Math.PI / 2
    return [50 + radius * Math.cos(angle), 50 + radius * Math.sin(angle)]
  }

  #showCenter({ learned, maskedSum, masked }: Play): void {
    const canvas = this.#center
    if (learned !== undefined) {
      paint(canvas, learned.sum, Math.max(1, ...learned.sum))
      canvas.setAttribute('aria-label', `The sum of ${learned.survivors.length} pictures`)
    } else {
      paint(canvas, maskedSum, MODULUS)
      const text =
        masked.size === 0
          ? 'The server has no picture yet'
          : `The sum of ${masked.size} masked pictures: noise`
      canvas.setAttribute('aria-label', text)
    }
  }
}

function place(target: HTMLElement, [x, y]: Position): void {
  target.style.left = `${x}%`
  target.style.top = `${y}%`
}

/** The image of a message: a masked picture is shown as it is, any other message as a token. */
function parcelFor(phase: PhaseName, up: boolean, bytes: Uint8Array): HTMLElement {
  const item = element('div', { class: `parcel ${up ? 'up' : 'down'} ${phase}`, 'aria-hidden': 'true' })
  if (phase === 'masked-input' && up) {
    const canvas = picture()
    paint(
      canvas,
      bytes.subarray(bytes.length - 2 * 784).filter((_, index) => index % 2 === 1),
      255,
    )
    item.append(canvas)
  }
  return item
}
