import { createRoundConfig, SecAggError } from 'secagg'
import { client, server } from 'secagg/protocol'
import { describe, expect, test, vi } from 'vitest'
import { clientStates, INPUT_DIGEST } from '../attacks/states.js'
import { type CohortOptions, runCohort } from '../support/cohort.js'

const CHOSEN: CohortOptions = {
  clients: 20,
  adversary: 'active',
  graph: { neighbors: 10, assumptions: 'unproven' },
  threshold: 7,
  minimumCohort: 11,
}

describe('what goes wrong where clients choose their holders', () => {
  test('too few holders have come: the error says so, and does not count the clients as absent', async () => {
    const stages = Array.from({ length: 20 }, (_, seat) => (seat < 8 ? 0 : 5))
    const { error } = await runCohort({ ...CHOSEN, stages, seed: 5 })
    expect(error).toMatchObject({ code: 'too-few-clients', phase: 'advertise-keys', culprits: [] })
    expect(error?.message).toMatch(
      /^of the 12 clients that have sent keys \(U1\), only \d+ have 7 of the holders/,
    )
  })

  test('a signer that fails leaves no seed behind: it is asked before any is derived', async () => {
    const { shared, forwarded, capabilities } = await clientStates({ ...CHOSEN, seed: 6 })
    const { crypto } = capabilities[0]!
    const hkdf = vi.fn(crypto.sha256.hkdf.bind(crypto.sha256))
    const failing = {
      crypto: { ...crypto, randomBytes: crypto.randomBytes.bind(crypto), sha256: { ...crypto.sha256, hkdf } },
      signer: { sign: () => Promise.reject(new Error('the key is locked')) },
    }
    await expect(client.maskInput(shared[0]!, forwarded[0]!, INPUT_DIGEST, failing)).rejects.toMatchObject({
      code: 'crypto-failure',
    })
    expect(hkdf).not.toHaveBeenCalled()
  })

  test('a stored state in which a client has other peers than its choice gives it is malformed', async () => {
    const { masking, config } = await clientStates({ ...CHOSEN, seed: 8 })
    expect(server.decodeState(server.encodeState(masking), config)).toEqual(masking)
    const [first, ...others] = masking.clients
    const { peers } = first!
    const strangers = others.map(({ seat }) => seat).filter((seat) => !peers.includes(seat))
    const changed = {
      'one other': [...peers.slice(1), strangers[0]!],
      'one fewer': peers.slice(1),
      'one more': [...peers, strangers[0]!],
    }
    for (const [what, seats] of Object.entries(changed)) {
      const ciphertexts = new Uint8Array(64 * seats.length)
      const client = { ...first!, peers: seats.toSorted((a, b) => a - b), ciphertexts }
      const bytes = server.encodeState({ ...masking, clients: [client, ...others] })
      expect(() => server.decodeState(bytes, config), what).toThrow(
        expect.objectContaining({ code: 'malformed-state', fault: 'usage' }),
      )
    }
  })

  test('a stored state of the steps of another graph is malformed', async () => {
    const chosen = await clientStates({ ...CHOSEN, seed: 7 })
    const complete = createRoundConfig({
      sessionId: chosen.config.sessionId,
      clients: 20,
      adversary: 'active',
      segments: [{ length: 5, bits: 16, bound: 'modular' }],
    })
    const empty = { config: complete, graph: { kind: 'complete' as const }, clients: [], survivors: [] }
    const acknowledging = server.encodeState({ ...empty, state: 'server-acknowledging', including: [] })
    const states: [() => unknown, string][] = [
      [() => server.decodeState(acknowledging, complete), 'server-acknowledging'],
      [
        () =>
          client.decodeState(
            client.encodeState({
              ...{ state: 'client-acknowledging', config: complete, seat: 0, minimumSurvivors: 14 },
              ...{ owners: [], survivors: [], shares: [], expected: [], outbound: [] },
            }),
            complete,
          ),
        'client-acknowledging',
      ],
    ]
    for (const [decode, name] of states) {
      const attempt = vi.fn(decode)
      expect(attempt, name).toThrow(SecAggError)
      expect(attempt, name).toThrow(expect.objectContaining({ code: 'malformed-state' }))
    }
  })

  test('a minimum cohort that is not proven is named with the honest inputs that it asks for', () => {
    const attempt = () =>
      createRoundConfig({
        sessionId: new Uint8Array(32),
        clients: 1000,
        adversary: 'active',
        graph: { neighbors: 51, assumptions: { corruptFraction: 0.05, dropoutFraction: 0.05 } },
        threshold: 36,
        minimumCohort: 950,
        segments: [{ length: 1, bits: 16, bound: 10 }],
      })
    expect(attempt).toThrow(
      /small sums.*a minimumCohort of 950 asks for 900 honest inputs: state a lower one, or ask chooseParameters .* with minimumHonest 900$/,
    )
  })
})
