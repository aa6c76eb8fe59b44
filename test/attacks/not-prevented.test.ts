import { describe, expect, test } from 'vitest'
import { type CohortRun, makeCohort, run, runCohort } from '../support/cohort.js'
import { sumOf } from '../support/inputs.js'
import { ACTIVE, CURIOUS, expectError, finish, flipped, MODELS, openedRound, shareKeys } from './support.js'

/*
 * What no protocol of this kind can stop, or this one does not. Each of these attacks works; whoever relies on the
 * library has to stop it elsewhere, or to live with it.
 */

const segments = [{ length: 4, bits: 16, bound: 1000n }]
const vectors = (count: number) =>
  Array.from({ length: count }, (_, seat) => [Uint16Array.of(seat, 100 + seat, 7 * seat, 3)])

function sumIn({ outcome }: CohortRun): number[] {
  return Array.from(outcome!.sum[0] as Uint16Array)
}

describe('NOT prevented: the sum says what sums say', () => {
  test('two rounds with the same inputs and one client less give that client’s input', async () => {
    const inputs = vectors(5)
    const all = await runCohort({ ...ACTIVE, segments, inputs })
    const fewer = await runCohort({ ...ACTIVE, segments, inputs, stages: [9, 9, 9, 9, 2] })
    const less = sumIn(fewer)
    expect(sumIn(all).map((value, i) => value - less[i]!)).toEqual([...(inputs[4]![0] as Uint16Array)])
  })

  test('a server that fills the cohort with clients of its own learns the input of the one that is not', async () => {
    const inputs = vectors(5)
    const own = [0, 1, 3, 4]
    // Enrolled like everybody else, they follow the protocol to the letter.
    const ran = await runCohort({ ...ACTIVE, segments, inputs })
    const theirs = sumOf(ran.config, own, inputs)[0] as Uint16Array
    expect(sumIn(ran).map((value, i) => value - theirs[i]!)).toEqual([...(inputs[2]![0] as Uint16Array)])
  })

  test('each of two clients learns the other’s input where the sum is published', async () => {
    const inputs = vectors(2)
    const ran = await runCohort({ ...ACTIVE, clients: 2, segments, inputs })
    const own = inputs[0]![0] as Uint16Array
    expect(sumIn(ran).map((value, i) => value - own[i]!)).toEqual([...(inputs[1]![0] as Uint16Array)])
  })
})

describe.each(MODELS)('NOT prevented, $adversary: a client sends another vector than it should', (model) => {
  test('beyond the bound, which honest clients alone keep: the sum wraps, and nobody is named', async () => {
    const inputs = vectors(5)
    const opened = await openedRound('masked-input', { ...model, segments, inputs })
    const round = await run(opened, {
      onClientMessage: (seat, current, bytes) => {
        if (current !== 'masked-input' || seat !== 3) return bytes
        const packed = new Uint16Array(bytes.slice(2).buffer)
        packed[1]! += 65_000
        return Uint8Array.of(...bytes.slice(0, 2), ...new Uint8Array(packed.buffer))
      },
    })
    const expected = [...(round.expected[0] as Uint16Array)]
    expected[1] = (expected[1]! + 65_000) & 0xffff
    expect(sumIn(round)).toEqual(expected)
    expect(round.outcome?.report.refused).toEqual([])
  })
})

describe.each(MODELS)('NOT prevented, $adversary: one client ends the round without a sum', (model) => {
  test('by sealing noise to the others: the error names it as the owner', async () => {
    const codec = shareKeys(4)
    const ran = await runCohort({
      ...model,
      onClientMessage: (seat, phase, bytes) => {
        if (seat !== 2 || phase !== 'share-keys') return bytes
        const { commitment, ciphertexts } = codec.read(bytes)
        return codec.write({ commitment, ciphertexts: ciphertexts.map((byte, i) => byte ^ (i + 1)) })
      },
    })
    expect(ran.outcome).toBeUndefined()
    expectError(ran.error, { code: 'too-few-shares', fault: 'peer', phase: 'unmasking', concerning: [2] })
  })

  test('by a commitment to nothing: the error names it as the owner', async () => {
    const codec = shareKeys(4)
    const ran = await runCohort({
      ...model,
      onClientMessage: (seat, phase, bytes) => {
        if (seat !== 2 || phase !== 'share-keys') return bytes
        const message = codec.read(bytes)
        return codec.write({ ...message, commitment: flipped(message.commitment) })
      },
    })
    expect(ran.outcome).toBeUndefined()
    expectError(ran.error, { code: 'wrong-share', fault: 'peer', phase: 'unmasking', concerning: [2] })
  })
})

test('NOT prevented: more than n − t clients that fall silent end the round without a sum', async () => {
  for (const model of MODELS) {
    const { config } = await makeCohort(model)
    const silent = config.clients - config.threshold
    const stagesWith = (count: number) => Array.from({ length: 5 }, (_, seat) => (seat < count ? 2 : 9))
    const enough = await runCohort({ ...model, stages: stagesWith(silent) })
    expect(enough.outcome?.sum).toEqual(enough.expected)
    const tooFew = await runCohort({ ...model, stages: stagesWith(silent + 1) })
    expectError(tooFew.error, { code: 'too-few-clients', fault: 'peer', phase: 'masked-input' })
  }
})

test('NOT prevented: clients that begin their slices and stop keep others out, until the host discards them', async () => {
  const opened = await openedRound('masked-input', {
    ...CURIOUS,
    segments: [{ length: 300, bits: 16, bound: 'modular' }],
    sliceLength: 64,
    serverOptions: { maximumUploads: 2 },
  })
  const { server, sessions, pending } = opened
  const send = async (seat: number, slices: number) => {
    const statuses = [(await server.receive(seat, await sessions[seat]!.receive(pending.get(seat)!))).status]
    for await (const slice of sessions[seat]!.slices()) {
      if (statuses.length === slices) break
      statuses.push((await server.receive(seat, slice)).status)
    }
    return new Set(statuses)
  }
  await send(0, 1)
  await send(1, 1)
  expect(await send(2, 5)).toEqual(new Set(['busy']))
  expect([await server.discardUpload(0), await server.discardUpload(1)]).toEqual([true, true])
  for (const seat of [2, 3, 4]) expect(await send(seat, 5)).toEqual(new Set(['accepted']))
  const outcome = await server.closePhase()
  const next = new Map(outcome.done ? [] : outcome.messages)
  expect(await finish({ ...opened, pending: next })).toEqual([2, 3, 4])
})
