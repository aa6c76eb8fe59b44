import {
  ClientSession,
  createRoundConfig,
  type ErrorCode,
  type PhaseName,
  type RoundParameters,
} from 'secagg'
import { client } from 'secagg/protocol'
import { describe, expect, test } from 'vitest'
import { makeCohort } from '../support/cohort.js'
import { clientStates, INPUT_DIGEST, thrownBy } from './states.js'
import {
  ACTIVE,
  CURIOUS,
  expectError,
  expectRefusal,
  finish,
  forwardedShares,
  MODELS,
  openedRound,
  publishedKeys,
  seatsBelow,
  survivors,
} from './support.js'

const everybody = [0, 1, 2, 3, 4]

describe('no configuration can be made with a threshold below what the model needs', () => {
  const base = {
    sessionId: new Uint8Array(32),
    segments: [{ length: 1, bits: 8, bound: 'modular' as const }],
  }
  const refused = (parameters: Pick<RoundParameters, 'clients' | 'adversary'> & Partial<RoundParameters>) => {
    const thrown = thrownBy(() => createRoundConfig({ ...base, ...parameters }))
    return expectError(thrown, { code: 'invalid-configuration', fault: 'usage', phase: undefined })
  }

  test('honest-but-curious: half of the clients or fewer', () => {
    for (let clients = 2; clients <= 40; clients++) {
      const least = Math.max(2, Math.floor(clients / 2) + 1)
      for (let threshold = 0; threshold < least; threshold++) {
        refused({ clients, threshold, adversary: 'honest-but-curious' })
      }
      createRoundConfig({ ...base, clients, threshold: least, adversary: 'honest-but-curious' })
    }
  })

  test('active: two thirds of the clients or fewer', () => {
    for (let clients = 2; clients <= 40; clients++) {
      const least = Math.max(2, Math.floor((2 * clients) / 3) + 1)
      for (let threshold = 0; threshold < least; threshold++)
        refused({ clients, threshold, adversary: 'active' })
      createRoundConfig({ ...base, clients, threshold: least, adversary: 'active' })
    }
  })

  test('active: 2t ≤ n + n_C', () => {
    for (let clients = 3; clients <= 20; clients++) {
      for (let corruptClients = 0; corruptClients < clients; corruptClients++) {
        for (let threshold = 2; threshold <= clients; threshold++) {
          const parameters = { clients, corruptClients, threshold, adversary: 'active' as const }
          if (2 * threshold > clients + corruptClients) createRoundConfig({ ...base, ...parameters })
          else refused(parameters)
        }
      }
    }
  })

  test('honest-but-curious: no more than the corrupt clients', () => {
    refused({ clients: 10, adversary: 'honest-but-curious', corruptClients: 7, threshold: 7 })
  })

  test.each([
    { clients: 1 },
    { clients: 0 },
    { clients: -5 },
    { clients: 2.5 },
    { clients: Number.NaN },
    { clients: 2 ** 16 },
    { clients: 2 ** 32 + 5 },
    { threshold: 6 },
    { threshold: 3.5 },
    { threshold: Number.NaN },
    { minimumCohort: 2 },
    { minimumCohort: 6 },
    { corruptClients: -1 },
    { corruptClients: 5 },
    { corruptClients: Number.NaN },
    { sessionId: new Uint8Array(15) },
  ])('%j', (parameters) => {
    refused({ ...CURIOUS, ...parameters })
  })
})

