import { ClientSession, type RoundInput, ServerSession, type Vector } from 'secagg'
import {
  decodeOutcome,
  encodeUpdate,
  openRound,
  planRound,
  type Round,
  type RoundTask,
  streamUpdate,
} from 'secagg/federated'
import { createFixedPoint, createWeightedMean, decodeWeighted, streamWeighted } from 'secagg/fixed-point'
import { type ElementRange, elementCount } from 'secagg/vector'
import { describe, expect, test } from 'vitest'
import { seededCrypto } from '../privacy/support.js'
import { randomOf } from '../support/seeded.js'
import { privateTask, task, tensors, updateOf } from './support.js'

const sessionId = Uint8Array.from({ length: 32 }, (_, i) => i)
const roundingSeed = new Uint8Array(32).fill(5)
const roundOf = (changes: Partial<RoundTask>, id = sessionId): Round =>
  openRound(planRound({ ...task, ...changes }), { sessionId: id })

type Source = (range: ElementRange) => Vector | Promise<Vector>

/** A whole input, assembled from parts with random boundaries. */
async function assembled(
  { vector }: RoundInput<Source>,
  { config }: Round,
  seed: number,
): Promise<unknown[][]> {
  const random = randomOf(seed)
  const count = elementCount(config.segments)
  const whole: unknown[][] = config.segments.map(() => [])
  for (let from = 0; from < count; ) {
    const to = Math.min(from + random.below(12), count)
    const part = await vector({ from, to })
    part.forEach((lanes, index) => {
      whole[index]!.push(...lanes)
    })
    from = to
  }
  return whole
}

const asArrays = (vector: Vector): unknown[][] => vector.map((lanes) => Array.from<unknown>(lanes))

