import { element } from './dom.js'

/** Pixels per side. */
export const SIDE = 28

/** Shows numbers as a picture: 0 is black paper, `white` the brightest ink. */
export function paint(canvas: HTMLCanvasElement, values: ArrayLike<number> | undefined, white: number): void {
  const context = canvas.getContext('2d')!
  context.clearRect(0, 0, SIDE, SIDE)
  canvas.classList.toggle('empty', values === undefined)
  if (values === undefined) return
  const image = context.createImageData(SIDE, SIDE)
  for (let pixel = 0; pixel < SIDE * SIDE; pixel++) {
    const brightness = (255 * values[pixel]!) / white
    image.data.set([brightness, brightness, brightness, 255], 4 * pixel)
  }
  context.putImageData(image, 0, 0)
}

export function picture(attributes: Readonly<Record<string, string | number>> = {}): HTMLCanvasElement {
  return element('canvas', { width: SIDE, height: SIDE, ...attributes })
}

/** Stores the numbers of a picture in its `data-values`, where tests can read them. */
export function attach(canvas: HTMLCanvasElement, values: ArrayLike<number> | undefined): void {
  if (values === undefined) delete canvas.dataset.values
  else canvas.dataset.values = Array.from(values).join(' ')
}
