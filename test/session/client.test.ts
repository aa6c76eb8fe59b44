import { ClientSession } from 'secagg'
import { describe, expect, it } from 'vitest'
import { PROTOCOL_VERSION } from '../../src/wire/index.js'
import { type CohortRun, makeCohort, run, runCohort } from '../support/cohort.js'
import { MODELS_AND_ROUNDS, secondVersion } from './versions.js'

/** A round of five, stopped where the client at seat 0 is about to get its message of `round`. */
async function stoppedAt(
  adversary: (typeof MODELS_AND_ROUNDS)[number][0],
  phase: CohortRun['receipts'][number]['phase'],
) {
  const cohort = await runCohort({ clients: 5, threshold: 4, adversary, until: phase })
  const session = cohort.sessions[0]!
  const message = cohort.pending.get(0)!
  const other = secondVersion(cohort.config, 0, phase, message)
  const finish = async (): Promise<void> => {
    const { outcome, expected, survivors, clientErrors } = await run(cohort)
    expect(clientErrors.size).toBe(0)
    expect(survivors).toEqual([0, 1, 2, 3, 4])
    expect(outcome?.sum).toEqual(expected)
  }
  return { cohort, session, message, other, finish }
}

const conflict = { name: 'SecAggError', code: 'conflicting-message', fault: 'server' }

describe.each(MODELS_AND_ROUNDS)('a client, %s, asked for its message of %s', (adversary, phase) => {
  it('answers the same message with the same bytes, however often it comes', async () => {
    const { session, message, finish } = await stoppedAt(adversary, phase)
    const answer = await session.receive(message)
    expect(await session.receive(message.slice())).toEqual(answer)
    expect(await session.receive(message)).toEqual(answer)
    await finish()
  })

  it('refuses a second, different version and is as it was', async () => {
    const { session, message, other, finish } = await stoppedAt(adversary, phase)
    const answer = await session.receive(message)
    await expect(session.receive(other)).rejects.toMatchObject({ ...conflict, phase })
    expect(await session.receive(message)).toEqual(answer)
    await expect(session.receive(other)).rejects.toMatchObject(conflict)
    await finish()
  })

  it('answers whichever version comes first, so the refusal is not for what one of them says', async () => {
    const { session, message, other } = await stoppedAt(adversary, phase)
    const answer = await session.receive(other)
    await expect(session.receive(message)).rejects.toMatchObject({ ...conflict, phase })
    expect(await session.receive(other)).toEqual(answer)
  })

  it('answers exactly one of two versions that come at once', async () => {
    const { session, message, other, finish } = await stoppedAt(adversary, phase)
    const results = await Promise.allSettled([session.receive(message), session.receive(other)])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    expect(results[1]).toMatchObject({ reason: conflict })
    await finish()
  })

  it('answers the same message twice at once with the same bytes', async () => {
    const { session, message, finish } = await stoppedAt(adversary, phase)
    const [one, two] = await Promise.all([session.receive(message), session.receive(message)])
    expect(two).toEqual(one)
    await finish()
  })

  it('goes on after a message that it refused', async () => {
    const { session, message, finish } = await stoppedAt(adversary, phase)
    for (const bytes of [new Uint8Array(0), message.slice(0, -1), Uint8Array.of(...message, 0)]) {
      await expect(session.receive(bytes)).rejects.toMatchObject({
        code: 'malformed-message',
        fault: 'server',
      })
    }
    const version = message.slice()
    version[0] = 9
    await expect(session.receive(version)).rejects.toMatchObject({ code: 'unsupported-version' })
    await finish()
  })

  it('refuses the messages of other rounds, but repeats its last answer for the one before', async () => {
    const { session, finish } = await stoppedAt(adversary, phase)
    const rounds = MODELS_AND_ROUNDS.filter(([model]) => model === adversary).map(([, name]) => name)
    for (const another of rounds.filter((name) => name !== phase)) {
      const { message, session: twin } = await stoppedAt(adversary, another)
      if (rounds.indexOf(another) === rounds.indexOf(phase) - 1) {
        expect(await session.receive(message)).toEqual(await twin.receive(message))
      } else {
        await expect(session.receive(message)).rejects.toMatchObject({ name: 'SecAggError', fault: 'server' })
      }
    }
    await finish()
  })

  it('takes the bytes as they were when they were handed over', async () => {
    const { session, message, finish } = await stoppedAt(adversary, phase)
    const buffer = message.slice()
    const answer = session.receive(buffer)
    buffer.fill(0)
    expect(await answer).toEqual(await session.receive(message))
    await finish()
  })

  it('cannot be started again', async () => {
    const { session, message, finish } = await stoppedAt(adversary, phase)
    await session.receive(message)
    await expect(session.start()).rejects.toMatchObject({ code: 'out-of-order', fault: 'usage' })
    expect(session.done).toBe(phase === 'unmasking')
    await finish()
  })
})

