import type { PhaseName } from 'secagg'
import { client } from 'secagg/protocol'
import { describe, expect, test } from 'vitest'
import { makeCohort } from '../support/cohort.js'
import { clientStates, thrownBy } from './states.js'
import {
  ACTIVE,
  CURIOUS,
  expectError,
  expectRefusal,
  expectRefused,
  finish,
  flipped,
  forwardedShares,
  MODELS,
  openedRound,
  publishedKeys,
} from './support.js'

const everybody = [0, 1, 2, 3, 4]

describe.each(MODELS)('$adversary: a server asks once more for a masked vector', (model) => {
  /** Client 0 reads its input anew each time it is asked. */
  async function masking(input: { current: Uint16Array }) {
    const cohort = await makeCohort({
      ...model,
      inputs: everybody.map((seat) => [Uint16Array.of(seat, 1, 2, 3, 4)]),
      clientOptions: (seat) => (seat === 0 ? { input: () => input.current } : {}),
    })
    return openedRound('masked-input', cohort)
  }

  test('with the same message: the same bytes, and the server counts them once', async () => {
    const input = { current: Uint16Array.of(0, 1, 2, 3, 4) }
    const opened = await masking(input)
    const message = opened.pending.get(0)!
    const answers = await Promise.all([1, 2, 3].map(() => opened.sessions[0]!.receive(message)))
    expect(answers[1]).toEqual(answers[0])
    expect(answers[2]).toEqual(answers[0])
    expect((await opened.server.receive(0, answers[0]!)).status).toBe('accepted')
    expect((await opened.server.receive(0, answers[1]!)).status).toBe('duplicate')
    expect(await finish(opened)).toEqual(everybody)
  })

  test.each([
    {
      what: 'another array',
      change: (input: { current: Uint16Array }) => (input.current = Uint16Array.of(1, 1, 2, 3, 4)),
    },
    {
      what: 'the same array, changed in place',
      change: (input: { current: Uint16Array }) => input.current.fill(9),
    },
  ])(
    'when the input has become $what: nothing is sent, and the right input still works',
    async ({ change }) => {
      const input = { current: Uint16Array.of(0, 1, 2, 3, 4) }
      const opened = await masking(input)
      const message = opened.pending.get(0)!
      const answer = await opened.sessions[0]!.receive(message)
      change(input)
      const expected = { code: 'input-changed', fault: 'usage', phase: 'masked-input' } as const
      await expectRefusal(opened.sessions[0]!.receive(message), expected)
      await expectRefusal(opened.sessions[0]!.receive(message), expected)
      input.current = Uint16Array.of(0, 1, 2, 3, 4)
      expect(await opened.sessions[0]!.receive(message)).toEqual(answer)
      expect(await finish(opened)).toEqual(everybody)
    },
  )

  test('changing its array while the vector is masked does not change what is masked', async () => {
    const input = { current: Uint16Array.of(0, 1, 2, 3, 4) }
    const opened = await masking(input)
    const answering = opened.sessions[0]!.receive(opened.pending.get(0)!)
    for (let turn = 0; turn < 40; turn++) await Promise.resolve()
    const answer = await answering
    input.current.fill(5)
    await opened.server.receive(0, answer)
    input.current = Uint16Array.of(0, 1, 2, 3, 4)
    expect(await finish(opened)).toEqual(everybody)
  })

  test('from a buffer that is used again at once', async () => {
    const opened = await masking({ current: Uint16Array.of(0, 1, 2, 3, 4) })
    const buffer = Uint8Array.from(opened.pending.get(0)!)
    const answering = opened.sessions[0]!.receive(buffer)
    buffer.fill(0)
    await opened.server.receive(0, await answering)
    expect(await finish(opened)).toEqual(everybody)
  })

  test('with other clients in U2 or other ciphertexts: refused, also when both come at once', async () => {
    const opened = await masking({ current: Uint16Array.of(0, 1, 2, 3, 4) })
    const session = opened.sessions[0]!
    const genuine = opened.pending.get(0)!
    const codec = forwardedShares(opened.config, 0)
    const entries = codec.read(genuine)
    const expected = { code: 'conflicting-message', fault: 'server', phase: 'masked-input' } as const
    const [answer, conflict] = await Promise.allSettled([
      session.receive(genuine),
      session.receive(codec.write(entries.slice(1))),
    ])
    expect(answer.status).toBe('fulfilled')
    expectError((conflict as PromiseRejectedResult).reason, expected)
    const changed = entries.map((entry) =>
      entry.seat === 1 ? { ...entry, value: flipped(entry.value) } : entry,
    )
    await expectRefusal(session.receive(codec.write(changed)), expected)
    expect(await finish(opened)).toEqual(everybody)
  })

  test('the protocol function repeats a plan for the same input only', async () => {
    const { masked } = await clientStates(model)
    const state = masked[0]!
    expect(client.repeatMaskInput(state, state.inputDigest)).toBe(state.plan)
    expectError(
      thrownBy(() => client.repeatMaskInput(state, flipped(state.inputDigest))),
      { code: 'input-changed', fault: 'usage', phase: 'masked-input' },
    )
  })
})

