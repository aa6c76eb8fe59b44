import type { ClientSessionOptions, PhaseName } from 'secagg'
import type { client } from 'secagg/protocol'
import { addInto, reduceInto, subtractInto } from 'secagg/vector'
import { describe, expect, test } from 'vitest'
import { publishableSeats } from '../../src/graph/index.js'
import { decodeClientSession } from '../../src/session/saved/saved-client.js'
import {
  acknowledgementsCoder,
  forwardedSharesCoder,
  livingOwnersCoder,
  publishedKeysCoder,
} from '../../src/wire/index.js'
import { savedCohort } from '../resume/support.js'
import { type CohortOptions, makeCohort, run } from '../support/cohort.js'
import { toyCrypto, toySplitter } from '../support/toy-crypto.js'
import { CHOSEN, lie, type Outcome } from './lying-server.js'
import { codec, expectRefusal, seatsBelow } from './support.js'
import { withChoices } from './weakened/choices.js'

// Sparse graph, active model: a lying server says one thing, and then another.

const SEATS = seatsBelow(14)
const VICTIM = 4

describe('sparse, active: a server changes its mind after a client has resumed', () => {
  /** The message that opens `phase`, without the last of those whom it names. */
  function without(
    state: client.ClientState,
    { config }: Pick<Outcome, 'config'>,
    bytes: Uint8Array,
  ): Uint8Array {
    const shorten = <T>({
      read,
      write,
    }: {
      read(bytes: Uint8Array): readonly T[]
      write(message: readonly T[]): Uint8Array
    }) => write(read(bytes).slice(0, -1))
    switch (state.state) {
      case 'client-advertised':
        return shorten(
          codec('publishedKeys', publishedKeysCoder(publishableSeats(config.graph, config.clients), 64, 16)),
        )
      case 'client-shared': {
        const owners = state.peers.filter(({ choice }) => choice!.place !== undefined).map(({ seat }) => seat)
        return shorten(
          codec(
            'forwardedShares',
            forwardedSharesCoder(
              state.peers.map(({ seat }) => seat),
              new Set(owners),
            ),
          ),
        )
      }
      case 'client-masked': {
        const owners = state.sharers
          .filter(({ choice }) => choice!.place !== undefined)
          .map(({ seat }) => seat)
        return shorten(codec('livingOwners', livingOwnersCoder(owners, 7, 64)))
      }
      case 'client-acknowledging':
        return shorten(
          codec('collectedAcknowledgements', acknowledgementsCoder(state.expected.map(({ seat }) => seat))),
        )
      default:
        throw new Error(`${state.state} has no next message`)
    }
  }

  const phases: readonly PhaseName[] = ['share-keys', 'masked-input', 'consistency-check', 'unmasking']

  test.each(phases)(
    'and names one client less than before, in %s: refused, and the first message gets the same answer',
    async (phase) => {
      const cohort = await savedCohort({ ...CHOSEN, seed: 4 })
      const opened = await run(cohort, { until: phase })
      const message = opened.pending.get(VICTIM)!
      const { state } = decodeClientSession(cohort.clientForms.get(VICTIM)!, cohort.config)
      const other = without(state, cohort, message)
      const answer = await cohort.sessions[VICTIM]!.receive(message)
      for (const session of [cohort.sessions[VICTIM]!, cohort.resumeClient(VICTIM)]) {
        await expectRefusal(session.receive(other), { code: 'conflicting-message', fault: 'server', phase })
        expect(await session.receive(message)).toEqual(answer)
      }
      const { outcome, expected, survivors } = await run({ ...cohort, ...opened })
      expect(survivors).toEqual(SEATS)
      expect(outcome?.sum).toEqual(expected)
    },
  )

  test('a client that crashed before its first message has arrived sends the same choice', async () => {
    const cohort = await savedCohort({ ...CHOSEN, seed: 4 })
    const first = await cohort.sessions[VICTIM]!.start()
    expect(await cohort.resumeClient(VICTIM).start()).toEqual(first)
  })

  test('NOT prevented: clients restored to an older state acknowledge all, and then reveal as if all around one were dead', async () => {
    const options = { ...CHOSEN, seed: 4 }
    const border = (await lie(options)).graph.maskNeighbors(VICTIM)
    const outcome = await lie(options, {
      aliveOnceMore: (_, owners) => owners.filter((owner) => !border.includes(owner)),
    })
    expect(outcome.refusals).toEqual([])
    expect(outcome.sums).toContainEqual([VICTIM])
    expect(await outcome.computed([VICTIM])).toEqual(outcome.exact([VICTIM]))
  })
})

