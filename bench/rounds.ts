import { chooseParameters } from 'secagg'
import { type RawCosts, timeRawCosts } from './limits.js'
import { type PartyTime, type RoundShape, timeRound } from './round.js'

/** A whole round beside what its masks, agreements and splits alone would cost. */
export interface RoundResult {
  readonly graph: 'complete' | 'sparse'
  readonly clients: number
  readonly length: number
  readonly dropouts: number
  readonly neighbors: number
  readonly threshold: number
  readonly timedClients: number
  readonly raw: RawCosts
  readonly server: PartyResult
  readonly client: PartyResult & { readonly bytes: number }
}

export interface PartyResult extends PartyTime {
  /** Mask streams × raw keystream + agreements × raw agreement, and for a client one split of its secrets. */
  readonly limitMs: number
  readonly ratio: number
  /** To the same with every piece of the keystream freed at once. */
  readonly strictRatio: number
}

/** What the sparse graph of the rounds here is to withstand. */
export const ASSUMPTIONS = { corruptFraction: 0.05, dropoutFraction: 0.3 } as const

export const SIZES = [
  { clients: 100, length: 1e5 },
  { clients: 100, length: 1e6 },
  { clients: 500, length: 1e5 },
  { clients: 1000, length: 1e5 },
] as const

export const DROPOUTS = [0, 0.1, 0.3] as const

export async function roundResult(
  graph: 'complete' | 'sparse',
  { clients, length, dropouts }: { clients: number; length: number; dropouts: number },
  timedClients: number,
): Promise<RoundResult> {
  const chosen =
    graph === 'complete'
      ? undefined
      : chooseParameters({ clients, ...ASSUMPTIONS, adversary: 'honest-but-curious' })
  const sparse = chosen && { neighbors: chosen.neighbors, threshold: chosen.threshold }
  const shape: RoundShape = { clients, length, dropouts, sparse }
  const neighbors = sparse?.neighbors ?? clients - 1
  const round = await timeRound(shape, timedClients)
  const raw = await timeRawCosts(4 * length, sparse?.neighbors ?? clients, round.threshold)
  const { server, client, threshold } = round
  const limited = <P extends PartyTime>(party: P, splits: number): P & PartyResult => {
    const secrets = party.agreements * raw.agreement + splits
    const limitMs = party.streams * raw.keystream + secrets
    const strictMs = party.streams * raw.freedKeystream + secrets
    return { ...party, limitMs, ratio: party.ms / limitMs, strictRatio: party.ms / strictMs }
  }
  return {
    graph,
    clients,
    length,
    dropouts,
    neighbors,
    threshold,
    timedClients: round.timedClients,
    raw,
    server: limited(server, 0),
    client: limited(client, raw.split),
  }
}
