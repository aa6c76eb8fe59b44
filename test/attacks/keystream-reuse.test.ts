import { defaultCrypto, nobleCrypto } from 'secagg/crypto'
import { createVector, unpackVector } from 'secagg/vector'
import { expect, test } from 'vitest'
import { makeCohort, run } from '../support/cohort.js'
import { toySplitter } from '../support/toy-crypto.js'
import { nothingUsed, recording } from './recorded.js'
import { ACTIVE, CURIOUS, finish, hexOf, MODELS, openedRound } from './support.js'

const SEATS = [0, 1, 2, 3, 4]
const base = await defaultCrypto()

/** A round in which client 4 drops out with its masked vector, and what each party used. */
async function recordedRound(model: typeof CURIOUS | typeof ACTIVE) {
  const clients = SEATS.map(nothingUsed)
  const server = nothingUsed()
  const cohort = await makeCohort({
    ...model,
    crypto: base,
    splitSecret: toySplitter(1),
    clientOptions: (seat) => ({ crypto: recording(base, clients[seat]!) }),
    serverOptions: { crypto: recording(base, server) },
  })
  const opened = await openedRound('masked-input', cohort)
  await opened.sessions[4]!.receive(opened.pending.get(4)!)
  expect(await finish(opened, { silent: [4] })).toEqual([0, 1, 2, 3])
  return { clients, server }
}

/** For each value, the clients that used it; each of them once. */
function usersOf(lists: readonly (readonly string[])[]): Map<string, number[]> {
  const users = new Map<string, number[]>()
  lists.forEach((list, seat) => {
    expect(new Set(list).size).toBe(list.length)
    for (const value of list) users.set(value, [...(users.get(value) ?? []), seat])
  })
  return users
}

const pairs = SEATS.flatMap((one) => SEATS.filter((other) => other > one).map((other) => [one, other].join()))

test.each(MODELS)(
  '$adversary: a seed makes one mask: of one client, or of one pair of clients',
  async (model) => {
    const { clients, server } = await recordedRound(model)
    const users = usersOf(clients.map(({ seeds }) => seeds))
    const groups = [...users.values()].map((seats) => seats.join()).sort()
    expect(groups).toEqual([...SEATS.map(String), ...pairs].sort())

    // The server learns the seeds that it must take off the sum, and no mask between two survivors.
    const learned = server.seeds.map((seed) => users.get(seed)?.join()).sort()
    expect(learned).toEqual(['0', '0,4', '1', '1,4', '2', '2,4', '3', '3,4'])
  },
)

test.each(MODELS)('$adversary: a key seals one message, since the nonce never changes', async (model) => {
  const { clients } = await recordedRound(model)
  const sealers = usersOf(clients.map(({ sealing }) => sealing))
  expect(sealers.size).toBe(20)
  for (const seats of sealers.values()) expect(seats).toHaveLength(1)
  // What one seals one other opens, and nobody opens what it has sealed itself.
  const openers = usersOf(clients.map(({ opening }) => opening))
  for (const [key, seats] of openers) expect([...(sealers.get(key) ?? []), ...seats]).toHaveLength(2)
  expect(openers.size).toBe(16) // client 4 is gone
  const seeds = new Set(clients.flatMap((each) => each.seeds))
  for (const key of sealers.keys()) expect(seeds.has(key)).toBe(false)
})

test.each(MODELS)(
  '$adversary: what is sealed is bound to sender, receiver and round, whatever the key',
  async (model) => {
    const [first, second] = [await recordedRound(model), await recordedRound(model)]
    const bound = [first, second].flatMap(({ clients }) => clients.flatMap(({ associated }) => associated))
    // The session id of both is the same here, and so is what they are bound to.
    expect(new Set(bound).size).toBe(20)
    const clients = SEATS.map(nothingUsed)
    await openedRound('masked-input', {
      ...model,
      sessionId: new Uint8Array(32).fill(9),
      splitSecret: toySplitter(1),
      crypto: base,
      clientOptions: (seat) => ({ crypto: recording(base, clients[seat]!) }),
    })
    const elsewhere = clients.flatMap(({ associated }) => associated)
    expect(new Set([...bound, ...elsewhere]).size).toBe(40)
  },
)