describe('an update that is encoded slice by slice', () => {
  test('equals the update that is encoded at once, for all slices', async () => {
    for (const [index, changes] of [
      { rounding: 'nearest' as const },
      { rounding: 'nearest' as const, bitsPerValue: 32, maximumWeight: 2 ** 20 },
      { rounding: 'nearest' as const, bitsPerValue: 2, maximumWeight: 1 },
      { rounding: 'nearest' as const, tensors: undefined, length: 34 },
    ].entries()) {
      const round = roundOf(changes)
      const update =
        changes.tensors === undefined && 'length' in changes
          ? Float32Array.from({ length: 34 }, (_, i) => Math.sin(i))
          : updateOf(7, 2)
      const whole = encodeUpdate(update, 1, round)
      const { input, ...report } = streamUpdate(update, 1, round)
      expect(report).toEqual({ clipped: whole.clipped, clipping: whole.clipping })
      for (let seed = 0; seed < 5; seed++) {
        expect(await assembled(input, round, seed), `${index}, ${seed}`).toEqual(asArrays(whole.input.vector))
      }
    }
  })

  test('is rounded in the same way each time, and differently with another seed or in another round', async () => {
    const round = roundOf({ bitsPerValue: 4 })
    const update = updateOf(3)
    const streamed = streamUpdate(update, 7, round, { roundingSeed }).input
    const once = await assembled(streamed, round, 1)
    for (let seed = 2; seed < 6; seed++) expect(await assembled(streamed, round, seed)).toEqual(once)
    // As another process does it, which has stored the update and the seed.
    expect(await assembled(streamUpdate(update, 7, round, { roundingSeed }).input, round, 9)).toEqual(once)

    const others = [
      streamUpdate(update, 7, round, { roundingSeed: new Uint8Array(32).fill(6) }),
      streamUpdate(update, 7, round),
      streamUpdate(update, 7, roundOf({ bitsPerValue: 4 }, new Uint8Array(32)), { roundingSeed }),
    ]
    for (const { input } of others) {
      const other = await assembled(input, round, 1)
      expect(other).not.toEqual(once)
      // Each value is between the same two levels.
      const far = other[0]!.filter((value, i) => Math.abs(Number(value) - Number(once[0]![i])) > 7)
      expect(far).toEqual([])
    }
  })

  test('is rounded up with the right frequency', async () => {
    const encoding = createFixedPoint({ clip: 1, bitsPerValue: 2, clients: 10 })
    const mean = createWeightedMean(100_000, encoding)
    // The levels are −1, 0 and 1.
    const values = Float32Array.from({ length: mean.length }, (_, i) => (i % 2 === 0 ? 0.3 : -0.9))
    const { input } = streamWeighted(values, 1, mean, { roundingSeed })
    const vector = await input({ from: 0, to: mean.length + 1 })
    const decoded = decodeWeighted(vector, 1, mean).mean
    for (const [offset, expected] of [0.3, -0.9].entries()) {
      const drawn = decoded.filter((_, i) => i % 2 === offset)
      const average = drawn.reduce((sum, value) => sum + value, 0) / drawn.length
      expect(Math.abs(average - expected)).toBeLessThan(5 * Math.sqrt(0.25 / drawn.length))
    }
  })

  test('with privacy is encoded at once, and read in slices', async () => {
    const round = openRound(planRound(privateTask), { sessionId })
    const whole = encodeUpdate(updateOf(1), 1, round, { crypto: seededCrypto(4) })
    const { input, ...report } = streamUpdate(updateOf(1), 1, round, { crypto: seededCrypto(4) })
    expect(report).toEqual({ clipped: whole.clipped, clipping: whole.clipping })
    expect(await assembled(input, round, 2)).toEqual(asArrays(whole.input.vector))
    expect(() => streamUpdate(updateOf(1), 1, round, { roundingSeed })).toThrow('with privacy')
  })

  test('is refused at once if something does not fit', () => {
    const round = roundOf({ sliceLength: 64 })
    const broken = updateOf(1)
    broken['dense/kernel'].data[9] = Number.NaN
    const code = (code: string) => expect.objectContaining({ name: 'SecAggError', code, fault: 'usage' })
    expect(() => streamUpdate(broken, 1, round)).toThrow('element 9 of tensor "dense/kernel" is NaN')
    expect(() => streamUpdate(broken, 1, round)).toThrow(code('input-out-of-range'))
    expect(() => streamUpdate(updateOf(1, 2), 1, round, { onClip: 'refuse' })).toThrow('beyond the clip')
    expect(() => streamUpdate(updateOf(1), 1, round, { onClip: 'no' as 'refuse' })).toThrow(
      code('invalid-argument'),
    )
    expect(() => streamUpdate(updateOf(1), 101, round)).toThrow(code('input-out-of-range'))
    expect(() => streamUpdate({ 'dense/kernel': updateOf(1)['dense/kernel'] }, 1, round)).toThrow('missing')
    expect(() => streamUpdate(updateOf(1), 1, { ...round })).toThrow(code('invalid-argument'))
    for (const seed of [new Uint8Array(31), 'seed', null]) {
      const options = { roundingSeed: seed as Uint8Array }
      expect(() => streamUpdate(updateOf(1), 1, round, options)).toThrow(code('invalid-argument'))
    }
    const flat = roundOf({ tensors: undefined, length: 34 })
    for (const update of [new Float32Array(33), Uint8Array.of(1), 'text', ['1']]) {
      expect(() => streamUpdate(update as never, 1, flat)).toThrow(code('invalid-argument'))
    }
    const zeros = { randomBytes: (length: number) => new Uint8Array(length) }
    const crypto = { ...seededCrypto(1), ...zeros }
    expect(() => streamUpdate(updateOf(1), 1, round, { crypto })).toThrow(
      expect.objectContaining({ code: 'no-randomness' }),
    )
  })
})

