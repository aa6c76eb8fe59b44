import { createRoundConfig } from 'secagg'
import { defaultCrypto } from 'secagg/crypto'
import { withPostQuantum } from 'secagg/post-quantum'
import { server } from 'secagg/protocol'
import { expect, test } from 'vitest'

const crypto = await withPostQuantum(await defaultCrypto())
const config = createRoundConfig({
  sessionId: new Uint8Array(32).fill(1),
  clients: 10,
  adversary: 'honest-but-curious',
  keyAgreement: 'x25519-ml-kem-768',
  segments: [{ length: 4, bits: 16, bound: 10 }],
})
const SURVIVORS = [0, 1, 2, 3, 4, 5, 6, 7, 8]
const bytes = (length: number, seat: number): Uint8Array => new Uint8Array(length).fill(seat + 1)
const clients = await Promise.all(
  [...SURVIVORS, 9].map(async (seat) => ({
    seat,
    maskKey: await crypto.x25519.publicKey(bytes(32, seat)),
    commitment: bytes(32, seat),
    identity: undefined,
    hybrid: { maskKemDigest: bytes(32, seat), crossing: new Uint8Array(0), complaint: [] },
  })),
)

/** The state after the secrets of nine survivors and of one client that dropped out were reconstructed. */
function unmasked(changes: Partial<server.ServerFinished>): server.ServerFinished {
  return {
    state: 'server-unmasked',
    config,
    graph: { kind: 'complete' },
    clients,
    survivors: SURVIVORS,
    selfMasks: SURVIVORS.map((seat) => ({ seat, value: bytes(16, seat) })),
    maskKeys: [{ seat: 9, value: bytes(32, 9) }],
    maskSecrets: [{ seat: 9, value: bytes(9 * 64, 9) }],
    wrongShares: [],
    culprits: [],
    ...changes,
  }
}

test('a stored state that has all second secrets gives all masks', async () => {
  const state = server.decodeState(server.encodeState(unmasked({})), config) as server.ServerFinished
  let count = 0
  for await (const plan of server.planUnmasking(state, { crypto })) count += plan.length
  expect(count).toBe(9 + 9)
})

// Without the check it would fail in the middle of planUnmasking, with an error that says nothing about the cause.
test.each<[string, Partial<server.ServerFinished>]>([
  ['the second secrets of eight of nine survivors', { maskSecrets: [{ seat: 9, value: bytes(8 * 64, 9) }] }],
  ['one second secret too many', { maskSecrets: [{ seat: 9, value: bytes(10 * 64, 9) }] }],
  ['half a second secret more', { maskSecrets: [{ seat: 9, value: bytes(9 * 64 + 32, 9) }] }],
  ['empty second secrets', { maskSecrets: [{ seat: 9, value: new Uint8Array(0) }] }],
  ['no second secrets', { maskSecrets: [] }],
  ['the second secrets of another client', { maskSecrets: [{ seat: 8, value: bytes(9 * 64, 8) }] }],
  [
    'second secrets of a survivor too',
    { maskSecrets: [8, 9].map((seat) => ({ seat, value: bytes(9 * 64, seat) })) },
  ],
  ['a survivor that has sent no keys', { clients: clients.filter(({ seat }) => seat !== 4), selfMasks: [] }],
])('a stored state is refused when it is decoded: it has %s', (_, changes) => {
  const stored = server.encodeState(unmasked(changes))
  expect(() => server.decodeState(stored, config)).toThrow(
    expect.objectContaining({ name: 'SecAggError', code: 'malformed-state', fault: 'usage' }),
  )
})
