import { CLASSES } from './task.js'

/** Points of a square with their classes: three arms of a spiral. */
export interface Points {
  readonly count: number
  /** x and y of each point, between −1 and 1. */
  readonly positions: Float32Array
  readonly classes: Int32Array
}

/** A small reproducible generator (mulberry32), for examples and the first model. It is not for secrets. */
export function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let word = Math.imul(state ^ (state >>> 15), 1 | state)
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The examples of one page. Each page has hardly any points of one of the classes, so that it needs the other pages. */
export function drawPoints(seed: number, seat: number): Points {
  const rare = seat % CLASSES
  const random = randomFrom(1000 * seed + seat)
  return pointsOf(120 + 40 * seat, random, (label) => label !== rare || random() < 0.05)
}

/** Points of all classes, to measure how good a model is. */
export function testPoints(): Points {
  return pointsOf(600, randomFrom(-1), () => true)
}

function pointsOf(count: number, random: () => number, accepts: (label: number) => boolean): Points {
  const positions = new Float32Array(2 * count)
  const classes = new Int32Array(count)
  for (let i = 0; i < count; i++) {
    let label = Math.floor(random() * CLASSES)
    while (!accepts(label)) label = Math.floor(random() * CLASSES)
    const radius = 0.1 + 0.85 * random()
    const angle = (label / CLASSES) * 2 * Math.PI + 3 * radius + 0.5 * (random() - 0.5)
    positions.set([radius * Math.cos(angle), radius * Math.sin(angle)], 2 * i)
    classes[i] = label
  }
  return { count, positions, classes }
}
