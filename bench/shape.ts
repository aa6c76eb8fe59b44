import type { RoundShape } from './round.js'

/** Reads a shape in the form that `bench/against.ts` describes. */
export function parseShape(text: string): RoundShape {
  const match = /^([\de.]+)x([\de.]+)(?::(.+))?$/.exec(text)
  if (match === null) throw new Error(`${text} is not a shape`)
  const options = new Map(
    (match[3] ?? '').split(',').map((option) => {
      const [name, value] = option.split('=')
      return [name, value] as const
    }),
  )
  const [k, t] = [options.get('k'), options.get('t')]
  if ((k === undefined) !== (t === undefined)) throw new Error('give both k and t, or neither')
  return {
    clients: Number(match[1]),
    length: Number(match[2]),
    adversary: options.has('active') ? 'active' : 'honest-but-curious',
    sparse: k === undefined ? undefined : { neighbors: Number(k), threshold: Number(t) },
    dropouts: Number(options.get('drop') ?? 0),
  }
}
