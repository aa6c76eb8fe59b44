import type { Points } from './points.js'
import { CLASSES } from './task.js'

const COLORS = [
  [0, 114, 178],
  [213, 94, 0],
  [0, 158, 115],
] as const

/** The number of squares in a row of the background. */
const SQUARES = 50

/** The centers of the squares of the background. */
export function squares(): Float32Array {
  const place = (index: number): number => (2 * index + 1) / SQUARES - 1
  return Float32Array.from({ length: 2 * SQUARES ** 2 }, (_, i) => {
    const square = i >> 1
    return i % 2 === 0 ? place(square % SQUARES) : place(Math.floor(square / SQUARES))
  })
}

/** Draws the points, over the class that a model gives each square if there is a model. */
export function draw(canvas: HTMLCanvasElement, points: Points, probabilities?: Float32Array): void {
  const context = canvas.getContext('2d')!
  const { width } = canvas
  context.clearRect(0, 0, width, width)
  const size = width / SQUARES
  for (let square = 0; probabilities !== undefined && square < SQUARES ** 2; square++) {
    const row = probabilities.subarray(CLASSES * square, CLASSES * (square + 1))
    const most = Math.max(...row)
    const [red, green, blue] = COLORS[row.indexOf(most)]!
    context.fillStyle = `rgb(${red} ${green} ${blue} / ${0.5 * most})`
    context.fillRect((square % SQUARES) * size, Math.floor(square / SQUARES) * size, size, size)
  }
  for (let i = 0; i < points.count; i++) {
    const [x, y] = points.positions.subarray(2 * i, 2 * i + 2)
    const [red, green, blue] = COLORS[points.classes[i]!]!
    context.fillStyle = `rgb(${red} ${green} ${blue})`
    context.beginPath()
    context.arc(((x! + 1) / 2) * width, ((y! + 1) / 2) * width, 3, 0, 2 * Math.PI)
    context.fill()
  }
}