test.each(MODELS)('$adversary: a second, different list of keys is refused', async (model) => {
  const opened = await openedRound('share-keys', model)
  const session = opened.sessions[0]!
  const genuine = opened.pending.get(0)!
  const codec = publishedKeys(opened.config)
  const answer = await session.receive(genuine)
  await expectRefusal(session.receive(codec.write(codec.read(genuine).slice(0, 4))), {
    code: 'conflicting-message',
    fault: 'server',
    phase: 'share-keys',
  })
  expect(await session.receive(genuine)).toEqual(answer)
  expect(await finish(opened)).toEqual(everybody)
})

/** Each round in which a client may try to send two versions of its message. */
const phases: readonly { phase: PhaseName; model: typeof CURIOUS | typeof ACTIVE }[] = [
  { phase: 'advertise-keys', model: CURIOUS },
  { phase: 'share-keys', model: CURIOUS },
  { phase: 'masked-input', model: CURIOUS },
  { phase: 'consistency-check', model: ACTIVE },
  { phase: 'unmasking', model: CURIOUS },
]

describe.each(phases)('a client sends two versions of its message of $round', ({ phase, model }) => {
  async function answered() {
    const opened = await openedRound(phase, model)
    const message = opened.pending.get(1)
    const session = opened.sessions[1]!
    const bytes = message === undefined ? await session.start() : await session.receive(message)
    return { opened, bytes, other: flipped(bytes, -1) }
  }

  test('the second is refused, the first again is a repetition, and the sum is exact', async () => {
    const { opened, bytes, other } = await answered()
    const { server } = opened
    expect((await server.receive(1, bytes)).status).toBe('accepted')
    const expected = { code: 'conflicting-message', fault: 'peer', phase, culprits: [1] } as const
    expectRefused(await server.receive(1, other), expected)
    expect((await server.receive(1, bytes)).status).toBe('duplicate')
    const continued = phase === 'advertise-keys' ? await openedRound('share-keys', opened) : opened
    expect(await finish(continued)).toEqual(everybody)
    expect(server.report.refused).toMatchObject([{ seat: 1, phase, code: 'conflicting-message', count: 1 }])
  })

  test('both at once: one counts', async () => {
    const { opened, bytes, other } = await answered()
    const receipts = await Promise.all([
      opened.server.receive(1, bytes),
      opened.server.receive(1, other),
      opened.server.receive(1, bytes),
    ])
    expect(receipts.map(({ status }) => status)).toEqual(['accepted', 'refused', 'duplicate'])
    const continued = phase === 'advertise-keys' ? await openedRound('share-keys', opened) : opened
    expect(await finish(continued)).toEqual(everybody)
  })

  test('after the round is closed: refused as late, whatever it says', async () => {
    const { opened, bytes, other } = await answered()
    const { server, pending } = opened
    for (const seat of everybody) {
      const message = pending.get(seat)
      const session = opened.sessions[seat]!
      await server.receive(
        seat,
        message === undefined ? await session.start() : await session.receive(message),
      )
    }
    const outcome = await server.closePhase()
    expect((await server.receive(1, bytes)).status).toBe('duplicate')
    const now = outcome.done ? 'unmasking' : outcome.phase
    const receipt = await server.receive(1, other)
    expectRefused(receipt, { code: 'late-message', fault: 'peer', culprits: [1], phase: now })
  })
})
