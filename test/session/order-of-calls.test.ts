import { ServerSession } from 'secagg'
import { expect, it } from 'vitest'
import { savedCohort } from '../resume/support.js'
import { makeCohort, run } from '../support/cohort.js'
import { sumOf } from '../support/inputs.js'

const FOUR = { clients: 4, threshold: 3, adversary: 'honest-but-curious' } as const

/** The answers of all clients to what the server has said last. */
async function answersOf({ sessions, pending }: Awaited<ReturnType<typeof run>>): Promise<Uint8Array[]> {
  const answers: Uint8Array[] = []
  for (const [seat, bytes] of pending) answers.push(await sessions[seat]!.receive(bytes))
  return answers
}

it('a message that is given before the round is closed counts, however long its check takes', async () => {
  const cohort = await makeCohort({ ...FOUR, adversary: 'active' })
  const verifyIdentity: typeof cohort.verifyIdentity = async (claim) => {
    if (claim.seat === 2) await new Promise((resolve) => setTimeout(resolve, 20))
    return cohort.verifyIdentity!(claim)
  }
  const server = new ServerSession({ config: cohort.config, crypto: cohort.crypto, verifyIdentity })
  const messages = await Promise.all(cohort.sessions.map((session) => session.start()))
  const receipts = messages.map((bytes, seat) => server.receive(seat, bytes))
  const outcome = await server.closePhase()
  expect(await Promise.all(receipts)).toEqual(Array(4).fill({ status: 'accepted' }))
  expect(outcome.done ? [] : [...outcome.messages].map(([seat]) => seat)).toEqual([0, 1, 2, 3])
})

it('all that is called at once happens in that order', async () => {
  const cohort = await savedCohort(FOUR)
  const { server, config, inputs } = cohort
  const answers = await answersOf(await run(cohort, { until: 'masked-input' }))
  const stored = cohort.serverForms.length
  const receipts = [0, 1, 2].map((seat) => server.receive(seat, answers[seat]!))
  const checkpoint = server.checkpoint()
  const repeated = server.receive(2, answers[2]!)
  const closing = server.closePhase()
  const late = server.receive(3, answers[3]!)
  const repeatedLate = server.receive(1, answers[1]!)
  expect(await Promise.all(receipts)).toEqual(Array(3).fill({ status: 'accepted' }))
  await checkpoint
  expect((await cohort.resumeServer(cohort.serverForms[stored])).waitingFor).toEqual([3])
  expect(await repeated).toEqual({ status: 'duplicate' })
  const outcome = await closing
  expect(server.report).toMatchObject({ survivors: [0, 1, 2] })
  expect(server.report.phases.at(-1)).toMatchObject({ accepted: [0, 1, 2], duplicates: 1 })
  expect(await late).toMatchObject({ status: 'refused', error: { code: 'late-message', culprits: [3] } })
  expect(await repeatedLate).toEqual({ status: 'duplicate' })
  const rest = await run({ ...cohort, pending: new Map(outcome.done ? [] : outcome.messages) })
  expect(rest.outcome?.sum).toEqual(sumOf(config, [0, 1, 2], inputs))
})

it('a message for the round that a closing opens may be given before that is done', async () => {
  const cohort = await makeCohort(FOUR)
  const { server, config, inputs } = cohort
  const atMask = await run(cohort, { until: 'masked-input' })
  const masked = await answersOf(atMask)
  for (const [seat, bytes] of masked.entries()) await server.receive(seat, bytes)
  // A server that is the same in everything tells what the answers of the next round will be.
  const outcome = await server.closePhase()
  const unmasking = await answersOf({ ...atMask, pending: new Map(outcome.done ? [] : outcome.messages) })

  const save = () => new Promise<void>((resolve) => setTimeout(resolve, 5))
  const again = await makeCohort({ ...FOUR, serverOptions: { save } })
  await run(again, { until: 'masked-input' })
  for (const [seat, bytes] of masked.entries()) await again.server.receive(seat, bytes)
  const opening = again.server.closePhase()
  const receipts = unmasking.map((bytes, seat) => again.server.receive(seat, bytes))
  const ending = opening.then(() => again.server.closePhase())
  expect(await Promise.all(receipts)).toEqual(Array(4).fill({ status: 'accepted' }))
  expect(await ending).toMatchObject({ done: true, sum: sumOf(config, [0, 1, 2, 3], inputs) })
})

it('a message that was given before an upload is discarded is part of it', async () => {
  const options = {
    ...FOUR,
    segments: [{ length: 200, bits: 8, bound: 'modular' }],
    sliceLength: 64,
  } as const
  const cohort = await makeCohort(options)
  const { server, config, inputs } = cohort
  const paused = await run(cohort, { until: 'masked-input' })
  const slices: Uint8Array[][] = []
  for (const [seat, session] of cohort.sessions.entries()) {
    slices.push([await session.receive(paused.pending.get(seat)!)])
    for await (const slice of session.slices()) slices[seat]!.push(slice)
  }
  const first = server.receive(1, slices[1]![0]!)
  const discarded = server.discardUpload(1)
  const all = slices.flatMap((own, seat) => own.map((bytes) => server.receive(seat, bytes)))
  const closing = server.closePhase()
  expect(await first).toEqual({ status: 'accepted' })
  expect(await discarded).toBe(true)
  expect(new Set((await Promise.all(all)).map(({ status }) => status))).toEqual(new Set(['accepted']))
  const outcome = await closing
  const rest = await run({ ...paused, pending: new Map(outcome.done ? [] : outcome.messages) })
  expect(rest.outcome?.sum).toEqual(sumOf(config, [0, 1, 2, 3], inputs))
})
