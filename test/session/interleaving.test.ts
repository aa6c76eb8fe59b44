import { SecAggError } from 'secagg'
import { expect, it } from 'vitest'
import { type CohortOptions, makeCohort, run, runCohort } from '../support/cohort.js'
import { sumOf } from '../support/inputs.js'
import { named, type Random, randomOf } from '../support/seeded.js'

/** Lets `count` other continuations go first. */
async function ticks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await undefined
}

/**
 * Runs a round whose messages arrive, and whose server is told to close, at any moments: a message that is
 * accepted counts, one that is not does not, and the sum is that of exactly those who were told "accepted".
 */
async function anyOrder(random: Random, adversary: CohortOptions['adversary']): Promise<boolean> {
  const { server, sessions, config, inputs } = await makeCohort({
    clients: 6,
    threshold: 4,
    corruptClients: 1,
    adversary,
    seed: random.word(),
  })
  let inbox = new Map<number, Uint8Array | undefined>(sessions.map((_, seat) => [seat, undefined]))
  for (;;) {
    const phase = server.phase!
    const answers = await Promise.all(
      [...inbox].map(async ([seat, bytes]) => {
        const session = sessions[seat]!
        return [seat, await (bytes === undefined ? session.start() : session.receive(bytes))] as const
      }),
    )
    const arriving = answers.map(async ([seat, bytes]) => {
      await ticks(random.below(30))
      return { seat, receipt: await server.receive(seat, bytes) }
    })
    const closing = closeAtAnyMoment(server, random)
    const receipts = await Promise.all(arriving)
    // Where too few came in before the last attempt, the round is still open.
    const outcome = (await closing) ?? (await server.closePhase().catch(() => undefined))
    if (outcome === undefined) return false
    const accepted = receipts.filter(({ receipt }) => receipt.status === 'accepted').map(({ seat }) => seat)
    expect(server.report.phases.at(-1), phase).toMatchObject({ phase, accepted })
    if (outcome.done) {
      expect(outcome.sum).toEqual(sumOf(config, outcome.report.survivors, inputs))
      return true
    }
    inbox = new Map(outcome.messages)
  }
}

async function closeAtAnyMoment(server: Awaited<ReturnType<typeof makeCohort>>['server'], random: Random) {
  for (let attempt = 0; attempt < 6; attempt++) {
    await ticks(random.below(12))
    const closing = server.closePhase()
    closing.catch(() => undefined)
    await ticks(random.below(12))
    try {
      return await closing
    } catch (error) {
      expect(error).toBeInstanceOf(SecAggError)
      expect(error).toMatchObject({ code: 'too-few-clients' })
    }
  }
  return undefined
}

it.each(['honest-but-curious', 'active'] as const)(
  'messages and closings in any order, %s: the sum is that of exactly those whose message was accepted',
  async (adversary) => {
    let finished = 0
    for (let seed = 900; seed < 1000; seed++) {
      await named(`seed ${seed}`, async () => {
        if (await anyOrder(randomOf(seed), adversary)) finished++
      })
    }
    expect(finished).toBeGreaterThan(10)
  },
)

/** The moments, in continuations, at which two masked inputs arrive and at which the host does things. */
interface Schedule {
  readonly arrivals: readonly [number, number]
  readonly firstClose: number
  /** From asking for the close to looking at what became of it. */
  readonly look: number
}

function* schedules(): Generator<Schedule> {
  for (let first = 0; first < 5; first++) {
    for (let apart = 0; apart < 4; apart++) {
      for (let firstClose = 0; firstClose < 6; firstClose++) {
        for (let look = 0; look < 3; look++) yield { arrivals: [first, first + apart], firstClose, look }
      }
    }
  }
}

/** Two inputs are in, three are needed; two more arrive while the host closes, fails, and closes again. */
async function closeAgainAtOnce({ arrivals, firstClose, look }: Schedule): Promise<void> {
  const three = { clients: 4, threshold: 3, adversary: 'honest-but-curious' } as const
  const cohort = await runCohort({ ...three, until: 'masked-input' })
  const { server, sessions, pending } = cohort
  const messages = await Promise.all(sessions.map((session, seat) => session.receive(pending.get(seat)!)))
  for (const seat of [0, 1]) await server.receive(seat, messages[seat]!)
  const arriving = [2, 3].map(async (seat, index) => {
    await ticks(arrivals[index]!)
    return server.receive(seat, messages[seat]!)
  })
  await ticks(firstClose)
  for (let attempt = 1; attempt <= 12 && server.phase === 'masked-input'; attempt++) {
    const closing = server.closePhase()
    closing.catch(() => undefined)
    await ticks(look)
    try {
      await closing
    } catch (error) {
      expect(error).toMatchObject({ code: 'too-few-clients' })
    }
    // A host that never let go would keep the event loop from delivering anything.
    if (attempt % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 0))
  }
  expect(server.phase).toBe('unmasking')
  const receipts = await Promise.all(arriving)
  const accepted = [0, 1, ...[2, 3].filter((seat) => receipts[seat - 2]!.status === 'accepted')]
  const next = new Map(
    accepted.flatMap((seat) => {
      const bytes = server.messageFor(seat)
      return bytes === undefined ? [] : [[seat, bytes] as const]
    }),
  )
  const { outcome, expected, survivors } = await run({ ...cohort, pending: next })
  expect(outcome?.sum, 'the sum of the reported survivors').toEqual(expected)
  expect(survivors, 'the seats that were told "accepted"').toEqual(accepted)
}

it('a host that closes again at once after too few gets the sum of those it accepted', async () => {
  for (const schedule of schedules()) await named(JSON.stringify(schedule), () => closeAgainAtOnce(schedule))
})
