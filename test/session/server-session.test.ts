import { ClientSession, type Receipt, type SecAggError, ServerSession } from 'secagg'
import { describe, expect, it } from 'vitest'
import { makeCohort, run, runCohort } from '../support/cohort.js'
import { toyCrypto } from '../support/toy-crypto.js'

function refusal(receipt: Receipt): SecAggError | undefined {
  return receipt.status === 'refused' ? receipt.error : undefined
}

describe('the server session', () => {
  it('says which round is open and for whom it waits, and repeats a message that was lost', async () => {
    const cohort = await makeCohort({ clients: 3, adversary: 'honest-but-curious', threshold: 2 })
    const { server, sessions } = cohort
    expect([server.phase, server.waitingFor, server.messageFor(0)]).toEqual([
      'advertise-keys',
      [0, 1, 2],
      undefined,
    ])
    const paused = await run(cohort, { until: 'share-keys', stages: [9, 0, 9] })
    expect([server.phase, server.waitingFor]).toEqual(['share-keys', [0, 2]])
    expect(server.messageFor(2)).toEqual(paused.pending.get(2))
    expect([server.messageFor(1), server.messageFor(7)]).toEqual([undefined, undefined])
    const answer = await sessions[0]!.receive(server.messageFor(0)!)
    expect(await server.receive(0, answer)).toEqual({ status: 'accepted' })
    expect(server.waitingFor).toEqual([2])
    await run(paused)
    expect([server.phase, server.waitingFor]).toEqual([undefined, []])
    await expect(server.closePhase()).rejects.toMatchObject({ code: 'out-of-order', fault: 'usage' })
  })

  it('reports who was expected, who answered, and who was refused for what', async () => {
    const { outcome, server } = await runCohort({
      clients: 9,
      threshold: 5,
      adversary: 'honest-but-curious',
      stages: [9, 0, 1, 3],
      onClientMessage: (seat, phase, bytes) =>
        seat === 8 && phase === 'unmasking' ? bytes.slice(0, -1) : bytes,
    })
    const survivors = [0, 3, 4, 5, 6, 7, 8]
    const advertised = [0, 2, 3, 4, 5, 6, 7, 8]
    const all = [0, 1, 2, 3, 4, 5, 6, 7, 8]
    expect(outcome?.report).toEqual({
      survivors,
      phases: [
        { phase: 'advertise-keys', expected: all, accepted: advertised, duplicates: 0 },
        { phase: 'share-keys', expected: advertised, accepted: survivors, duplicates: 0 },
        { phase: 'masked-input', expected: survivors, accepted: survivors, duplicates: 0 },
        { phase: 'unmasking', expected: survivors, accepted: [0, 4, 5, 6, 7], duplicates: 0 },
      ],
      refused: [
        { seat: 8, phase: 'unmasking', code: 'malformed-message', reason: expect.any(String), count: 1 },
      ],
      wrongShares: [],
      culprits: [],
    })
    expect(server.report).toEqual(outcome?.report)
  })

  it.each(['honest-but-curious', 'active'] as const)(
    'keeps nothing of the bytes that a host passes, once they are accepted: %s',
    async (adversary) => {
      const { server, sessions } = await makeCohort({ clients: 5, adversary, threshold: 4 })
      const used: Uint8Array[] = []
      const pass = async (seat: number, answer: Uint8Array): Promise<void> => {
        const bytes = Uint8Array.from(answer)
        used.push(bytes)
        expect(await server.receive(seat, bytes)).toEqual({ status: 'accepted' })
        bytes.fill(0xa5)
        expect(await server.receive(seat, answer)).toEqual({ status: 'duplicate' })
      }
      for (const [seat, session] of sessions.entries()) await pass(seat, await session.start())
      let outcome = await server.closePhase()
      while (!outcome.done) {
        for (const [seat, bytes] of outcome.messages) await pass(seat, await sessions[seat]!.receive(bytes))
        outcome = await server.closePhase()
      }
      expect(outcome.report.survivors).toEqual([0, 1, 2, 3, 4])
      expect(outcome.report.wrongShares).toEqual([])
      expect(used.every((bytes) => bytes.every((byte) => byte === 0xa5))).toBe(true)
    },
  )

  it('says whose keys it dropped where too few are left, and takes new ones of that seat', async () => {
    // The clients at seats 1 and 2 draw the same keys, as clones of one machine with one seed would.
    const { server, sessions, config, inputs } = await makeCohort({
      clients: 3,
      threshold: 3,
      adversary: 'honest-but-curious',
      clientOptions: (seat) => (seat === 0 ? {} : { crypto: toyCrypto(77) }),
    })
    for (const [seat, session] of sessions.entries()) await server.receive(seat, await session.start())
    await expect(server.closePhase()).rejects.toMatchObject({ code: 'too-few-clients', got: 2 })
    expect(server.report.refused).toMatchObject([{ seat: 2, phase: 'advertise-keys', code: 'duplicate-key' }])
    expect(server.waitingFor).toEqual([2])
    const anew = new ClientSession({ config, seat: 2, input: inputs[2]!, crypto: toyCrypto(78) })
    expect(await server.receive(2, await anew.start())).toEqual({ status: 'accepted' })
    expect(await server.closePhase()).toMatchObject({ done: false, phase: 'share-keys' })
  })

  it('names the configuration as what differs', async () => {
    const other = await makeCohort({
      clients: 3,
      adversary: 'honest-but-curious',
      context: { model: Uint8Array.of(1) },
    })
    const { server } = await makeCohort({ clients: 3, adversary: 'honest-but-curious' })
    const error = refusal(await server.receive(1, await other.sessions[1]!.start()))
    expect(error).toMatchObject({ code: 'configuration-mismatch', fault: 'peer', culprits: [1] })
    expect(server.waitingFor).toEqual([0, 1, 2])
  })

  it('asks for verifyIdentity in the active model, and blames no client where that fails', async () => {
    const { config, crypto, sessions } = await makeCohort({ clients: 3, adversary: 'active' })
    const message = await sessions[0]!.start()
    expect(() => new ServerSession({ config, crypto })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', fault: 'usage' }),
    )
    const verifyIdentity = () => Promise.reject(new Error('directory unreachable'))
    const failing = new ServerSession({ config, crypto, verifyIdentity })
    await expect(failing.receive(0, message)).rejects.toMatchObject({
      code: 'crypto-failure',
      fault: 'crypto',
    })
    expect(failing.waitingFor).toEqual([0, 1, 2])
  })
})
