import {
  ClientSession,
  type ClientSessionEvent,
  localPlane,
  PHASES,
  SecAggError,
  ServerSession,
  type ServerSessionEvent,
} from 'secagg'
import { describe, expect, it } from 'vitest'
import { bytesToHex } from '../../src/crypto/bytes.js'
import { type CohortOptions, makeCohort, run, runCohort } from '../support/cohort.js'
import { finish, maskedVectors, ROUND, SLICES, unreliableStore } from './sliced-rounds.js'

type AnyEvent = ServerSessionEvent | ClientSessionEvent

const ACTIVE: CohortOptions = { clients: 5, threshold: 4, adversary: 'active' }

/** An event in a few words. */
function words(event: AnyEvent): string {
  switch (event.type) {
    case 'phase-opened':
      return `opened ${event.phase}${'waitingFor' in event ? ` for ${event.waitingFor}` : ''}`
    case 'phase-closed':
      return `closed ${event.phase}${'accepted' in event ? ` with ${event.accepted}` : ''}`
    case 'message':
      return `${event.status} from ${event.seat}${event.error ? `: ${event.error.code}` : ''}`
    case 'slice-folded':
      return `folded ${event.slice} of ${event.seat}`
    case 'uploads-changed':
      return 'uploads changed'
    case 'secrets-recovered':
      return `recovered ${event.selfMasks} and ${event.maskKeys}`
  }
}

/** What a listener was told, with the listener. */
function listener<E extends AnyEvent>(): {
  events: E[]
  onEvent: (event: E) => void
  told(): string[]
} {
  const events: E[] = []
  return {
    events,
    onEvent: (event) => {
      events.push(event)
    },
    told: () => events.splice(0).map(words),
  }
}

