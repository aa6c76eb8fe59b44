import { HIDDEN, PARAMETERS } from '../../../examples/mnist/model.js'
import type { TrainedRound } from '../../../examples/mnist/training.js'
import { element } from '../parts/dom.js'
import { bytesText, clientsText, percent } from '../parts/numbers.js'
import { paint, picture, SIDE } from '../parts/picture.js'
import type { SeenRound } from './aggregator.js'
import { Chart } from './chart.js'

/** Bytes of an update in the clear, as 32-bit floating point numbers. */
const CLEAR = 4 * PARAMETERS

/** The charts, pictures and table of a training. */
export class Results {
  readonly #table: HTMLElement
  readonly #accuracy = new Chart({
    title: 'Accuracy',
    series: ['on 500 test images'],
    form: 'lines',
    format: (value) => `${Math.round(100 * value)} %`,
    minimumScale: 1,
  })
  readonly #time = new Chart({
    title: 'Time per round',
    series: ['training', 'protocol and test'],
    form: 'bars',
    format: (value) => `${value < 10 ? value.toFixed(1) : Math.round(value)} s`,
    minimumScale: 0.1,
  })
  readonly #bytes = new Chart({
    title: 'Bytes per client',
    series: ['sent', 'received, without the model', 'an update in the clear'],
    form: 'lines',
    format: (value) => `${Math.round(value / 1000)} kB`,
    minimumScale: CLEAR,
  })
  readonly #masked = picture({ role: 'img' })
  readonly #mean = picture({ role: 'img' })
  #rounds = 0
  #values: readonly number[][] = []

  constructor(charts: HTMLElement, table: HTMLElement) {
    this.#table = table
    const figures = [
      element(
        'figure',
        {},
        this.#masked,
        element('figcaption', {}, 'one update as the server receives it: noise'),
      ),
      element(
        'figure',
        {},
        this.#mean,
        element('figcaption', {}, 'the mean of the updates, which the server learns'),
      ),
    ]
    const note = element(
      'p',
      { class: 'hint' },
      'The 784 weights between the pixels and the first hidden unit.',
    )
    const seen = element(
      'div',
      { class: 'card chart' },
      element('h3', {}, 'What the server sees'),
      element('div', { class: 'learned' }, ...figures),
      note,
    )
    const explained = element(
      'p',
      { class: 'hint' },
      'Byte counts are for the median client among those that stayed to the end. A client that drops out after its update has arrived is still in the sum.',
    )
    table.parentElement!.append(explained)
    charts.append(this.#accuracy.root, this.#time.root, this.#bytes.root, seen)
    this.open(10)
  }

  /** Clears everything for a new training. */
  open(rounds: number): void {
    this.#rounds = rounds
    this.#values = [[], [], [], [], [], []]
    const head = ['round', 'accuracy', 'in the sum', 'dropped out', 'time', 'sent', 'received']
    this.#table.replaceChildren(
      element('caption', {}, 'The rounds, in numbers'),
      element('thead', {}, element('tr', {}, ...head.map((text) => element('th', { scope: 'col' }, text)))),
      element('tbody'),
    )
    paint(this.#masked, undefined, 1)
    paint(this.#mean, undefined, 1)
    this.#draw()
  }

  add(trained: TrainedRound, seen: SeenRound, clients: number): void {
    const { round, accuracy, result, seconds } = trained
    const training = seen.training / 1000
    const up = median(seen.traffic.map((client) => client.up))
    const down = median(seen.traffic.map((client) => client.down))
    for (const [index, value] of [accuracy, training, seconds - training, up, down, CLEAR].entries()) {
      this.#values[index]!.push(value)
    }
    this.#draw()
    this.#paint(trained, seen)
    const gone = clients - seen.traffic.length
    const row = [
      percent(accuracy),
      result.survivors.length,
      gone,
      `${seconds.toFixed(2)} s`,
      bytesText(up),
      bytesText(down),
    ]
    this.#table.querySelector('tbody')!.append(
      element(
        'tr',
        {
          'data-round': round,
          'data-accuracy': accuracy,
          'data-survivors': result.survivors.join(' '),
          title: `In the sum: ${clientsText(result.survivors)}`,
        },
        element('th', { scope: 'row' }, String(round)),
        ...row.map((text) => element('td', {}, String(text))),
      ),
    )
  }

  #draw(): void {
    const [accuracy, training, rest, up, down, clear] = this.#values
    this.#accuracy.show([accuracy!], this.#rounds)
    this.#time.show([training!, rest!], this.#rounds)
    this.#bytes.show([up!, down!, clear!], this.#rounds)
  }

  #paint({ result: { mean } }: TrainedRound, { masked }: SeenRound): void {
    const pixels = Array.from({ length: SIDE * SIDE }, (_, pixel) => pixel * HIDDEN)
    const lanes = pixels.map((at) => Number(masked[0]![at]))
    // Masked values cover nearly the whole modulus.
    paint(this.#masked, lanes, Math.max(...lanes))
    this.#masked.setAttribute('aria-label', 'Noise')
    const weights = pixels.map((at) => mean[at]!)
    const largest = Math.max(...weights.map(Math.abs), Number.MIN_VALUE)
    paint(
      this.#mean,
      weights.map((weight) => 0.5 + weight / largest / 2),
      1,
    )
    this.#mean.setAttribute(
      'aria-label',
      'A pattern: gray if a weight did not change, with strokes in the shape of digits',
    )
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[values.length >> 1] ?? 0
}
