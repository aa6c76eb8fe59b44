import { ServerSession, type SumBlock } from 'secagg'
import { expect, test } from 'vitest'
import { createVector, type Vector, vectorInRange } from '../../src/vector/index.js'
import type { elementCount } from '../../src/vector/segments.js'
import { seatsBelow } from '../attacks/support.js'
import { type CohortOptions, makeCohort, run } from '../support/cohort.js'
import { sumOf } from '../support/inputs.js'

const ROUND: CohortOptions = {
  clients: 4,
  threshold: 3,
  adversary: 'honest-but-curious',
  segments: [
    { length: 2 ** 18 - 5, bits: 13, bound: 1000 },
    { length: 300, bits: 20, bound: 1000 },
  ],
}

/** A server in the last phase, with all answers, and its saved bytes. */
async function lastPhase() {
  const cohort = await makeCohort({ ...ROUND, serverOptions: { save: (bytes) => void saved.push(bytes) } })
  const saved: Uint8Array[] = []
  const { pending } = await run(cohort, { until: 'unmasking' })
  const answers = await Promise.all(
    cohort.sessions.map((session, seat) => session.receive(pending.get(seat)!)),
  )
  return { ...cohort, answers, form: saved.at(-1)! }
}

/** Puts blocks together as a sink does that writes them to a file. */
function collector(segments: Parameters<typeof elementCount>[0]) {
  const sum = createVector(segments)
  const sizes: number[] = []
  const sink = async ({ range, elements }: SumBlock): Promise<void> => {
    for (const [index, lanes] of vectorInRange(sum, segments, range).entries())
      lanes.set(elements[index] as never)
    sizes.push(range.to - range.from)
  }
  return { sum, sizes, sink }
}

test('a long sum goes to the sink block by block, and the outcome has none', async () => {
  const { config, crypto, inputs, answers, form } = await lastPhase()
  const { sum, sizes, sink } = collector(config.segments)
  const server = await ServerSession.resume(form, { config, crypto, sink })
  for (const [seat, answer] of answers.entries()) await server.receive(seat, answer)
  const outcome = await server.closePhase()
  expect(outcome.done && Object.keys(outcome).sort()).toEqual(['configHash', 'done', 'report'])
  expect(sizes).toEqual([2 ** 18, 295])
  expect(sum).toEqual(sumOf(config, seatsBelow(4), inputs))
})

test('a sink that fails leaves the phase open, and receives all blocks again', async () => {
  const { config, crypto, inputs, answers, form } = await lastPhase()
  const { sum, sizes, sink } = collector(config.segments)
  let failures = 1
  const failing = (block: SumBlock): void | Promise<void> => {
    if (block.range.from > 0 && failures-- > 0) throw new Error('the disk is full')
    return sink(block)
  }
  const server = await ServerSession.resume(form, { config, crypto, sink: failing })
  for (const [seat, answer] of answers.entries()) await server.receive(seat, answer)
  await expect(server.closePhase()).rejects.toMatchObject({ code: 'storage-failure', fault: 'usage' })
  expect(server.phase).toBe('unmasking')
  expect((await server.closePhase()).done).toBe(true)
  expect(sizes).toEqual([2 ** 18, 2 ** 18, 295])
  expect(sum).toEqual(sumOf(config, seatsBelow(4), inputs))
})

test('the type of the outcome tells whether it has a sum', async () => {
  const { config, crypto, form } = await lastPhase()
  const server = await ServerSession.resume(form, { config, crypto })
  const outcome = await server.closePhase().catch(() => undefined)
  const here: Vector | undefined = outcome?.done ? outcome.sum : undefined
  const other = await ServerSession.resume(form, { config, crypto, sink: () => undefined })
  const elsewhere = await other.closePhase().catch(() => undefined)
  const none: undefined = elsewhere?.done ? elsewhere.sum : undefined
  expect([here, none]).toEqual([undefined, undefined])
})