describe('the events of a server’s session', () => {
  it('tell the story of a round with a dropout', async () => {
    const { events, onEvent } = listener<ServerSessionEvent>()
    const cohort = await runCohort({
      clients: 3,
      threshold: 2,
      adversary: 'honest-but-curious',
      stages: [9, 2, 9],
      serverOptions: { onEvent },
    })
    expect(cohort.outcome?.sum).toEqual(cohort.expected)
    const all = ['accepted from 0', 'accepted from 1', 'accepted from 2']
    expect(events.map(words)).toEqual([
      'opened advertise-keys for 3',
      ...all,
      'closed advertise-keys with 0,1,2',
      'opened share-keys for 3',
      ...all,
      'closed share-keys with 0,1,2',
      'opened masked-input for 3',
      'accepted from 0',
      'accepted from 2',
      'closed masked-input with 0,2',
      'opened unmasking for 2',
      'accepted from 0',
      'accepted from 2',
      'recovered 2 and 1',
      'closed unmasking with 0,2',
    ])
    const roundId = bytesToHex(cohort.config.sessionId)
    expect(new Set(events.map((event) => event.roundId))).toEqual(new Set([roundId]))
    for (const event of events) expect(PHASES).toContain(event.phase)
    const closed = events.flatMap((event) => (event.type === 'phase-closed' ? [event] : []))
    const counts = closed.map(({ type, roundId, ...count }) => count)
    expect(counts).toEqual(cohort.outcome?.report.phases)
  })

  it('tell which messages were repeated, refused and late, with the phase that is open', async () => {
    const { events, onEvent, told } = listener<ServerSessionEvent>()
    const { server, sessions } = await makeCohort({ ...ACTIVE, serverOptions: { onEvent } })
    const starts = await Promise.all(sessions.map((session) => session.start()))
    for (const [seat, bytes] of starts.slice(0, 4).entries()) await server.receive(seat, bytes)
    told()
    await server.receive(0, starts[0]!)
    await server.receive(4, starts[0]!)
    await server.receive(4, Uint8Array.of(1, 2, 3))
    await server.receive(7, starts[4]!)
    expect(told()).toEqual([
      'duplicate from 0',
      'refused from 4: invalid-signature',
      'refused from 4: unsupported-version',
      'refused from 7: unknown-seat',
    ])
    await server.closePhase()
    told()
    const receipt = await server.receive(4, starts[4]!)
    expect(receipt.status).toBe('refused')
    expect(events).toMatchObject([
      { type: 'message', phase: 'share-keys', seat: 4, bytes: starts[4]!.length, status: 'late' },
    ])
    expect(receipt).toMatchObject({ error: (events[0] as { error?: SecAggError }).error })
  })

  it('open the first phase although no message ever comes, once the host has the session', async () => {
    const { onEvent, told } = listener<ServerSessionEvent>()
    const { config } = await makeCohort(ROUND)
    new ServerSession({ config, onEvent })
    expect(told()).toEqual([])
    await Promise.resolve()
    expect(told()).toEqual(['opened advertise-keys for 4'])
  })

  it('begin with the open phase in a session that is resumed', async () => {
    let saved = new Uint8Array(0)
    const save = (bytes: Uint8Array): void => {
      saved = Uint8Array.from(bytes)
    }
    const cohort = await makeCohort({ ...ACTIVE, serverOptions: { save } })
    const paused = await run(cohort, { until: 'masked-input', stages: [9, 9, 1] })
    const { onEvent, told } = listener<ServerSessionEvent>()
    const { config, crypto, verifyIdentity } = cohort
    const server = await ServerSession.resume(saved, { config, crypto, verifyIdentity, onEvent })
    expect(told()).toEqual(['opened masked-input for 4'])
    const { outcome } = await run({ ...paused, server })
    expect(told().slice(-3)).toEqual([
      'accepted from 4',
      'recovered 4 and 0',
      'closed unmasking with 0,1,3,4',
    ])
    expect(outcome?.done).toBe(true)
  })

  it('tell of each slice when it is added to the sum, and of slices for which there is no room', async () => {
    const { onEvent, told } = listener<ServerSessionEvent>()
    const round = await maskedVectors({ ...ROUND, serverOptions: { maximumUploads: 1, onEvent } })
    const { server, vectors } = round
    told()
    await server.receive(2, vectors[2]![1]!)
    await server.receive(0, vectors[0]![0]!)
    expect(told()).toEqual(['accepted from 2', 'busy from 0'])
    for (const slice of [4, 0, 3, 2]) await server.receive(2, vectors[2]![slice]!)
    expect(told()).toEqual([
      'accepted from 2',
      'accepted from 2',
      'accepted from 2',
      ...Array.from({ length: SLICES }, (_, slice) => `folded ${slice} of 2`),
      'accepted from 2',
    ])
  })

  it('tell of slices once, although the store has failed in between', async () => {
    const { store, trouble } = unreliableStore()
    const { events, onEvent, told } = listener<ServerSessionEvent>()
    const round = await maskedVectors({
      ...ROUND,
      serverOptions: { plane: localPlane({ sliceStore: store }), onEvent },
    })
    const { server, vectors } = round
    told()
    trouble.get = 3
    for (const slice of vectors[1]!.slice(0, -1)) await server.receive(1, slice)
    await expect(server.receive(1, vectors[1]!.at(-1)!)).rejects.toThrow()
    // The host failed, so nothing is said of the message.
    expect(told().slice(-4)).toEqual(['accepted from 1', 'folded 0 of 1', 'folded 1 of 1', 'folded 2 of 1'])
    trouble.get = -1
    await server.receive(1, vectors[1]!.at(-1)!)
    expect(told()).toEqual(['folded 3 of 1', 'folded 4 of 1', 'accepted from 1'])
    for (const seat of [0, 2, 3]) for (const slice of vectors[seat]!) await server.receive(seat, slice)
    await finish(round, await server.closePhase())
    expect(events.filter(({ type }) => type === 'slice-folded')).toHaveLength(3 * SLICES)
  })

  it('do not close a phase that could not be closed', async () => {
    const { onEvent, told } = listener<ServerSessionEvent>()
    const { server, sessions } = await makeCohort({ ...ACTIVE, serverOptions: { onEvent } })
    await server.receive(0, await sessions[0]!.start())
    await expect(server.closePhase()).rejects.toMatchObject({ code: 'too-few-clients' })
    expect(told()).toEqual(['opened advertise-keys for 5', 'accepted from 0'])
  })
})

