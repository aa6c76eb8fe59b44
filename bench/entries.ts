import { createRoundConfig } from 'secagg'
import { nodeCrypto } from 'secagg/crypto'
import { drawGraph, graphOf } from '../src/graph/index.js'
import { bytesToForward } from '../src/protocol/server/sealed-shares.js'
import { SEALED_SHARES_LENGTH } from '../src/wire/index.js'
import { publishedEntries } from '../src/wire/published-entries.js'
import type { Candidate } from './measure.js'

/**
 * How a server moves the entries of a round, n·k of each kind, in units of a thousand: sealed shares, which come by sender and leave
 * by receiver, and on the sparse graph keys, which are copied for all neighbors. The first candidate is a copy of the messages with
 * the sealed shares.
 */
export function entryMoves(seats: number, neighbors?: number): Candidate[] {
  const crypto = nodeCrypto()!
  const config = createRoundConfig({
    sessionId: crypto.randomBytes(32),
    clients: seats,
    adversary: 'honest-but-curious',
    graph: neighbors === undefined ? 'complete' : { neighbors, assumptions: 'unproven' },
    threshold: neighbors === undefined ? undefined : (neighbors >> 1) + 1,
    minimumCohort: (seats >> 1) + 1,
    segments: [{ length: 1, bits: 32, bound: 'modular' }],
  })
  const signature = new Uint8Array(0)
  const advertised = Array.from({ length: seats }, (_, seat) => ({
    seat,
    keys: { cipherKey: crypto.randomBytes(32), maskKey: crypto.randomBytes(32), signature },
    identity: undefined,
  }))
  const drawing = advertised.map(({ seat, keys }) => ({ seat, keys: { ...keys, choice: undefined } }))
  const { graph } = drawGraph(config, drawing, (length) => crypto.randomBytes(length))
  const { holders } = graphOf(graph, seats)
  const clients = advertised.map((client) => {
    const peers = holders(client.seat).filter((peer) => peer !== client.seat)
    const ciphertexts = crypto.randomBytes(SEALED_SHARES_LENGTH * peers.length)
    return { ...client, commitment: new Uint8Array(32), peers, ciphertexts }
  })
  const state = { state: 'server-masking', config, graph, publishedDigest: undefined, clients } as const
  const messagesOf = (): Uint8Array[] => {
    const { recipients, messageFor } = bytesToForward(state)
    return recipients.map((seat) => messageFor(seat))
  }
  const messages = messagesOf()
  const units = clients.reduce((sum, { peers }) => sum + peers.length, 0) / 1000
  const keyed = advertised.map(({ seat, keys }) => ({ seat, value: keys }))
  return [
    { name: 'copy of the same messages', units, run: () => void messages.map((message) => message.slice()) },
    { name: 'sealed shares, by receiver', units, run: () => void messagesOf() },
    ...(neighbors === undefined
      ? []
      : [
          {
            name: 'keys, for each neighbor',
            units,
            run: () => {
              const messageWith = publishedEntries(keyed, seats, 0, 0, false)
              for (const { peers } of clients) messageWith(peers)
            },
          },
        ]),
  ]
}
