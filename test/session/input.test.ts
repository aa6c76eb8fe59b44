import { ClientSession, type ClientSessionOptions, type Lanes, type SessionInput } from 'secagg'
import { describe, expect, it } from 'vitest'
import { PROTOCOL_VERSION } from '../../src/wire/index.js'
import { makeCohort, run, runCohort } from '../support/cohort.js'

const SEGMENTS = [
  { length: 4, bits: 16, bound: 1000 },
  { length: 2, bits: 40, bound: 1n << 30n },
] as const

type Input = ClientSessionOptions['input']

/** A round of three in which the client at seat 1 has this input and is about to be asked for it. */
async function askedFor(input: Input, segments: readonly object[] = SEGMENTS) {
  const cohort = await runCohort({
    clients: 3,
    threshold: 2,
    adversary: 'honest-but-curious',
    segments: segments as typeof SEGMENTS,
    clientOptions: (seat) => (seat === 1 ? { input } : {}),
    until: 'masked-input',
  })
  const session = cohort.sessions[1]!
  const message = cohort.pending.get(1)!
  return {
    session,
    message,
    ask: () => session.receive(message),
    /** Ends the round; the sum with `truth` in the place of that client's input. */
    finish: async (truth: readonly Lanes[]) => {
      const inputs = cohort.inputs.map((vector, seat) => (seat === 1 ? truth : vector))
      const { outcome, expected, survivors } = await run({ ...cohort, inputs })
      expect(survivors).toEqual([0, 1, 2])
      expect(outcome?.sum).toEqual(expected)
    },
  }
}

const good = () => [Uint16Array.of(0, 1, 998, 999), BigUint64Array.of(0n, (1n << 30n) - 1n)]
const single = [{ length: 4, bits: 16, bound: 1000 }]

describe('the input of a client', () => {
  it('is a vector, or a function that yields it now or later', async () => {
    for (const input of [good(), good, async () => good()] satisfies Input[]) {
      await (await askedFor(input)).finish(good())
    }
  })

  it('may be a bare array where there is one segment', async () => {
    const [lanes] = good()
    for (const input of [lanes!, [lanes!], () => lanes!, async () => [lanes!]] satisfies Input[]) {
      await (await askedFor(input, single)).finish([lanes!])
    }
  })

  it('may be a view into a larger array, and is not changed', async () => {
    const memory = Uint16Array.of(7, 7, 0, 1, 998, 999, 7)
    const { finish } = await askedFor(memory.subarray(2, 6), single)
    await finish([Uint16Array.of(0, 1, 998, 999)])
    expect(memory).toEqual(Uint16Array.of(7, 7, 0, 1, 998, 999, 7))
  })

  it('is not asked for before all keys and shares are there, and once for each answer', async () => {
    let asked = 0
    const { ask, session } = await askedFor(() => {
      asked++
      return good()
    })
    expect(asked).toBe(0)
    await expect(session.receive(Uint8Array.of(PROTOCOL_VERSION, 4))).rejects.toMatchObject({
      code: 'malformed-message',
    })
    expect(asked).toBe(0)
    await ask()
    expect(asked).toBe(1)
    await ask()
    expect(asked).toBe(2)
  })

  it('counts as it is when it is asked for, whatever the caller does with its arrays later', async () => {
    const input = good()
    const { ask, finish } = await askedFor(async () => {
      // After the session has been handed the arrays, while it is at work.
      setTimeout(() => (input[0] as Uint16Array).fill(5), 0)
      return input
    })
    const answer = await ask()
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(input[0]).toEqual(Uint16Array.of(5, 5, 5, 5))
    input[0]!.set([0, 1, 998, 999] as never)
    expect(await ask()).toEqual(answer)
    await finish(good())
  })

  it('cannot be another one the second time: that would give the server the difference', async () => {
    const input = good()
    const { ask, finish } = await askedFor(input)
    const answer = await ask()
    input[0]![0] = 1
    await expect(ask()).rejects.toMatchObject({
      code: 'input-changed',
      fault: 'usage',
      phase: 'masked-input',
    })
    input[0]![0] = 0
    expect(await ask()).toEqual(answer)
    await finish(good())
  })

  it('gives its masked form only: no two clients send the same bytes for the same input', async () => {
    const inputs = [good(), good(), good()]
    const sent = new Set<string>()
    const { receipts, outcome, expected } = await runCohort({
      clients: 3,
      adversary: 'honest-but-curious',
      segments: SEGMENTS,
      inputs,
      onClientMessage: (_seat, phase, bytes) => {
        if (phase === 'masked-input') sent.add(String(bytes))
        return bytes
      },
    })
    expect(sent.size).toBe(3)
    expect(receipts.every(({ receipt }) => receipt.status === 'accepted')).toBe(true)
    expect(outcome?.sum).toEqual(expected)
  })
})