test('a round with streamed updates, in which a client crashes and encodes its input again', async () => {
  const large = { tensors: { ...tensors, 'head/kernel': [40, 10] }, sliceLength: 64 }
  const round = roundOf({
    ...large,
    clients: 4,
    adversary: 'honest-but-curious',
    corruptFraction: 0,
    maximumWeight: 10,
  })
  const { config, plan } = round
  const updates = [0, 1, 2, 3].map((seat) => ({
    ...updateOf(seat),
    'head/kernel': {
      shape: [40, 10],
      data: Float32Array.from({ length: 400 }, (_, i) => Math.sin(i + seat)),
    },
  }))
  const saved = new Map<number, Uint8Array>()
  const optionsOf = (seat: number) => ({
    config,
    input: streamUpdate(updates[seat]!, seat + 1, round, { roundingSeed: new Uint8Array(32).fill(seat + 1) })
      .input,
    save: (bytes: Uint8Array) => void saved.set(seat, bytes),
  })
  const clients = updates.map((_, seat) => new ClientSession({ ...optionsOf(seat), seat }))
  const server = new ServerSession({ config })
  const deliver = async (seat: number, bytes: Uint8Array): Promise<void> => {
    const receipt = await server.receive(seat, bytes)
    expect(receipt.status === 'refused' ? receipt.error : receipt.status).toMatch(/accepted|duplicate/)
  }
  for (const [seat, client] of clients.entries()) await deliver(seat, await client.start())
  let outcome = await server.closePhase()
  while (!outcome.done) {
    for (const [seat, bytes] of outcome.messages) {
      if (outcome.phase === 'masked-input' && seat === 3) continue
      await deliver(seat, await clients[seat]!.receive(bytes))
      let sent = 0
      for await (const slice of clients[seat]!.slices()) {
        await deliver(seat, slice)
        if (seat === 1 && ++sent === 3) break
      }
      if (seat !== 1 || outcome.phase !== 'masked-input') continue
      // It crashed in the middle of its vector.
      const back = ClientSession.resume(saved.get(1)!, optionsOf(1))
      clients[1] = back
      await deliver(1, await back.receive(bytes))
      for await (const slice of back.slices()) await deliver(1, slice)
    }
    outcome = await server.closePhase()
  }
  const { mean, totalWeight, survivors } = decodeOutcome(outcome, round)
  expect([survivors, totalWeight]).toEqual([[0, 1, 2], 6])
  // The last 400 values belong to the head.
  const head = mean.subarray(mean.length - 400)
  for (let i = 0; i < 400; i++) {
    const expected = [0, 1, 2].reduce((sum, seat) => sum + (Math.sin(i + seat) * (seat + 1)) / 6, 0)
    expect(Math.abs(head[i]! - expected)).toBeLessThanOrEqual(plan.encoding!.errorBound + 1e-6)
  }
})

test('a change of the update in the middle of its round is detected', async () => {
  const round = roundOf({
    clients: 3,
    corruptFraction: 0,
    dropoutFraction: 0,
    adversary: 'honest-but-curious',
    rounding: 'nearest',
    sliceLength: 64,
    tensors: { a: [200] },
  })
  const { config } = round
  const data = new Float32Array(200)
  const clients = [0, 1, 2].map((seat) => {
    const { input } = streamUpdate({ a: { shape: [200], data } }, 1, round)
    return new ClientSession({ config, seat, input })
  })
  const server = new ServerSession({ config })
  for (const [seat, client] of clients.entries()) await server.receive(seat, await client.start())
  for (;;) {
    const outcome = await server.closePhase()
    if (outcome.done) throw new Error('nobody has noticed')
    for (const [seat, bytes] of outcome.messages) {
      await server.receive(seat, await clients[seat]!.receive(bytes))
      if (outcome.phase !== 'masked-input') continue
      // Training continues on the same array.
      data[150] = 0.5
      const send = async () => {
        for await (const slice of clients[seat]!.slices()) await server.receive(seat, slice)
      }
      await expect(send()).rejects.toMatchObject({ code: 'input-changed', fault: 'usage' })
      return
    }
  }
})
