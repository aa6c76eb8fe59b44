import { server } from 'secagg/protocol'
import { describe, expect, test } from 'vitest'
import { named } from '../support/seeded.js'
import { clientStates, thrownBy } from './states.js'
import {
  ACTIVE,
  CURIOUS,
  expectError,
  expectRefusal,
  expectRefused,
  finish,
  MODELS,
  openedRound,
  shareKeys,
  unmasking,
} from './support.js'

const everybody = [0, 1, 2, 3, 4]

test('on the sparse graph a client reveals a share of its own secret, which it cannot hold: refused', async () => {
  const opened = await openedRound('unmasking', {
    clients: 9,
    adversary: 'honest-but-curious',
    graph: { neighbors: 4, assumptions: 'unproven' },
    threshold: 2,
    minimumCohort: 5,
  })
  for (const seat of opened.survivors) {
    const bytes = await opened.sessions[seat]!.receive(opened.pending.get(seat)!)
    // One bit for each neighbor and for itself, of which its own is the one that is not set.
    const own = ~bytes[2]! & 0b11111
    const forged = Uint8Array.of(
      ...bytes.slice(0, 2),
      bytes[2]! | own,
      ...new Uint8Array(16),
      ...bytes.slice(3),
    )
    const refused = { code: 'invalid-share', fault: 'peer', phase: 'unmasking', culprits: [seat] } as const
    expectRefused(await opened.server.receive(seat, forged), refused)
  }
  expect(await finish(opened)).toHaveLength(9)
})
const malformed = { code: 'malformed-message', fault: 'peer' } as const

describe.each(MODELS)('$adversary: client 1 sends the server', (model) => {
  /** The answer of client 1 in round 4, when client 4 has vanished with its masked vector. */
  async function answered() {
    const opened = await openedRound('unmasking', model, [9, 9, 9, 9, 2])
    const bytes = await opened.sessions[1]!.receive(opened.pending.get(1)!)
    return { opened, bytes }
  }

  test.each([
    { what: 'shares with the last byte missing', change: (bytes: Uint8Array) => bytes.slice(0, -1) },
    { what: 'shares and a byte', change: (bytes: Uint8Array) => Uint8Array.of(...bytes, 0) },
    { what: 'one share less than it announces', change: (bytes: Uint8Array) => bytes.slice(0, -16) },
    {
      what: 'one share more than it announces',
      change: (bytes: Uint8Array) => Uint8Array.of(...bytes, ...bytes.slice(-32)),
    },
    { what: 'no shares where it announces five', change: (bytes: Uint8Array) => bytes.slice(0, 3) },
    { what: 'nothing behind the header', change: (bytes: Uint8Array) => bytes.slice(0, 2) },
    {
      what: 'shares for seats that do not exist',
      change: (bytes: Uint8Array) => bytes.map((byte, index) => (index === 2 ? byte | 0xe0 : byte)),
    },
  ])('$what: refused, and the right ones still count', async ({ change }) => {
    const { opened, bytes } = await answered()
    const receipt = await opened.server.receive(1, change(bytes))
    expectRefused(receipt, { ...malformed, phase: 'unmasking', culprits: [1] })
    expect(await finish(opened, { silent: [4] })).toEqual([0, 1, 2, 3])
  })

  test('both shares of everybody, 16 bytes and 32: refused', async () => {
    const { opened, bytes } = await answered()
    const both = Uint8Array.of(...bytes, ...bytes.slice(3))
    expectRefused(await opened.server.receive(1, both), { ...malformed, phase: 'unmasking', culprits: [1] })
    expect(await finish(opened, { silent: [4] })).toEqual([0, 1, 2, 3])
  })

  test.each([
    { what: 'a ciphertext too few', peers: 3 },
    { what: 'a ciphertext too many', peers: 5 },
    { what: 'no ciphertext', peers: 0 },
  ])('$what for its peers: refused, and the right ones still count', async ({ peers }) => {
    const opened = await openedRound('share-keys', model)
    const forged = { commitment: new Uint8Array(32), ciphertexts: new Uint8Array(peers * 64) }
    const receipt = await opened.server.receive(1, shareKeys(peers).write(forged))
    expectRefused(receipt, { ...malformed, phase: 'share-keys', culprits: [1] })
    expect(await finish(opened)).toEqual(everybody)
  })

  test('a masked vector that is too short, too long or empty: refused, and nothing of it is in the sum', async () => {
    const opened = await openedRound('masked-input', model)
    const bytes = await opened.sessions[1]!.receive(opened.pending.get(1)!)
    for (const wrong of [bytes.slice(0, -1), Uint8Array.of(...bytes, 0), bytes.slice(0, 2)]) {
      const receipt = await opened.server.receive(1, wrong)
      expectRefused(receipt, { ...malformed, phase: 'masked-input', culprits: [1] })
    }
    expect(await finish(opened)).toEqual(everybody)
  })
})

