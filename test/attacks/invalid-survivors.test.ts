import type { ErrorCode, PhaseName } from 'secagg'
import { client } from 'secagg/protocol'
import { describe, expect, test } from 'vitest'
import { clientStates } from './states.js'
import { ACTIVE, expectRefusal, finish, MODELS, openedRound, signatures, survivors } from './support.js'

describe.each(MODELS)('$adversary: a server announces', (model) => {
  const active = model === ACTIVE
  const phase: PhaseName = active ? 'consistency-check' : 'unmasking'
  const everybody = [0, 1, 2, 3, 4]

  test.each<{ what: string; set: readonly number[]; code: ErrorCode }>([
    {
      what: 'one survivor fewer than the threshold',
      set: active ? [0, 1, 2] : [0, 1],
      code: 'too-few-clients',
    },
    { what: 'the client alone', set: [0], code: 'too-few-clients' },
    { what: 'survivors without the client itself', set: [1, 2, 3, 4], code: 'invalid-survivors' },
    { what: 'nobody', set: [], code: 'invalid-survivors' },
  ])('$what', async ({ set, code }) => {
    const opened = await openedRound(phase, model)
    const attempt = opened.sessions[0]!.receive(survivors(opened.config).write(set))
    await expectRefusal(attempt, { code, fault: 'server', phase })
    expect(await finish(opened)).toEqual(everybody)
  })

  test('a survivor that has shared no secrets (U3 is no subset of U2)', async () => {
    const opened = await openedRound(phase, model, [9, 9, 9, 9, 1])
    const attempt = opened.sessions[0]!.receive(survivors(opened.config).write(everybody))
    const expected = { code: 'invalid-survivors', fault: 'server', phase, concerning: [4] } as const
    await expectRefusal(attempt, expected)
    expect(await finish(opened)).toEqual([0, 1, 2, 3])
  })

  test.each([5, 6, 7])('a survivor at seat %d of five, in the padding of the bitmap', async (seat) => {
    const opened = await openedRound(phase, model)
    const bytes = survivors(opened.config).write(everybody)
    bytes[bytes.length - 1]! |= 1 << seat
    const attempt = opened.sessions[0]!.receive(bytes)
    await expectRefusal(attempt, { code: 'malformed-message', fault: 'server', phase })
    expect(await finish(opened)).toEqual(everybody)
  })

  // Bytes cannot express these; whoever brings another encoding can.
  test.each([
    { what: 'a survivor twice', set: [0, 1, 1, 2, 3], got: 1 },
    { what: 'one survivor five times', set: [0, 0, 0, 0, 0], got: 0 },
    { what: 'survivors out of order', set: [0, 1, 3, 2, 4], got: 2 },
    { what: 'an unknown seat', set: [0, 1, 2, 3, 4, 5], got: 5 },
    { what: 'a seat beyond 32 bits', set: [0, 1, 2, 3, 2 ** 32 + 4], got: 2 ** 32 + 4 },
    { what: 'a negative seat', set: [-1, 0, 1, 2, 3], got: -1 },
    { what: 'half a seat', set: [0, 0.5, 1, 2, 3], got: 0.5 },
  ])('$what, to the protocol functions', async ({ set, got }) => {
    const { masked, capabilities } = await clientStates(model)
    const state = masked[0]!
    const before = structuredClone(state)
    const attempt = active
      ? client.checkConsistency(state, set, capabilities[0]!)
      : client.unmask(state, set, capabilities[0]!)
    const refused = await expectRefusal(attempt, { code: 'invalid-survivors', fault: 'server', phase })
    expect(refused.got).toBe(got)
    expect(state).toEqual(before)
  })
})

describe('active: a server publishes signatures', () => {
  const phase = 'unmasking'

  test('of fewer clients than the threshold', async () => {
    const opened = await openedRound(phase, ACTIVE)
    const codec = signatures(opened.config)
    const fewer = codec.read(opened.pending.get(0)!).slice(0, 3)
    const attempt = opened.sessions[0]!.receive(codec.write(fewer))
    await expectRefusal(attempt, { code: 'too-few-clients', fault: 'server', phase })
    expect(await finish(opened)).toEqual([0, 1, 2, 3, 4])
  })

  test('of a client that is not among the survivors (U4 is no subset of U3)', async () => {
    const opened = await openedRound(phase, ACTIVE, [9, 9, 9, 9, 2])
    const codec = signatures(opened.config)
    const genuine = codec.read(opened.pending.get(0)!)
    const attempt = opened.sessions[0]!.receive(codec.write([...genuine, { ...genuine[0]!, seat: 4 }]))
    await expectRefusal(attempt, { code: 'invalid-survivors', fault: 'server', phase, concerning: [4] })
    expect(await finish(opened)).toEqual([0, 1, 2, 3])
  })

  test('of one client under the seat of another', async () => {
    const opened = await openedRound(phase, ACTIVE)
    const codec = signatures(opened.config)
    const genuine = codec.read(opened.pending.get(0)!)
    const stolen = genuine.map((entry) => (entry.seat === 3 ? { ...genuine[2]!, seat: 3 } : entry))
    const attempt = opened.sessions[0]!.receive(codec.write(stolen))
    await expectRefusal(attempt, { code: 'invalid-signature', fault: 'server', phase, concerning: [3] })
    expect(await finish(opened)).toEqual([0, 1, 2, 3, 4])
  })

  test('of one client four times, to the protocol functions', async () => {
    const { masked, capabilities } = await clientStates(ACTIVE)
    const { state, outbound } = await client.checkConsistency(masked[0]!, [0, 1, 2, 3, 4], capabilities[0]!)
    const own = { seat: 0, value: outbound }
    const attempt = client.unmask(state, [own, own, own, own], capabilities[0]!)
    await expectRefusal(attempt, { code: 'malformed-message', fault: 'server', phase })
  })
})

describe('the protocol functions keep to the order of the model', () => {
  test('active: no shares are revealed before the survivors were signed', async () => {
    const { masked, capabilities } = await clientStates(ACTIVE)
    const attempt = client.unmask(masked[0]!, [0, 1, 2, 3, 4], capabilities[0]!)
    await expectRefusal(attempt, { code: 'out-of-order', fault: 'usage', phase: 'unmasking' })
  })

  test('a state of an earlier round reveals nothing', async () => {
    const { shared, capabilities } = await clientStates(ACTIVE)
    const early = shared[0] as unknown as client.ClientMasked
    const attempt = client.unmask(early, [0, 1, 2, 3, 4], capabilities[0]!)
    await expectRefusal(attempt, { code: 'out-of-order', fault: 'usage', phase: undefined })
  })
})