describe('a client at its start', () => {
  it('gives the same keys each time it is started', async () => {
    const { sessions } = await makeCohort({ clients: 3, adversary: 'active' })
    const session = sessions[0]!
    const [first, second] = await Promise.all([session.start(), session.start()])
    expect(second).toEqual(first)
    expect(await session.start()).toEqual(first)
    expect(session.done).toBe(false)
  })

  it('takes no message before', async () => {
    const { sessions } = await makeCohort({ clients: 3, adversary: 'active' })
    await expect(sessions[0]!.receive(Uint8Array.of(1, 2))).rejects.toMatchObject({ code: 'out-of-order' })
    expect(await sessions[0]!.start()).toHaveLength(2 + 32 + 32 + 32 + 64)
  })

  it.each([-1, 3, 1.5, Number.NaN])('has no seat %d of 3', async (seat) => {
    const { config, crypto } = await makeCohort({ clients: 3, adversary: 'honest-but-curious' })
    expect(() => new ClientSession({ config, seat, input: [], crypto })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', fault: 'usage' }),
    )
  })

  it.each([2, 4, 2.5])(
    'has no use for a minimum of %d survivors where 3 of 3 are needed',
    async (minimumSurvivors) => {
      const { config, crypto } = await makeCohort({
        clients: 3,
        adversary: 'honest-but-curious',
        minimumCohort: 3,
      })
      const session = new ClientSession({ config, seat: 0, input: [], crypto, minimumSurvivors })
      await expect(session.start()).rejects.toMatchObject({ code: 'invalid-argument', fault: 'usage' })
    },
  )

  it('asks for a signer in the active model, one whose signatures have the agreed length', async () => {
    const cohort = await makeCohort({ clients: 3, adversary: 'active' })
    const { config, crypto, inputs, verifyIdentity } = cohort
    const input = inputs[0]!
    const withSigner = async (signer?: ConstructorParameters<typeof ClientSession>[0]['signer']) =>
      new ClientSession({ config, seat: 0, input, crypto, signer, verifyIdentity }).start()
    await expect(withSigner()).rejects.toMatchObject({ code: 'invalid-argument', fault: 'usage' })
    const short = { sign: async () => new Uint8Array(63) }
    await expect(withSigner(short)).rejects.toMatchObject({ code: 'invalid-argument', expected: 64, got: 63 })
    const broken = { sign: () => Promise.reject(new Error('no key')) }
    await expect(withSigner(broken)).rejects.toMatchObject({ code: 'crypto-failure', fault: 'crypto' })
  })
})

it('a client that asks for more survivors refuses the round in which too few are left', async () => {
  const clientOptions = (seat: number) => (seat === 2 ? { minimumSurvivors: 5 } : {})
  const lost = { clients: 5, threshold: 3, adversary: 'honest-but-curious', clientOptions } as const
  for (const [stage, phase] of [
    [0, 'share-keys'],
    [1, 'masked-input'],
    [2, 'unmasking'],
  ] as const) {
    const { clientErrors, outcome, expected } = await runCohort({ ...lost, stages: [9, 9, 9, 9, stage] })
    expect([...clientErrors.keys()]).toEqual([2])
    expect(clientErrors.get(2)).toMatchObject({
      code: 'too-few-clients',
      fault: 'server',
      phase,
      expected: 5,
      got: 4,
    })
    expect(outcome?.sum).toEqual(expected)
  }
})

it('after its last message a client takes nothing more', async () => {
  const { sessions, pending, server } = await runCohort({
    clients: 3,
    adversary: 'active',
    until: 'unmasking',
  })
  const session = sessions[0]!
  await server.receive(0, await session.receive(pending.get(0)!))
  expect(session.done).toBe(true)
  await expect(session.receive(Uint8Array.of(PROTOCOL_VERSION, 6, 7))).rejects.toMatchObject({
    code: 'unexpected-message',
    fault: 'server',
  })
})
