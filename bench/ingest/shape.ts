import { chooseParameters, createRoundConfig, type RoundConfig } from 'secagg'

/** A round to measure. Every process is started with it. */
export interface Shape {
  readonly clients: number
  /** Elements of 32 bits. */
  readonly length: number
  readonly sliceLength: number | undefined
  /** The share of clients that drop out before they send their vectors. */
  readonly dropouts: number
  /** How many connections the clients have at the same time, all together. */
  readonly connections: number
  /** Whether one process is the whole server. */
  readonly isAlone: boolean
  /** Whether the server saves its session and its result, so that they survive a power failure. */
  readonly isSaved: boolean
}

export function configOf({ clients, length, sliceLength }: Shape): RoundConfig {
  const common = {
    sessionId: new Uint8Array(32).fill(1),
    clients,
    adversary: 'honest-but-curious',
    segments: [{ length, bits: 32, bound: 'modular' }],
    sliceLength,
    minimumCohort: Math.floor(clients / 2) + 1,
  } as const
  const { graph, neighbors, threshold } = chooseParameters({
    clients,
    dropoutFraction: 0.1,
    corruptFraction: 0.05,
    adversary: 'honest-but-curious',
  })
  return graph === 'complete'
    ? createRoundConfig({ ...common, threshold: common.minimumCohort })
    : createRoundConfig({ ...common, graph: { neighbors, assumptions: 'unproven' }, threshold })
}

/** Which seats drop out: spread evenly. */
export function dropsIn({ clients, dropouts }: Shape): (seat: number) => boolean {
  const count = Math.round(clients * dropouts)
  return (seat) => Math.floor(((seat + 1) * count) / clients) > Math.floor((seat * count) / clients)
}

export function survivorsOf(shape: Shape): number {
  return shape.clients - Math.round(shape.clients * shape.dropouts)
}
