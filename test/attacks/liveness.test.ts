import { server } from 'secagg/protocol'
import { describe, expect, test } from 'vitest'
import { survivorsStatement } from '../../src/protocol/statements.js'
import { runCohort } from '../support/cohort.js'
import { named } from '../support/seeded.js'
import { clientStates, thrownBy } from './states.js'
import {
  ACTIVE,
  CURIOUS,
  consistencyCheck,
  expectError,
  expectRefused,
  finish,
  MODELS,
  openedRound,
  publishedDigest,
} from './support.js'

const everybody = [0, 1, 2, 3, 4]

describe.each(MODELS)('$adversary: a round goes on when', (model) => {
  test.each([0, 1, 2, 3, 4])('client %d vanishes before it has shared its keys', async (gone) => {
    const ran = await runCohort({ ...model, stages: everybody.map((seat) => (seat === gone ? 1 : 9)) })
    expect(ran.survivors).toEqual(everybody.filter((seat) => seat !== gone))
    expect(ran.outcome?.sum).toEqual(ran.expected)
  })

  test.each([0, 1, 2, 3, 4])('client %d never shows up', async (gone) => {
    const ran = await runCohort({ ...model, stages: everybody.map((seat) => (seat === gone ? 0 : 9)) })
    expect(ran.survivors).toEqual(everybody.filter((seat) => seat !== gone))
    expect(ran.outcome?.sum).toEqual(ran.expected)
  })

  test('one client sends noise in every round', async () => {
    const rounds = model.adversary === 'active' ? 5 : 4
    for (let round = 0; round < rounds; round++) {
      await named(`noise from message ${round} on`, async () => {
        let sent = 0
        const ran = await runCohort({
          ...model,
          onClientMessage: (seat, _, bytes) =>
            seat === 2 && sent++ >= round ? bytes.map((byte, i) => byte ^ (i * 37 + 11)) : bytes,
        })
        expect(ran.outcome?.sum).toEqual(ran.expected)
        for (const { seat, receipt } of ran.receipts) {
          if (receipt.status === 'refused') {
            expect(seat).toBe(2)
            expectRefused(receipt, { ...receipt.error, culprits: [2] })
          }
        }
        expect(ran.receipts.filter(({ receipt }) => receipt.status === 'refused')).toHaveLength(1)
      })
    }
  })
})

test('any number of clients and of shares gives a sum, even and odd ones', async () => {
  for (let clients = 2; clients <= 11; clients++) {
    for (const adversary of ['honest-but-curious', 'active'] as const) {
      await named(`${clients} clients, ${adversary}`, async () => {
        const ran = await runCohort({ clients, adversary })
        expect(ran.outcome?.sum).toEqual(ran.expected)
        // As few answers as allowed, so that each number of shares has its turn.
        const stages = Array.from({ length: clients }, (_, seat) => (seat < ran.config.threshold ? 9 : 2))
        const least = await runCohort({ clients, adversary, stages })
        expect(least.outcome?.sum).toEqual(least.expected)
        expect(least.survivors).toHaveLength(ran.config.threshold)
      })
    }
  }
})

describe.each(MODELS)('$adversary: one client both alive and dead', (model) => {
  test('cannot be announced: the dead are who is left of U2', async () => {
    const { masking } = await clientStates(model)
    const twice = thrownBy(() => server.closeMaskedInput(masking, [0, 1, 2, 3, 3]))
    expectError(twice, { code: 'invalid-argument', fault: 'usage', phase: 'masked-input' })
    const stranger = thrownBy(() => server.closeMaskedInput(masking, [0, 1, 2, 3, 5]))
    expectError(stranger, { code: 'invalid-argument', fault: 'usage', phase: undefined })
  })

  test('cannot be by a masked vector that comes after the survivors were announced', async () => {
    const opened = await openedRound('masked-input', model)
    const late = await opened.sessions[4]!.receive(opened.pending.get(4)!)
    for (const seat of [0, 1, 2, 3]) {
      await opened.server.receive(seat, await opened.sessions[seat]!.receive(opened.pending.get(seat)!))
    }
    const outcome = await opened.server.closePhase()
    expectRefused(await opened.server.receive(4, late), {
      code: 'late-message',
      fault: 'peer',
      phase: opened.server.phase,
      culprits: [4],
    })
    const pending = new Map(outcome.done ? [] : outcome.messages)
    expect(await finish({ ...opened, pending })).toEqual([0, 1, 2, 3])
  })
})

test('active: a client that has dropped out signs the survivors all the same: refused, as the others would refuse its signature', async () => {
  const opened = await openedRound('consistency-check', ACTIVE, [9, 9, 9, 9, 2])
  const { config, signers, server: session } = opened
  const signature = await signers[4]!.sign(
    survivorsStatement(config, publishedDigest(opened), 4, [0, 1, 2, 3]),
  )
  expectRefused(await session.receive(4, consistencyCheck(config).write(signature)), {
    code: 'unknown-seat',
    fault: 'peer',
    phase: 'consistency-check',
    culprits: [4],
  })
  expect(await finish(opened, { silent: [4] })).toEqual([0, 1, 2, 3])
})

test('a client in two connections is one client: what both send counts once', async () => {
  const opened = await openedRound('masked-input', CURIOUS)
  const bytes = await opened.sessions[3]!.receive(opened.pending.get(3)!)
  const receipts = await Promise.all([1, 2, 3, 4].map(() => opened.server.receive(3, bytes)))
  expect(receipts.map(({ status }) => status)).toEqual(['accepted', 'duplicate', 'duplicate', 'duplicate'])
  expect(await finish(opened)).toEqual(everybody)
})
