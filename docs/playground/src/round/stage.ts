import type { RoundName } from 'secagg'
import { drawing, element } from '../parts/dom.js'
import { paint, picture } from '../parts/picture.js'
import type { Parcel, Play } from './play.js'
import { MODULUS } from './setup.js'

const FLIGHT = 650
/** Of the ring, in percent of the stage. */
const RADIUS = 41
/** Of the places of what the server has received. */
const TRAY_RADIUS = 26

/** The clients on a ring around the server, their masks as lines, and messages that move. */
export class Stage {
  readonly #root: HTMLElement
  readonly #press: (seat: number) => void
  readonly #lines = drawing('svg', { viewBox: '0 0 100 100', 'aria-hidden': 'true', class: 'lines' })
  readonly #center = picture({ role: 'img' })
  #trays: readonly HTMLCanvasElement[] = []
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
      place(button, seat, clients, RADIUS)
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
    this.#trays = play.pictures.map((_, seat) => {
      const tray = picture({ class: 'tray', 'aria-hidden': 'true' })
      place(tray, seat, clients, TRAY_RADIUS)
      return tray
    })
    this.#root.replaceChildren(
      this.#lines,
      server,
      ...this.#trays,
      ...this.#nodes.map(({ button }) => button),
    )
    this.show(play)
  }

  show(play: Play): void {
    const survivors = play.learned?.survivors
    for (const [seat, { button, badge }] of this.#nodes.entries()) {
      const refusal = play.refusals.get(seat)
      const left = play.gone.has(seat)
      const sent = play.masked.has(seat)
      const state = refusal ? 'refuses' : left ? 'gone' : 'there'
      button.dataset.state = state
      button.setAttribute('aria-pressed', String(left))
      button.setAttribute('aria-disabled', String(play.round === undefined || refusal !== undefined))
      badge.textContent = refusal ? '!' : left ? '×' : ''
      const told = refusal ? `refuses: ${refusal.message}` : left ? 'has dropped out' : 'takes part'
      const helper = play.cohort.helpers.has(seat) ? ', helps the server' : ''
      const arrived = sent ? ', its masked picture has arrived' : ''
      const counted =
        survivors === undefined ? arrived : survivors.includes(seat) ? ', in the sum' : ', not in the sum'
      button.setAttribute('aria-label', `Client ${seat}${helper}: ${told}${counted}`)
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
    this.#drawLines(play)
  }

  /** Moves messages between clients and server; nothing moves for those who asked for that. */
  async carry(parcels: readonly Parcel[], play: Play): Promise<void> {
    if (parcels.length === 0 || matchMedia('(prefers-reduced-motion: reduce)').matches) return
    const { width, height } = this.#root.getBoundingClientRect()
    const flights = parcels.map(({ seat, up, round, bytes }, index) => {
      const item = parcelFor(round, up, bytes)
      item.style.setProperty('--hue', String(play.keys.get(seat) ?? 230))
      this.#root.append(item)
      const [x, y] = positionOf(seat, play.pictures.length)
      const away = `translate(${((x - 50) / 100) * width}px, ${((y - 50) / 100) * height}px)`
      const frames = [{ transform: away }, { transform: 'translate(0, 0)' }]
      const timing = { duration: FLIGHT, delay: 35 * index, easing: 'ease-in-out', fill: 'both' } as const
      return item.animate(up ? frames : frames.reverse(), timing).finished.finally(() => item.remove())
    })
    await Promise.allSettled(flights)
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

  /** One line for each pair that shares a mask. */
  #drawLines({ neighbors, pictures, masked, learned, round }: Play): void {
    const collected = round === 'consistency-check' || round === 'unmasking' || learned !== undefined
    const lines = [...neighbors].flatMap(([seat, others]) =>
      others
        .filter((other) => other > seat || !neighbors.has(other))
        .map((other) => {
          const [x1, y1] = positionOf(seat, pictures.length)
          const [x2, y2] = positionOf(other, pictures.length)
          const both = masked.has(seat) && masked.has(other)
          const one = masked.has(seat) || masked.has(other)
          const state = !collected
            ? 'agreed'
            : both
              ? 'cancelled'
              : !one
                ? 'unused'
                : learned
                  ? 'removed'
                  : 'open'
          return drawing('line', { x1, y1, x2, y2, class: state })
        }),
    )
    this.#lines.replaceChildren(...lines)
  }
}

function place(target: HTMLElement, seat: number, clients: number, radius: number): void {
  const [x, y] = positionOf(seat, clients, radius)
  target.style.left = `${x}%`
  target.style.top = `${y}%`
}

/** In percent of the stage, seat 0 at the top. */
function positionOf(seat: number, clients: number, radius = RADIUS): readonly [x: number, y: number] {
  const angle = (2 * Math.PI * seat) / clients - Math.PI / 2
  return [50 + radius * Math.cos(angle), 50 + radius * Math.sin(angle)]
}

/** What a message looks like: a masked picture as what it is, everything else as a token of its kind. */
function parcelFor(round: RoundName, up: boolean, bytes: Uint8Array): HTMLElement {
  const item = element('div', { class: `parcel ${up ? 'up' : 'down'} ${round}`, 'aria-hidden': 'true' })
  if (round === 'masked-input' && up) {
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
