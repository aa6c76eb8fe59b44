import { localPlane, type PhaseOutcome, type SliceStore } from 'secagg'
import { expect, test } from 'vitest'
import { named } from '../support/seeded.js'
import { CURIOUS, finish, openedRound } from './support.js'

async function microtasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await undefined
}

test('masked vectors that come in while a host closes the round again are in the sum and among the survivors, or in neither', async () => {
  for (let first = 0; first < 4; first++) {
    for (let second = 0; second < 4; second++) {
      for (let delay = 0; delay < 3; delay++) {
        await named(`schedule ${first}, ${second}, ${delay}`, async () => {
          const opened = await openedRound('masked-input', { ...CURIOUS, clients: 4 })
          const { server, sessions, pending } = opened
          const answers = await Promise.all(
            [0, 1, 2, 3].map((seat) => sessions[seat]!.receive(pending.get(seat)!)),
          )
          await server.receive(0, answers[0]!)
          await server.receive(1, answers[1]!)
          const arriving = [
            microtasks(first).then(() => server.receive(2, answers[2]!)),
            microtasks(second).then(() => server.receive(3, answers[3]!)),
          ]
          await microtasks(4)
          const failing = server.closePhase() // one too few
          failing.catch(() => undefined)
          await microtasks(delay)
          const closing = failing.catch(() => server.closePhase())
          closing.catch(() => undefined)
          await Promise.all(arriving)
          const outcome: PhaseOutcome = await closing.catch(() => server.closePhase())
          const next = new Map(outcome.done ? [] : outcome.messages)
          const survived = await finish({ ...opened, pending: next })
          expect(survived.length).toBeGreaterThanOrEqual(3)
        })
      }
    }
  }
})

test.each([
  { what: 'in one message', slices: {} },
  {
    what: 'in slices, from a store that takes its time',
    slices: { sliceLength: 64, segments: [{ length: 150, bits: 16, bound: 'modular' as const }] },
  },
])('the same of one that comes $what at any moment of a closing that succeeds', async ({ slices }) => {
  const outcomes = new Set<number>()
  for (let delay = 0; delay < 40; delay++) {
    await named(`delay ${delay}`, async () => {
      const opened = await openedRound('masked-input', {
        ...CURIOUS,
        ...slices,
        clients: 4,
        serverOptions: { plane: localPlane({ sliceStore: slowStore() }) },
      })
      const { server, sessions, pending } = opened
      const messages: Uint8Array[][] = []
      for (const [seat, bytes] of pending) {
        const own = [await sessions[seat]!.receive(bytes)]
        for await (const slice of sessions[seat]!.slices()) own.push(slice)
        messages.push(own)
      }
      const last = messages[3]!.pop()!
      for (const [seat, own] of messages.entries()) {
        for (const bytes of own) await server.receive(seat, bytes)
      }
      const closing = server.closePhase()
      const arriving = microtasks(delay).then(() => server.receive(3, last))
      const [outcome, receipt] = await Promise.all([closing, arriving])
      const next = new Map(outcome.done ? [] : outcome.messages)
      const survived = await finish({ ...opened, pending: next })
      expect(survived.includes(3)).toBe(receipt.status === 'accepted')
      outcomes.add(survived.length)
    })
  }
  expect(outcomes).toContain(3)
})

/** A store in which everything takes some turns. */
function slowStore(): SliceStore {
  const kept = new Map<string, Uint8Array>()
  return {
    put: async (seat, slice, bytes) => {
      await microtasks(3)
      kept.set(`${seat} ${slice}`, bytes)
    },
    get: async (seat, slice) => {
      await microtasks(3)
      return kept.get(`${seat} ${slice}`)!
    },
    discard: () => microtasks(3),
  }
}
