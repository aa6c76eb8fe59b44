import type { PhaseName } from 'secagg'
import { describe, expect, test } from 'vitest'
import { PROTOCOL_VERSION } from '../../src/wire/index.js'
import { makeCohort, run } from '../support/cohort.js'
import { named } from '../support/seeded.js'
import { ACTIVE, expectRefused, finish, MODELS, openedRound } from './support.js'

const everybody = [0, 1, 2, 3, 4]

/** All messages of an honest round; of equal seeds all rounds are the same. */
async function transcript(model: (typeof MODELS)[number]) {
  const toServer = new Map<PhaseName, Uint8Array>()
  const toClient = new Map<PhaseName, Uint8Array>()
  const ran = await run(await makeCohort(model), {
    onClientMessage: (seat, phase, bytes) => {
      if (seat === 1) toServer.set(phase, bytes)
      return bytes
    },
    onServerMessage: (seat, phase, bytes) => {
      if (seat === 1) toClient.set(phase, bytes)
      return bytes
    },
  })
  expect(ran.outcome?.sum).toEqual(ran.expected)
  return { toServer, toClient }
}

describe.each(MODELS)('$adversary: the genuine message of another round', (model) => {
  const rounds: PhaseName[] = ['advertise-keys', 'share-keys', 'masked-input']
  if (model === ACTIVE) rounds.push('consistency-check')
  rounds.push('unmasking')

  test.each(rounds.slice(1))(
    'from the server to a client that awaits %s: refused, and the round goes on',
    async (phase) => {
      const { toClient } = await transcript(model)
      const opened = await openedRound(phase, model)
      const session = opened.sessions[1]!
      for (const [other, bytes] of toClient) {
        if (other === phase) continue
        // The message that it answered last gets the same answer; of all others it wants none.
        const isRepeated = rounds.indexOf(other) === rounds.indexOf(phase) - 1
        await named(`the message of ${other}`, async () => {
          const outcome = await session.receive(bytes).catch((error: unknown) => error)
          if (isRepeated) expect(outcome).toBeInstanceOf(Uint8Array)
          else
            expect(outcome).toMatchObject({
              code: 'unexpected-message',
              fault: 'server',
              phase,
              culprits: [],
            })
        })
      }
      for (const bytes of (await transcript(model)).toServer.values()) {
        const outcome = await session.receive(bytes).catch((error: unknown) => error)
        expect(outcome).toMatchObject({ code: 'unexpected-message', fault: 'server', phase })
      }
      expect(await finish(opened)).toEqual(everybody)
    },
  )

  test.each(rounds)(
    'from a client to a server that collects %s: refused, and the round goes on',
    async (phase) => {
      const { toServer, toClient } = await transcript(model)
      const opened = await openedRound(phase, model)
      for (const [other, bytes] of toServer) {
        if (other === phase) continue
        const receipt = await opened.server.receive(1, bytes)
        await named(`the message of ${other}`, () => {
          if (rounds.indexOf(other) < rounds.indexOf(phase)) expect(receipt.status).toBe('duplicate')
          else expectRefused(receipt, { code: 'unexpected-message', fault: 'peer', phase, culprits: [1] })
        })
      }
      for (const bytes of toClient.values()) {
        const receipt = await opened.server.receive(1, bytes)
        expectRefused(receipt, { code: 'unexpected-message', fault: 'peer', phase, culprits: [1] })
      }
      const continued = phase === 'advertise-keys' ? await openedRound('share-keys', opened) : opened
      expect(await finish(continued)).toEqual(everybody)
    },
  )

  test('from a seat that takes no part: refused in each round, and not a word of it in the report', async () => {
    for (const phase of rounds) {
      const { toServer } = await transcript(model)
      const opened = await openedRound(phase, model)
      for (const seat of [5, -1, 0.5, Number.NaN, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 53]) {
        await named(`seat ${seat} in ${phase}`, async () => {
          const receipt = await opened.server.receive(seat, toServer.get(phase)!)
          expect(receipt).toMatchObject({
            status: 'refused',
            error: { fault: 'peer', phase, culprits: [seat] },
          })
        })
      }
      expect(opened.server.report.refused).toEqual([])
      const continued = phase === 'advertise-keys' ? await openedRound('share-keys', opened) : opened
      expect(await finish(continued)).toEqual(everybody)
    }
  })

  test('or none at all: a client that has finished stays finished, one that has not begun does not begin', async () => {
    const { toClient } = await transcript(model)
    const cohort = await makeCohort(model)
    for (const bytes of toClient.values()) {
      const early = await cohort.sessions[1]!.receive(bytes).catch((error: unknown) => error)
      expect(early).toMatchObject({ code: 'out-of-order', fault: 'usage' })
    }
    await run(cohort)
    const finished = cohort.sessions[1]!
    expect(finished.done).toBe(true)
    const last = rounds.at(-1)!
    for (const [phase, bytes] of toClient) {
      if (phase === last) continue
      const late = await finished.receive(bytes).catch((error: unknown) => error)
      expect(late).toMatchObject({ name: 'SecAggError' })
    }
    const restarted = await finished.start().catch((error: unknown) => error)
    expect(restarted).toMatchObject({ code: 'out-of-order', fault: 'usage' })
    expect(finished.done).toBe(true)
  })
})

test('a flood of bad messages does not fill the report, and closing twice at once closes once', async () => {
  const opened = await openedRound('masked-input', ACTIVE)
  for (let count = 0; count < 500; count++) {
    await opened.server.receive(2, Uint8Array.of(PROTOCOL_VERSION, 5, count))
    await opened.server.receive(count + 5, Uint8Array.of(PROTOCOL_VERSION, 5))
  }
  expect(opened.server.report.refused).toMatchObject([{ seat: 2, code: 'malformed-message', count: 500 }])
  for (const seat of everybody) {
    await opened.server.receive(seat, await opened.sessions[seat]!.receive(opened.pending.get(seat)!))
  }
  const [first, second] = await Promise.allSettled([opened.server.closePhase(), opened.server.closePhase()])
  expect(first.status).toBe('fulfilled')
  expect(second).toMatchObject({ status: 'rejected', reason: { code: 'out-of-order', fault: 'usage' } })
  const outcome = (first as PromiseFulfilledResult<Awaited<ReturnType<typeof opened.server.closePhase>>>)
    .value
  const pending = new Map(outcome.done ? [] : outcome.messages)
  expect(await finish({ ...opened, pending })).toEqual(everybody)
})