test('sparse, active, NOT prevented: clients restored to an older state mask once more, with one neighbor more, and the server sees its input', async () => {
  const options = { ...CHOSEN, seed: 4 }
  const outcome = await lie(options, {
    inU2: (_, neighbors) => neighbors.filter((other) => other !== VICTIM),
    inU2OnceMore: (to, neighbors) => (to === VICTIM ? undefined : neighbors),
  })
  expect(outcome.known).toMatchObject({ maskKeys: [] })
  expect(outcome.known.selfMasks).toContain(VICTIM)
  // The two vectors of a neighbor differ by the mask that it shares with the victim.
  const { segments } = outcome.config
  const input = await outcome.withoutSelfMask(VICTIM)
  for (const neighbor of outcome.graph.maskNeighbors(VICTIM)) {
    const [first, second] = outcome.vectors.get(neighbor)!
    addInto(input, second!, segments)
    subtractInto(input, first!, segments)
  }
  reduceInto(input, segments)
  expect(input).toEqual(outcome.exact([VICTIM]))
})

describe('sparse, active: a server opens rounds under new ids until a graph suits it', () => {
  /** So few holders that small sets are often closed: E2 would not allow for them. */
  const weak = (id: number, more: Partial<CohortOptions> = {}): CohortOptions => ({
    ...CHOSEN,
    graph: { neighbors: 3, assumptions: 'unproven' },
    threshold: 2,
    seed: 4,
    sessionId: new Uint8Array(32).fill(id),
    crypto: toyCrypto(400 + id),
    splitSecret: toySplitter(400 + id),
    ...more,
  })
  const smallest = ({ draw }: Outcome): number[] => SEATS.filter((seat) => ((draw.closed >>> seat) & 1) === 1)

  test('clients that take part often enough show it a graph from which the sum of few comes out', async () => {
    let few: number[] = []
    let id = 0
    while ((few.length === 0 || few.length > 4) && id < 60) few = smallest(await lie(weak(++id)))
    expect(id).toBeGreaterThan(3)
    const outcome = await lie(weak(id), {
      inU2: (to, neighbors) =>
        few.includes(to) ? neighbors.filter((other) => few.includes(other)) : neighbors,
    })
    expect(outcome.sums).toContainEqual(few)
    expect(await outcome.computed(few)).toEqual(outcome.exact(few))
  })

  test('clients that keep count of ids stop before, and the draws that they have shown stay as they are', async () => {
    const left = SEATS.map(() => 3)
    const clientOptions = (seat: number) => ({ claimSession: () => left[seat]!-- > 0 })
    for (let id = 1; id <= 3; id++) await expectFew(await lie(weak(id, { clientOptions })))
    const { sessions } = await makeCohort(weak(4, { clientOptions }))
    for (const session of sessions) {
      await expectRefusal(session.start(), {
        code: 'session-id-reused',
        fault: 'server',
        phase: 'advertise-keys',
      })
    }
  })

  async function expectFew(outcome: Outcome): Promise<void> {
    expect(smallest(outcome).length).toBeGreaterThan(4)
    expect(outcome.sums).toEqual([SEATS])
  }
})

describe('sparse, active: a server gives up a round once it has a client’s mask key, and runs it again under the same id', () => {
  /** `more`: on what the victim runs. It has other holders each time. */
  const attempt = (run: number, more: () => Partial<ClientSessionOptions>): CohortOptions =>
    withChoices(
      {
        ...CHOSEN,
        seed: 4,
        crypto: toyCrypto(100 + run),
        splitSecret: toySplitter(100 + run),
        clientOptions: (seat) => (seat === VICTIM ? more() : {}),
      },
      (seat) => (seat === VICTIM ? (holders) => holders.includes(0) === (run === 1) : undefined),
    )

  async function twice(more: () => Partial<ClientSessionOptions>): Promise<Outcome> {
    const earlier = await lie(attempt(1, more), {
      alive: (_, owners) => owners.filter((owner) => owner !== VICTIM),
    })
    expect(earlier.known.maskKeys).toEqual([VICTIM])
    return lie(attempt(2, more), { maskSecrets: earlier.maskSecrets })
  }

  test('the client has drawn new secrets along with its new holders: the key is of no use', async () => {
    const later = await twice(() => ({}))
    expect(later.known.maskKeys).toEqual([])
    expect(later.sums).toEqual([SEATS])
  })

  test('where it draws new holders for the same secrets, the server sees its input', async () => {
    const later = await twice(() => ({ crypto: toyCrypto(77) }))
    expect(later.sums).toContainEqual([VICTIM])
    expect(await later.computed([VICTIM])).toEqual(later.exact([VICTIM]))
  })
})
