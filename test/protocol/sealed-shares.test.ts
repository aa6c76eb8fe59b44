import { expect, test } from 'vitest'
import { SealedShares } from '../../src/protocol/server/sealed-shares.js'
import { SEALED_SHARES_LENGTH } from '../../src/wire/index.js'

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

// With 200 clients that seal to all others, a tile has 40 receivers, and is filled from four groups of senders.
test.each([
  ['to all others', 200, (seat: number, other: number) => seat !== other],
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
  const shares = new SealedShares(seats, clients)
  const expectRight = (receiver: number): void => {
    const senders = clients.filter(({ peers }) => peers.includes(receiver)).map(({ seat }) => seat)
    expect(shares.sendersTo(receiver)).toEqual(senders)
    expect([...shares.bytesFor(receiver)]).toEqual(
      senders.flatMap((sender) => [...sealedBy(sender, receiver)]),
    )
  }
  all.forEach(expectRight)
  // In another order, as clients that reconnect ask.
  for (const receiver of [seats - 1, 0, 3, 1]) expectRight(receiver)
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
  const shares = new SealedShares(300, clients)
  const first = shares.bytesFor(0)
  const copy = first.slice()
  shares.bytesFor(299)
  expect(first).toEqual(copy)
})