describe.each(MODELS)('$adversary: a client does not take the server’s word', (model) => {
  const threshold = model === ACTIVE ? 4 : 3

  test.each([
    { what: 'the threshold', minimum: undefined, least: threshold },
    { what: 'its own minimum', minimum: 5, least: 5 },
  ])('that $what is met: in U1, U2 and U3', async ({ minimum, least }) => {
    const cohort = await makeCohort({
      ...model,
      clientOptions: (seat) => (seat === 0 ? { minimumSurvivors: minimum } : {}),
    })
    const session = cohort.sessions[0]!
    const tooFew = { code: 'too-few-clients', fault: 'server' } as const

    const sharing = await openedRound('share-keys', cohort)
    const keys = publishedKeys(cohort.config)
    const fewKeys = keys.read(sharing.pending.get(0)!).slice(0, least - 1)
    const inU1 = await expectRefusal(session.receive(keys.write(fewKeys)), { ...tooFew, phase: 'share-keys' })
    expect(inU1).toMatchObject({ expected: least, got: least - 1 })

    const masking = { ...(await advance(sharing)), phase: 'masked-input' as const }
    const shares = forwardedShares(cohort.config, 0)
    const fewShares = shares.read(masking.pending.get(0)!).slice(0, least - 2)
    const inU2 = await expectRefusal(session.receive(shares.write(fewShares)), {
      ...tooFew,
      phase: 'masked-input',
    })
    expect(inU2).toMatchObject({ expected: least, got: least - 1 })

    const unmasking = await advance(masking)
    const phase: PhaseName = model === ACTIVE ? 'consistency-check' : 'unmasking'
    const fewSurvivors = survivors(cohort.config).write(seatsBelow(least - 1))
    const inU3 = await expectRefusal(session.receive(fewSurvivors), { ...tooFew, phase })
    expect(inU3).toMatchObject({ expected: least, got: least - 1 })
    expect(await finish(unmasking)).toEqual(everybody)
  })

  /** One round of honest messages. */
  async function advance(opened: Awaited<ReturnType<typeof openedRound>>): Promise<typeof opened> {
    for (const [seat, bytes] of opened.pending) {
      await opened.server.receive(seat, await opened.sessions[seat]!.receive(bytes))
    }
    const outcome = await opened.server.closePhase()
    return { ...opened, pending: new Map(outcome.done ? [] : outcome.messages) }
  }

  test.each([threshold - 1, 0, -1, 6, 4.5, Number.NaN])(
    'a minimum of %d of its own makes no sense',
    async (minimum) => {
      const { config, crypto, signers, verifyIdentity } = await makeCohort(model)
      const input = new Uint16Array(5)
      const own = { config, seat: 0, input, crypto, signer: signers[0], verifyIdentity }
      const options = { ...own, minimumSurvivors: minimum }
      const expected = { code: 'invalid-argument', fault: 'usage', phase: 'advertise-keys' } as const
      await expectRefusal(new ClientSession(options).start(), expected)
    },
  )

  test.each([5, -1, 0.5, Number.NaN, 2 ** 31, 2 ** 32])('seat %d is none of the five', async (seat) => {
    const { config, crypto } = await makeCohort(model)
    const options = { config, seat, input: new Uint16Array(5), crypto }
    const expected = { code: 'invalid-argument', fault: 'usage' } as const
    expect(() => new ClientSession(options)).toThrow(expect.objectContaining(expected))
  })

  test('nobody else in U2, to the protocol function', async () => {
    const { shared, capabilities } = await clientStates(model)
    const attempt = client.maskInput(shared[0]!, [], INPUT_DIGEST, capabilities[0]!)
    await expectRefusal(attempt, { code: 'too-few-clients', fault: 'server', phase: 'masked-input' })
  })
})

describe.each(MODELS)('$adversary: a server cannot close a round with too few', (model) => {
  const rounds: PhaseName[] =
    model === ACTIVE
      ? ['advertise-keys', 'share-keys', 'masked-input', 'consistency-check', 'unmasking']
      : ['advertise-keys', 'share-keys', 'masked-input', 'unmasking']

  test.each(rounds)('in %s; it stays open, and one more answer is enough', async (phase) => {
    const opened = await openedRound(phase, model)
    const { threshold } = opened.config
    const answer = async (seat: number): Promise<void> => {
      const session = opened.sessions[seat]!
      const bytes = opened.pending.get(seat)
      await opened.server.receive(
        seat,
        bytes === undefined ? await session.start() : await session.receive(bytes),
      )
    }
    for (const seat of seatsBelow(threshold - 1)) await answer(seat)
    for (let attempt = 0; attempt < 2; attempt++) {
      const code: ErrorCode = 'too-few-clients'
      const refused = await expectRefusal(opened.server.closePhase(), { code, fault: 'peer', phase })
      expect(refused).toMatchObject({ expected: threshold, got: threshold - 1 })
      expect(opened.server.phase).toBe(phase)
    }
    await answer(threshold - 1)
    const outcome = await opened.server.closePhase()
    if (outcome.done) return
    const pending = new Map(outcome.messages)
    const survived = await finish({ ...opened, pending })
    expect(survived.slice(0, threshold)).toEqual(seatsBelow(threshold))
  })

  test('nor below the minimum cohort, where the threshold alone would do', async () => {
    const opened = await openedRound('masked-input', { ...model, minimumCohort: 5 })
    for (const seat of [0, 1, 2, 3]) {
      await opened.server.receive(seat, await opened.sessions[seat]!.receive(opened.pending.get(seat)!))
    }
    const expected = { code: 'too-few-clients', fault: 'peer', phase: 'masked-input' } as const
    await expectRefusal(opened.server.closePhase(), expected)
    expect(await finish(opened)).toEqual(everybody)
  })
})
