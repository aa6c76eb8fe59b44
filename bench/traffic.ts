import { ClientSession, chooseParameters, createRoundConfig, ServerSession } from 'secagg'
import { timeRound } from './round.js'
import { ASSUMPTIONS } from './rounds.js'

/** What one client exchanges in a round of 2^10 clients with 2^20 values of 16 bits, over the values in the clear. */
export interface TrafficResult {
  readonly graph: 'complete' | 'sparse'
  readonly neighbors: number
  readonly controlBytes: number
  readonly vectorBytes: number
  readonly expansion: number
  /** What the protocol should stay below, and on the complete graph what the paper's count gives. */
  readonly limit: number
}

const CLIENTS = 2 ** 10
const VALUES = 2 ** 20
const VALUE_BITS = 16
const LANE_BITS = 26
const SHORT = 8

export async function traffic(graph: 'complete' | 'sparse', timedClients: number): Promise<TrafficResult> {
  const chosen =
    graph === 'complete'
      ? undefined
      : chooseParameters({ clients: CLIENTS, ...ASSUMPTIONS, adversary: 'honest-but-curious' })
  const sparse = chosen && { neighbors: chosen.neighbors, threshold: chosen.threshold }
  const { client } = await timeRound({ clients: CLIENTS, length: SHORT, dropouts: 0, sparse }, timedClients)
  const vectorBytes = await fullMaskedInput()
  const controlBytes = client.bytes - (2 + 4 * SHORT)
  return {
    graph,
    neighbors: sparse?.neighbors ?? CLIENTS - 1,
    controlBytes,
    vectorBytes,
    expansion: (controlBytes + vectorBytes) / ((VALUES * VALUE_BITS) / 8),
    limit: graph === 'complete' ? 1.73 : 1.66,
  }
}

/** The bytes of one real masked input of full length; they do not depend on the number of clients. */
async function fullMaskedInput(): Promise<number> {
  const config = createRoundConfig({
    sessionId: new Uint8Array(16),
    clients: 2,
    adversary: 'honest-but-curious',
    segments: [{ length: VALUES, bits: LANE_BITS, bound: 2 ** VALUE_BITS }],
  })
  const sessions = [0, 1].map((seat) => new ClientSession({ config, seat, input: new Uint32Array(VALUES) }))
  const server = new ServerSession({ config })
  for (const [seat, session] of sessions.entries()) await server.receive(seat, await session.start())
  for (;;) {
    const outcome = await server.closePhase()
    if (outcome.done) throw new Error('the round has no masked input')
    for (const [seat, message] of outcome.messages) {
      const answer = await sessions[seat]!.receive(message)
      if (outcome.phase === 'masked-input') return answer.length
      await server.receive(seat, answer)
    }
  }
}