describe.each(MODELS)('$adversary: shares that nobody asked for', (model) => {
  test('a client that dropped out answers all the same: refused', async () => {
    const opened = await openedRound('unmasking', model, [9, 9, 9, 9, 2])
    const bytes = await opened.sessions[1]!.receive(opened.pending.get(1)!)
    expectRefused(await opened.server.receive(4, bytes), {
      code: 'unknown-seat',
      fault: 'peer',
      phase: 'unmasking',
      culprits: [4],
    })
    expect(await finish(opened, { silent: [4] })).toEqual([0, 1, 2, 3])
  })

  test('a client answers with fewer shares than it holds: the others make up for it', async () => {
    const opened = await openedRound('unmasking', model)
    const codec = unmasking(opened.config, everybody)
    const survived = await finish(opened, {
      onClientMessage: (seat, _, bytes) => (seat === 1 ? codec.write(codec.read(bytes).slice(3)) : bytes),
    })
    expect(survived).toEqual(everybody)
  })

  test('clients answer without any share until too few are left: a typed error names the owner', async () => {
    const opened = await openedRound('unmasking', model)
    const codec = unmasking(opened.config, everybody)
    const silentOn = model === ACTIVE ? [0, 1] : [0, 1, 2]
    const attempt = finish(opened, {
      onClientMessage: (seat, _, bytes) =>
        silentOn.includes(seat) ? codec.write(codec.read(bytes).filter((share) => share.seat !== 3)) : bytes,
    })
    const refused = await expectRefusal(attempt, {
      code: 'too-few-shares',
      fault: 'peer',
      phase: 'unmasking',
      concerning: [3],
    })
    expect(refused).toMatchObject({ expected: opened.config.threshold, got: 5 - silentOn.length })
  })
})

test('on the sparse graph, a share of its own secret, of which nobody holds one: refused, and the right ones count', async () => {
  const opened = await openedRound('unmasking', {
    clients: 6,
    adversary: 'honest-but-curious',
    graph: { neighbors: 4, assumptions: 'unproven' },
    threshold: 3,
    minimumCohort: 5,
  })
  const bytes = await opened.sessions[1]!.receive(opened.pending.get(1)!)
  // Of itself and its four neighbors, one bit each, its own is the one that is not set.
  const own = [1, 2, 4, 8, 16].findIndex((bit) => (bytes[2]! & bit) === 0)
  const forged = [...bytes.subarray(0, 2), 0b11111, ...bytes.subarray(3)].toSpliced(
    3 + 16 * own,
    0,
    ...new Uint8Array(16),
  )
  expectRefused(await opened.server.receive(1, Uint8Array.from(forged)), {
    code: 'invalid-share',
    fault: 'peer',
    phase: 'unmasking',
    culprits: [1],
  })
  expect(await finish(opened)).toEqual([0, 1, 2, 3, 4, 5])
})

// Bytes cannot express these; whoever brings another encoding can.
describe('the protocol functions refuse', () => {
  const share = (seat: number, length: number) => ({ seat, value: new Uint8Array(length) })

  async function unmaskingServer(): Promise<server.ServerUnmasking> {
    const { masking } = await clientStates(CURIOUS)
    // Client 4 drops out; client 3 is taken out of U2, as if it had never shared anything.
    const clients = masking.clients.filter(({ seat }) => seat !== 3)
    return server.closeMaskedInput({ ...masking, clients }, [0, 1, 2]).state as server.ServerUnmasking
  }

  test.each([
    { what: 'a share of b of 15 bytes', shares: [share(0, 15)] },
    { what: 'a share of b of 17 bytes', shares: [share(0, 17)] },
    { what: 'a share of b of no bytes', shares: [share(0, 0)] },
    { what: 'a share of the key of a survivor', shares: [share(0, 32)] },
    { what: 'a share of b of a client that dropped out', shares: [share(4, 16)] },
    { what: 'both shares of one client', shares: [share(0, 16), share(0, 32)] },
    { what: 'the same share twice', shares: [share(1, 16), share(1, 16)] },
    { what: 'shares out of order', shares: [share(1, 16), share(0, 16)] },
    { what: 'a share of a client that shared nothing', shares: [share(3, 32)] },
    { what: 'a share of an unknown seat', shares: [share(5, 16)] },
    { what: 'a share of a negative seat', shares: [share(-1, 16)] },
    { what: 'a share of a seat that is not a number', shares: [share(Number.NaN, 16)] },
  ])('$what', async ({ shares }) => {
    const state = await unmaskingServer()
    const thrown = thrownBy(() => server.acceptUnmasking(state, 1, shares))
    expectError(thrown, { code: 'invalid-share', fault: 'peer', phase: 'unmasking', culprits: [1] })
  })

  test.each([0, 3 * 64, 4 * 64 - 1, 5 * 64])('%d bytes of ciphertexts for four peers', async (length) => {
    const { masking } = await clientStates(CURIOUS)
    const state = { ...masking, state: 'server-sharing' } as unknown as server.ServerSharing
    const message = { commitment: new Uint8Array(32), ciphertexts: new Uint8Array(length) }
    const thrown = thrownBy(() => server.acceptSharedKeys(state, 1, message))
    expectError(thrown, { ...malformed, phase: 'share-keys', culprits: [1] })
  })

  test.each([3, 4, 5, -1, 2 ** 31, Number.NaN])(
    'an answer from seat %d, which was not asked',
    async (seat) => {
      const state = await unmaskingServer()
      await named(`seat ${seat}`, () => {
        const thrown = thrownBy(() => server.acceptUnmasking(state, seat, []))
        expectError(thrown, { code: 'unknown-seat', fault: 'peer', phase: 'unmasking', culprits: [seat] })
      })
    },
  )
})
