import { drawing, element } from '../parts/dom.js'

/** What a chart shows. */
export interface ChartText {
  readonly title: string
  readonly series: readonly string[]
  /** Bars are stacked; lines are not. */
  readonly form: 'lines' | 'bars'
  /** Formats a value for people. */
  format(value: number): string
  /** The scale reaches at least this value. */
  readonly minimumScale: number
}

const WIDTH = 340
const HEIGHT = 190
const LEFT = 58
const RIGHT = 12
const TOP = 12
const BOTTOM = 26
const INNER = HEIGHT - TOP - BOTTOM

/** A small chart over the rounds of a training, redrawn for every new value. */
export class Chart {
  readonly root: HTMLElement
  readonly #text: ChartText
  readonly #svg: SVGSVGElement = drawing('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img' })

  constructor(text: ChartText) {
    this.#text = text
    const keys = text.series.map((name, index) =>
      element('li', {}, element('i', { class: `key series-${index}`, 'aria-hidden': 'true' }), name),
    )
    this.root = element(
      'figure',
      { class: 'card chart' },
      element('figcaption', {}, element('h3', {}, text.title), element('ul', { class: 'legend' }, ...keys)),
      this.#svg,
    )
  }

  /** @param values - For each series, one value per round so far. @param rounds - The total number of rounds. */
  show(values: readonly (readonly number[])[], rounds: number): void {
    const { form, format, series, title, minimumScale } = this.#text
    const done = values[0]!.length
    const top = (round: number): number =>
      form === 'bars'
        ? values.reduce((sum, one) => sum + one[round]!, 0)
        : Math.max(...values.map((one) => one[round]!))
    const scale = niceScale(Math.max(minimumScale, ...values[0]!.map((_, round) => top(round))))
    const step = (WIDTH - LEFT - RIGHT) / rounds
    const xOf = (round: number): number => LEFT + step * (round + 0.5)
    const yOf = (value: number): number => TOP + INNER * (1 - value / scale)
    const parts: SVGElement[] = [0, 0.5, 1].flatMap((part) => {
      const y = yOf(scale * part)
      const label = drawing('text', { x: LEFT - 8, y: y + 4, class: 'tick end' }, format(scale * part))
      return [drawing('line', { x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y, class: 'grid' }), label]
    })
    for (const round of ticks(rounds)) {
      parts.push(drawing('text', { x: xOf(round), y: HEIGHT - 8, class: 'tick middle' }, String(round + 1)))
    }
    if (form === 'bars') parts.push(...bars(values, step, xOf, yOf))
    else parts.push(...values.flatMap((one, index) => line(one, index, xOf, yOf)))
    this.#svg.replaceChildren(...parts)
    const latest = series.map((name, index) => `${name} ${format(values[index]![done - 1] ?? 0)}`).join(', ')
    this.#svg.setAttribute(
      'aria-label',
      done === 0 ? `${title}: no round yet` : `${title}, round ${done}: ${latest}`,
    )
  }
}

type Place = (value: number) => number

function line(values: readonly number[], index: number, xOf: Place, yOf: Place): readonly SVGElement[] {
  const points = values.map((value, round) => `${xOf(round)},${yOf(value)}`).join(' ')
  const dots = values.map((value, round) =>
    drawing('circle', { cx: xOf(round), cy: yOf(value), r: 3.2, class: `series-${index}` }),
  )
  return [drawing('polyline', { points, class: `series-${index}` }), ...dots]
}

function bars(
  values: readonly (readonly number[])[],
  step: number,
  xOf: Place,
  yOf: Place,
): readonly SVGElement[] {
  const width = Math.min(26, step * 0.7)
  return values[0]!.flatMap((_, round) => {
    let below = 0
    return values.map((one, index) => {
      const y = yOf(below + one[round]!)
      const height = yOf(below) - y
      below += one[round]!
      return drawing('rect', { x: xOf(round) - width / 2, y, width, height, class: `series-${index}` })
    })
  })
}

/** The smallest round number that is not below `value`. */
function niceScale(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return (
    [1, 1.5, 2, 3, 4, 6, 8, 10].map((factor) => factor * power).find((scale) => scale >= value * 0.999) ??
    10 * power
  )
}

/** The rounds that are numbered on the axis. */
function ticks(rounds: number): readonly number[] {
  const every = Math.ceil(rounds / 10)
  return Array.from({ length: rounds }, (_, round) => round).filter((round) => (round + 1) % every === 0)
}