describe('an input that does not fit is refused, nothing is sent, and a good one may follow', () => {
  const [first, second] = good() as [Uint16Array, BigUint64Array]
  it.each<[string, unknown, string]>([
    ['a value at the bound', [Uint16Array.of(0, 1, 2, 1000), second], 'input-out-of-range'],
    [
      'a value at the bound of a wide segment',
      [first, BigUint64Array.of(0n, 1n << 30n)],
      'input-out-of-range',
    ],
    ['the largest value of the lane', [Uint16Array.of(65535, 0, 0, 0), second], 'input-out-of-range'],
    ['lanes too wide', [Uint32Array.from(first), second], 'invalid-argument'],
    ['lanes too narrow', [Uint8Array.of(0, 1, 2, 3), second], 'invalid-argument'],
    ['signed lanes', [Int16Array.from(first), second], 'invalid-argument'],
    ['floats', [Float32Array.from(first), second], 'invalid-argument'],
    ['signed wide lanes', [first, BigInt64Array.of(1n, 2n)], 'invalid-argument'],
    ['an array of numbers', [[0, 1, 2, 3], second], 'invalid-argument'],
    ['one element too few', [first.slice(1), second], 'invalid-argument'],
    ['one element too many', [Uint16Array.of(...first, 0), second], 'invalid-argument'],
    ['one segment too few', [first], 'invalid-argument'],
    ['one segment too many', [first, second, second], 'invalid-argument'],
    ['a bare array where there are two segments', first, 'invalid-argument'],
    ['segments in the wrong order', [second, first], 'invalid-argument'],
    ['nothing', undefined, 'invalid-argument'],
    ['null', null, 'invalid-argument'],
    ['a number', 5, 'invalid-argument'],
  ])('%s', async (_what, bad, code) => {
    let next = bad
    const { ask, finish } = await askedFor(() => next as never)
    await expect(ask()).rejects.toMatchObject({ name: 'SecAggError', code, fault: 'usage' })
    await expect(ask()).rejects.toMatchObject({ code })
    next = good()
    await finish(good())
  })

  it('says where the value is, and not what it is', async () => {
    const { ask } = await askedFor(() => [first, BigUint64Array.of(1n, 987654321098n)])
    const error = await ask().then(
      () => undefined,
      (reason: Error) => reason,
    )
    expect(error).toMatchObject({ code: 'input-out-of-range', expected: 'below 1073741824' })
    expect(error?.message).toContain('element 1 of segment 1')
    expect(`${error?.message} ${JSON.stringify(error)}`).not.toContain('987654321098')
  })

  it('is refused before the first message, where it is there already', async () => {
    const { config, crypto } = await makeCohort({ clients: 3, adversary: 'honest-but-curious' })
    const start = (input: SessionInput) => new ClientSession({ config, seat: 0, input, crypto }).start()
    await expect(start(new Uint32Array(5))).rejects.toMatchObject({
      code: 'invalid-argument',
      fault: 'usage',
    })
    await expect(start(new Uint16Array(4))).rejects.toMatchObject({
      code: 'invalid-argument',
      fault: 'usage',
    })
    expect((await start(new Uint16Array(5))).length).toBeGreaterThan(0)
  })

  it('a modular segment takes every value of its bits and none beyond', async () => {
    const modular = [{ length: 2, bits: 12, bound: 'modular' }]
    let next = Uint16Array.of(0, 4096)
    const { ask, finish } = await askedFor(() => next, modular)
    await expect(ask()).rejects.toMatchObject({ code: 'input-out-of-range' })
    next = Uint16Array.of(0, 4095)
    await finish([next])
  })

  it('a function that fails fails the answer with its own error, and is asked again', async () => {
    let failing = true
    const reason = new Error('not trained yet')
    const { ask, finish } = await askedFor(() => {
      if (failing) throw reason
      return good()
    })
    await expect(ask()).rejects.toBe(reason)
    failing = false
    await finish(good())
  })
})
