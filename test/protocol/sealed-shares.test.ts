import { createRoundConfig } from 'secagg'
import { expect, test } from 'vitest'
import { concatBytes, equalBytes } from '../../src/crypto/bytes.js'
import { drawGraph, graphOf } from '../../src/graph/index.js'
import { columnsToForward, SealedShares } from '../../src/protocol/server/sealed-shares.js'
import type { ServerMasking } from '../../src/protocol/server/states.js'
import { SEALED_SHARES_LENGTH } from '../../src/wire/index.js'
import { seeded } from '../support/seeded.js'

const NO_KEYS = { cipherKey: new Uint8Array(0), maskKey: new Uint8Array(0), signature: new Uint8Array(0) }

/** A ciphertext that names its sender and its receiver. */
function sealedBy(sender: number, receiver: number): Uint8Array {
  const bytes = new Uint8Array(SEALED_SHARES_LENGTH)
  for (let i = 0; i < bytes.length; i++) bytes[i] = 31 * sender + 7 * receiver + i
  return bytes
}

/** A client whose ciphertexts begin at `offset` in their memory. */
function client(seat: number, peers: readonly number[], offset: number) {
  const memory = new Uint8Array(offset + peers.length * SEALED_SHARES_LENGTH)
  const ciphertexts = memory.subarray(offset)
  peers.forEach((peer, position) => {
    ciphertexts.set(sealedBy(seat, peer), position * SEALED_SHARES_LENGTH)
  })
  return {
    seat,
    keys: NO_KEYS,
    identity: undefined,
    hybrid: undefined,
    commitment: new Uint8Array(32),
    peers,
    ciphertexts,
  }
}

/** The client, with a call of `look` whenever its peers are read. */
function counted(given: ReturnType<typeof client>, look: () => void): ReturnType<typeof client> {
  const { peers } = given
  return Object.defineProperty(given, 'peers', {
    get: () => {
      look()
      return peers
    },
  })
}

// With 900 clients that seal to 100 others, there are two tiles.
test.each([
  ['to all others', 200, (seat: number, other: number) => seat !== other],
  ['to the nearest', 900, (seat: number, other: number) => seat !== other && Math.abs(seat - other) <= 50],
  ['to some others', 200, (seat: number, other: number) => (seat * other) % 7 === 3],
  ['to a single seat', 5, (_: number, other: number) => other === 2],
])('each receiver gets what was sealed to it, from senders in ascending order: %s', (_, seats, seals) => {
  const all = Array.from({ length: seats }, (_, seat) => seat)
  // Some seats send nothing, but others have sealed to them. Memory begins at any byte.
  const clients = all
    .filter((seat) => seat % 5 !== 4)
    .map((seat) =>
      client(
        seat,
        all.filter((other) => seals(seat, other)),
        seat % 9,
      ),
    )
  const shares = new SealedShares(seats, clients, () => all)
  const expectRight = (receiver: number): void => {
    const senders = clients.map(({ seat }) => seat).filter((seat) => seals(seat, receiver))
    const sealed = shares.sealedTo(receiver)
    expect([...sealed.senders]).toEqual(senders)
    const expected = concatBytes(...senders.map((sender) => sealedBy(sender, receiver)))
    expect(equalBytes(sealed.bytes, expected)).toBe(true)
  }
  all.forEach(expectRight)
  // In another order, as clients that reconnect ask.
  for (const receiver of [seats - 1, 0, 3, seats - 2, 1]) expectRight(receiver)
})

test('bytes that were given out do not change when other receivers ask', () => {
  const all = Array.from({ length: 300 }, (_, seat) => seat)
  const clients = all.map((seat) =>
    client(
      seat,
      all.filter((other) => other !== seat),
      0,
    ),
  )
  const shares = new SealedShares(300, clients, () => all)
  const first = shares.sealedTo(0).bytes
  const copy = first.slice()
  shares.sealedTo(299)
  expect(first).toEqual(copy)
})

test('in order, each client is looked at once per tile, although some receivers are gone', () => {
  const seats = 1000
  let looks = 0
  const all = Array.from({ length: seats }, (_, seat) => seat)
  const ring = all.map((seat) =>
    Array.from({ length: 100 }, (_, i) => (seat + 1 + i) % seats).toSorted((a, b) => a - b),
  )
  const present = all.filter((seat) => seat % 3 !== 0)
  const clients = present.map((seat) => counted(client(seat, ring[seat]!, 0), () => looks++))
  const shares = new SealedShares(seats, clients, () => all)
  looks = 0
  for (const receiver of present) shares.sealedTo(receiver)
  expect(looks).toBeLessThanOrEqual(2 * present.length)
})

test('clients that ask in any order, as after a restart, do not make the server sort tiles again and again', () => {
  const seats = 2000
  const reach = 50
  let looks = 0
  const neighborsOf = (seat: number): readonly number[] =>
    Array.from({ length: 2 * reach + 1 }, (_, index) => seat - reach + index).filter(
      (other) => other >= 0 && other < seats && other !== seat,
    )
  const clients = Array.from({ length: seats }, (_, seat) =>
    counted(client(seat, neighborsOf(seat), 0), () => looks++),
  )
  const shares = new SealedShares(seats, clients, neighborsOf)
  shares.sealedTo(0)
  looks = 0
  for (let step = 1; step <= 10; step++) {
    const receiver = (step * 1237) % seats
    if (receiver < 800) continue
    expect([...shares.sealedTo(receiver).senders]).toEqual(neighborsOf(receiver))
  }
  expect(looks).toBeLessThanOrEqual(10 * 2 * reach)
})

const GRAPH = { graph: { neighbors: 8, assumptions: 'unproven' }, threshold: 5, minimumCohort: 30 } as const

test.each([
  { kind: 'complete', adversary: 'honest-but-curious', graph: {} },
  { kind: 'sparse', adversary: 'honest-but-curious', graph: GRAPH },
  { kind: 'chosen', adversary: 'active', graph: GRAPH },
] as const)('on the $kind graph, the order in which clients ask does not change their messages', (given) =>
  seeded(7, (random) => {
    const seats = 60
    const all = Array.from({ length: seats }, (_, seat) => ({ seat, keys: { choice: random.bytes(16) } }))
    const config = createRoundConfig({
      sessionId: random.bytes(16),
      clients: seats,
      adversary: given.adversary,
      segments: [{ length: 1, bits: 16, bound: 100 }],
      ...given.graph,
    })
    expect(config.graph.kind).toBe(given.kind)
    const drawn = drawGraph(
      config,
      all.filter(({ seat }) => seat % 7 !== 3),
      (length) => random.bytes(length),
    )
    const { holders } = graphOf(drawn.graph, seats)
    const published = new Set(drawn.clients.map(({ seat }) => seat))
    // Some that were published have sealed nothing.
    const clients = drawn.clients
      .map(({ seat }) => seat)
      .filter((seat) => seat % 11 !== 5)
      .map((seat) =>
        client(
          seat,
          holders(seat).filter((other) => other !== seat && published.has(other)),
          seat % 5,
        ),
      )
    const state = { state: 'server-masking', config, graph: drawn.graph, clients }
    const columns = () => columnsToForward(state as unknown as ServerMasking)
    const inOrder = columns()
    const expected = new Map(inOrder.recipients.map((seat) => [seat, inOrder.messageFor(seat)]))
    expect([...expected.values()].some(({ bytes }) => bytes.length > 0)).toBe(true)
    const reversed = columns()
    for (const seat of reversed.recipients.toReversed()) {
      expect(reversed.messageFor(seat)).toEqual(expected.get(seat))
    }
  }),
)
