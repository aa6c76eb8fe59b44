import type { RoundOutcome } from 'secagg'
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
          const failing = server.closeRound() // one too few
          failing.catch(() => undefined)
          await microtasks(delay)
          const closing = failing.catch(() => server.closeRound())
          closing.catch(() => undefined)
          await Promise.all(arriving)
          const outcome: RoundOutcome = await closing.catch(() => server.closeRound())
          const next = new Map(outcome.done ? [] : outcome.messages)
          const survived = await finish({ ...opened, pending: next })
          expect(survived.length).toBeGreaterThanOrEqual(3)
        })
      }
    }
  }
})
