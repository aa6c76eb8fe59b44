import type { ClientSession, PhaseOutcome, RoundParameters, ServerSession } from 'secagg'
import { describe, expect, test } from 'vitest'
import { ACTIVE, CURIOUS, seatsBelow } from '../attacks/support.js'
import { sumOf } from '../support/inputs.js'
import { type SavedCohort, savedCohort } from './support.js'

/** Nine clients choose six holders each, of which any four recover a secret. */
const CHOSEN = {
  ...ACTIVE,
  clients: 9,
  graph: { neighbors: 6, assumptions: 'unproven' },
  threshold: 4,
  minimumCohort: 5,
} as const

const PHASES: readonly {
  readonly name: string
  readonly parameters: Pick<RoundParameters, 'clients' | 'adversary'> & Partial<RoundParameters>
}[] = [
  { name: 'honest-but-curious', parameters: CURIOUS },
  { name: 'active', parameters: ACTIVE },
  { name: 'active, the other suite', parameters: { ...ACTIVE, suite: 'chacha' } },
  {
    name: 'sparse',
    parameters: {
      ...CURIOUS,
      clients: 9,
      graph: { neighbors: 4, assumptions: 'unproven' },
      threshold: 2,
      minimumCohort: 5,
    },
  },
  { name: 'holders that clients choose', parameters: CHOSEN },
  {
    name: 'holders that clients choose, in slices',
    parameters: { ...CHOSEN, segments: [{ length: 200, bits: 14, bound: 1000 }], sliceLength: 64 },
  },
  {
    name: 'in slices',
    parameters: { ...ACTIVE, segments: [{ length: 200, bits: 13, bound: 1000 }], sliceLength: 64 },
  },
]

/** When a client goes down: before its answer has left, or after. */
type Crash = 'before' | 'after'

/**
 * Runs the round; after every message each client is a new process made from what was saved, and the server after every
 * round. The last client vanishes before its masked input.
 */
async function runCrashing(cohort: SavedCohort, crash: Crash) {
  const { config, sessions } = cohort
  const clients: ClientSession[] = [...sessions]
  const gone = config.clients - 1
  let server: ServerSession = cohort.server
  let outcome: PhaseOutcome | undefined
  while (outcome?.done !== true) {
    for (const seat of server.waitingFor) {
      if (seat === gone && server.phase !== 'advertise-keys' && server.phase !== 'share-keys') continue
      const inbound = server.messageFor(seat)
      const answer = await (inbound === undefined ? clients[seat]!.start() : clients[seat]!.receive(inbound))
      clients[seat] = cohort.resumeClient(seat)
      if (crash === 'before') {
        // Whether it asks its state or is given its message again, it is the same.
        expect(await clients[seat]!.resend()).toEqual(answer)
        if (inbound !== undefined) expect(await clients[seat]!.receive(inbound)).toEqual(answer)
        clients[seat] = cohort.resumeClient(seat)
      }
      expect(await server.receive(seat, answer)).toMatchObject({ status: 'accepted' })
      for await (const slice of clients[seat]!.slices()) await server.receive(seat, slice)
      expect(await server.receive(seat, await clients[seat]!.resend())).toEqual({ status: 'duplicate' })
    }
    outcome = await server.closePhase()
    // The next round's messages are those of the process that comes back.
    const before = outcome.done ? [] : [...outcome.messages]
    if (!outcome.done) server = await cohort.resumeServer()
    for (const [seat, bytes] of before) expect(server.messageFor(seat)).toEqual(bytes)
  }
  return outcome
}

describe.each(PHASES)('$name: everybody is a new process after every step', ({ parameters }) => {
  test.each(['before', 'after'] as const)('going down %s the answer has left', async (crash) => {
    const cohort = await savedCohort(parameters)
    const { sum, report } = await runCrashing(cohort, crash)
    const survivors = seatsBelow(parameters.clients - 1)
    expect(report.survivors).toEqual(survivors)
    expect(sum).toEqual(sumOf(cohort.config, survivors, cohort.inputs))
    // The books survive as well.
    const rounds = parameters.adversary === 'active' ? 5 : 4
    expect(report.phases.map(({ duplicates }) => duplicates)).toEqual(
      report.phases.map(({ accepted }) => accepted.length),
    )
    expect(report.phases.length).toBe(rounds)
  })
})

describe.each(PHASES)('$name: the server comes back in the middle of a round', ({ parameters }) => {
  test('what was in the checkpoint counts, what came after it is asked for again', async () => {
    const cohort = await savedCohort(parameters)
    const { config, sessions } = cohort
    let server: ServerSession = cohort.server
    let outcome: PhaseOutcome | undefined
    const give = async (seat: number): Promise<string> => {
      const inbound = server.messageFor(seat)
      const answer = await (inbound === undefined
        ? sessions[seat]!.start()
        : sessions[seat]!.receive(inbound))
      const { status } = await server.receive(seat, answer)
      for await (const slice of sessions[seat]!.slices()) await server.receive(seat, slice)
      return status
    }
    while (outcome?.done !== true) {
      const seats = server.waitingFor
      for (const seat of seats.slice(0, 3)) expect(await give(seat)).toBe('accepted')
      await server.checkpoint()
      for (const seat of seats.slice(3)) expect(await give(seat)).toBe('accepted')
      server = await cohort.resumeServer()
      expect(server.waitingFor).toEqual(seats.slice(3))
      expect(await give(seats[0]!)).toBe('duplicate')
      for (const seat of seats.slice(3)) expect(await give(seat)).toBe('accepted')
      outcome = await server.closePhase()
    }
    const everybody = seatsBelow(config.clients)
    expect(outcome.report.survivors).toEqual(everybody)
    expect(outcome.sum).toEqual(sumOf(config, everybody, cohort.inputs))
  })

  test('in the last round it needs nobody any more', async () => {
    const cohort = await savedCohort(parameters)
    const { config, sessions, server } = cohort
    for (;;) {
      const last = server.phase === 'unmasking'
      for (const seat of server.waitingFor) {
        const inbound = server.messageFor(seat)
        const answer = await (inbound === undefined
          ? sessions[seat]!.start()
          : sessions[seat]!.receive(inbound))
        await server.receive(seat, answer)
        for await (const slice of sessions[seat]!.slices()) await server.receive(seat, slice)
      }
      await server.closePhase()
      if (last) break
    }
    // The process that has closed it is gone before its host had the sum.
    const outcome = await (await cohort.resumeServer()).closePhase()
    expect(outcome.done && outcome.sum).toEqual(sumOf(config, seatsBelow(config.clients), cohort.inputs))
  })
})