describe('the events of a client’s session', () => {
  it('tell which phase it is in, and what became of the server’s messages', async () => {
    const { events, onEvent, told } = listener<ClientSessionEvent>()
    const clientOptions = (seat: number) => (seat === 1 ? { onEvent } : {})
    const cohort = await makeCohort({ ...ACTIVE, clientOptions })
    const { config, sessions } = cohort
    const { pending } = await run(cohort, { until: 'share-keys' })
    expect(told()).toEqual(['opened advertise-keys'])
    const bytes = pending.get(1)!
    await expect(sessions[1]!.receive(bytes.subarray(1))).rejects.toMatchObject({ fault: 'server' })
    expect(events).toMatchObject([
      { type: 'message', phase: 'advertise-keys', seat: 1, bytes: bytes.length - 1, status: 'refused' },
    ])
    expect(events[0]?.roundId).toBe(bytesToHex(config.sessionId))
    told()
    await sessions[1]!.receive(bytes)
    await sessions[1]!.receive(bytes)
    expect(told()).toEqual([
      'accepted from 1',
      'closed advertise-keys',
      'opened share-keys',
      'duplicate from 1',
    ])
    await run({ ...cohort, pending })
    expect(told().slice(-3)).toEqual(['accepted from 1', 'closed consistency-check', 'opened unmasking'])
  })

  it('begin with the phase of a session that is resumed; a mistake of the host is no refusal', async () => {
    let saved = new Uint8Array(0)
    const save = (bytes: Uint8Array): void => {
      if (saved.length > 0) throw new Error('the disk is full')
      saved = Uint8Array.from(bytes)
    }
    const clientOptions = (seat: number) => (seat === 0 ? { save } : {})
    const cohort = await makeCohort({ clients: 3, adversary: 'honest-but-curious', clientOptions })
    const { config, crypto, inputs } = cohort
    const { pending } = await run(cohort, { until: 'share-keys' })
    const { onEvent, told } = listener<ClientSessionEvent>()
    const client = ClientSession.resume(saved, { config, crypto, input: inputs[0]!, save, onEvent })
    await expect(client.receive(pending.get(0)!)).rejects.toMatchObject({ code: 'storage-failure' })
    expect(told()).toEqual(['opened advertise-keys'])
  })
})

describe('a listener', () => {
  const throws = (): never => {
    throw new Error('broken')
  }

  it.each([
    ['throws', throws],
    ['rejects', async () => throws()],
    ['changes what it is told', (event: AnyEvent) => void ('expected' in event && spoil(event))],
  ])('that %s changes nothing', async (_, onEvent) => {
    const quiet = await runCohort({ ...ACTIVE, stages: [9, 2] })
    const { outcome, clientErrors } = await runCohort({
      ...ACTIVE,
      stages: [9, 2],
      serverOptions: { onEvent },
      clientOptions: () => ({ onEvent }),
    })
    expect(clientErrors.size).toBe(0)
    expect(outcome).toEqual(quiet.outcome)
  })

  it('that calls the session is served in its turn', async () => {
    const receipts: Promise<unknown>[] = []
    const cohort = await makeCohort({
      ...ACTIVE,
      serverOptions: {
        onEvent: (event) => {
          const { server } = cohort
          if (event.type !== 'message' || receipts.length >= 20) return
          // What the session says has happened already.
          expect(server.waitingFor).not.toContain(event.seat)
          receipts.push(
            server.receive(event.seat, Uint8Array.of(9)),
            server.closePhase().catch(() => 'early'),
          )
        },
      },
    })
    const { server, sessions } = cohort
    const starts = await Promise.all(sessions.map((session) => session.start()))
    const given = await Promise.all(starts.map((bytes, seat) => server.receive(seat, bytes)))
    await Promise.all(receipts)
    // The first calls to close come with too few messages; one of them closes the phase, later messages are late.
    expect(server.phase).toBe('share-keys')
    const { accepted } = server.report.phases[0]!
    expect(given.map(({ status }) => status === 'accepted')).toEqual(
      sessions.map((_, seat) => accepted.includes(seat)),
    )
  })
})

function spoil(event: object): void {
  for (const list of Object.values(event)) if (Array.isArray(list)) list.length = 0
}

it('no event has a secret in it', async () => {
  const { events: atServer, onEvent } = listener<ServerSessionEvent>()
  const { events: atClients, onEvent: onClientEvent } = listener<ClientSessionEvent>()
  await runCohort({
    ...ACTIVE,
    stages: [9, 2],
    serverOptions: { onEvent },
    clientOptions: () => ({ onEvent: onClientEvent }),
  })
  // Names, numbers and seats: no bytes at all.
  for (const event of [...atServer, ...atClients]) {
    for (const [name, value] of Object.entries(event)) {
      if (value instanceof SecAggError) continue
      const isPlain = typeof value === 'string' || typeof value === 'number'
      const isSeats = Array.isArray(value) && value.every((seat) => Number.isInteger(seat))
      expect(`${name} ${isPlain || isSeats}`).toBe(`${name} true`)
    }
  }
  expect(atServer.length + atClients.length).toBeGreaterThan(50)
})