test.each(MODELS)(
  '$adversary: no message before the last has a seed or a key in it, as a commitment might',
  async (model) => {
    const clients = SEATS.map(nothingUsed)
    const sent: string[] = []
    const cohort = await makeCohort({
      ...model,
      crypto: base,
      splitSecret: toySplitter(1),
      clientOptions: (seat) => ({ crypto: recording(base, clients[seat]!) }),
    })
    const ran = await run(cohort, {
      onClientMessage: (_, phase, bytes) => {
        if (phase !== 'unmasking') sent.push(hexOf(bytes))
        return bytes
      },
    })
    expect(ran.outcome?.sum).toEqual(ran.expected)
    const secrets = clients.flatMap(({ seeds, sealing, drawn }) => [...seeds, ...sealing, ...drawn])
    expect(secrets.length).toBe(5 * (5 + 4 + 4))
    for (const message of sent) {
      for (const secret of secrets) expect(message.includes(secret.slice(0, 16))).toBe(false)
    }
  },
)

test('two rounds of the same clients have nothing in common', async () => {
  const first = await recordedRound(ACTIVE)
  const second = await recordedRound(ACTIVE)
  const all = ({ clients }: typeof first) =>
    new Set(clients.flatMap(({ seeds, sealing }) => [...seeds, ...sealing]))
  const earlier = all(first)
  expect(earlier.size).toBe(15 + 20)
  for (const value of all(second)) expect(earlier.has(value)).toBe(false)
})

test.each(['aes', 'chacha'] as const)(
  'no word of a mask occurs twice: over clients, segments and rounds (%s)',
  async (suite) => {
    const crypto = suite === 'aes' ? base : nobleCrypto()
    const segments = [300, 300, 1, 7, 300].map((length) => ({ length, bits: 64, bound: 'modular' as const }))
    const zeros = SEATS.map(() => createVector(segments))
    const words: bigint[] = []
    for (let round = 0; round < 2; round++) {
      const sessionId = crypto.randomBytes(32)
      const options = {
        ...ACTIVE,
        suite,
        segments,
        inputs: zeros,
        crypto,
        sessionId,
        splitSecret: toySplitter(1),
      }
      const opened = await openedRound('masked-input', options)
      for (const [seat, bytes] of opened.pending) {
        const masked = unpackVector((await opened.sessions[seat]!.receive(bytes)).slice(2), segments)
        for (const lanes of masked) words.push(...(lanes as BigUint64Array))
      }
    }
    // 9080 words of 64 bits: two of them are equal by chance with a probability below 10^-11.
    expect(words).toHaveLength(9080)
    expect(new Set(words).size).toBe(words.length)
  },
)

test('two clients: the masks between them cancel, those of their own do not', async () => {
  const segments = [{ length: 100, bits: 64, bound: 'modular' as const }]
  const inputs = [createVector(segments), createVector(segments)]
  const options = { ...CURIOUS, clients: 2, segments, inputs, crypto: base, splitSecret: toySplitter(1) }
  const opened = await openedRound('masked-input', options)
  const [one, other] = await Promise.all(
    [0, 1].map(async (seat) => {
      const bytes = await opened.sessions[seat]!.receive(opened.pending.get(seat)!)
      return unpackVector(bytes.slice(2), segments)[0] as BigUint64Array
    }),
  )
  for (const [i, word] of one!.entries()) {
    expect(BigInt.asUintN(64, word + other![i]!)).not.toBe(0n)
    expect(word).not.toBe(other![i])
  }
  expect(await finish(opened)).toEqual([0, 1])
})
