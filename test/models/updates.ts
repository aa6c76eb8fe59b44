import { randomOf } from '../support/seeded.js'
import type { Tensors } from './model.js'

/** What clients send: their weights, or how much their weights have changed. */
export type Kind = 'weights' | 'changes'

/** Each value of an update differs from the model's by a fraction of it. */
const FRACTION = 0.01
const NORMALS = 2 ** 16

/** Normally distributed numbers, drawn once. */
const normals = Float32Array.from(
  { length: NORMALS },
  (() => {
    const { word } = randomOf(17)
    return () => Math.sqrt(-2 * Math.log((word() + 1) / 2 ** 32)) * Math.cos((2 * Math.PI * word()) / 2 ** 32)
  })(),
)

export type PlainUpdate = Record<string, { readonly shape: number[]; readonly data: Float32Array }>

/**
 * The update of one client in one round. Its magnitudes are those of the model: each weight w has changed by about w/100,
 * in a direction that the clients share in part. The changes become smaller from round to round, and those of some clients
 * are four times those of others.
 */
export function updateOf(tensors: Tensors, kind: Kind, round: number, seat: number): PlainUpdate {
  const common = randomOf(1000 + round)
  const own = randomOf(7919 * round + seat)
  const size = FRACTION * 0.9 ** round * (0.5 + (own.word() / 2 ** 32) * 1.5)
  const update: PlainUpdate = {}
  for (const [name, { shape, data }] of tensors) {
    const values = new Float32Array(data.length)
    for (let i = 0; i < data.length; i++) {
      const shared = normals[common.word() % NORMALS]!
      const change = size * (0.6 * shared + 0.8 * normals[own.word() % NORMALS]!)
      values[i] = data[i]! * (kind === 'weights' ? 1 + change : change)
    }
    update[name] = { shape: [...shape], data: values }
  }
  return update
}
