import { createRoundConfig } from 'secagg'
import { client, server } from 'secagg/protocol'
import { describe, expect, it } from 'vitest'
import { named } from '../support/seeded.js'
import { coreRound, type Via } from './core-round.js'

type State = client.ClientState | server.ServerState

const isOfClient = (state: State): state is client.ClientState => state.state.startsWith('client')
const encode = (state: State): Uint8Array =>
  isOfClient(state) ? client.encodeState(state) : server.encodeState(state)
const decode = (bytes: Uint8Array, { state, config }: State): State =>
  (state.startsWith('client') ? client : server).decodeState(bytes, config)

const malformed = { name: 'SecAggError', code: 'malformed-state', fault: 'usage' }
const refused = (attempt: () => unknown, expected: object): void =>
  expect(attempt).toThrow(expect.objectContaining(expected))

describe.each(['honest-but-curious', 'active'] as const)('%s: a saved state', (adversary) => {
  it('is the same state again, and its bytes are the same again', async () => {
    const { states } = await coreRound(adversary)
    expect(states.size).toBe(adversary === 'active' ? 11 : 9)
    for (const state of states.values()) {
      await named(state.state, () => {
        const bytes = encode(state)
        const decoded = decode(bytes, state)
        expect(decoded).toEqual(state)
        expect(encode(decoded)).toEqual(bytes)
      })
    }
  })

  it('works for the next step: a round whose states are all encoded and decoded has the exact sum', async () => {
    let saved = 0
    const throughBytes: Via = async (_name, state, inbound, step) => {
      const isState = typeof state === 'object' && state !== null && 'state' in state
      if (isState) saved++
      const given = state as unknown as State
      return step(isState ? (decode(encode(given), given) as unknown as typeof state) : state, inbound)
    }
    const { sum, expected } = await coreRound(adversary, throughBytes)
    expect(sum).toEqual(expected)
    expect(saved).toBeGreaterThan(15)
  })

  it('is refused if it is truncated, has an extra byte or a changed bit', async () => {
    const { states } = await coreRound(adversary)
    for (const state of states.values()) {
      await named(state.state, () => {
        const bytes = encode(state)
        for (let length = 0; length < bytes.length; length++) {
          refused(() => decode(bytes.slice(0, length), state), malformed)
        }
        refused(() => decode(Uint8Array.of(...bytes, 0), state), malformed)
        for (let at = 1; at < bytes.length; at += 7) {
          const changed = bytes.slice()
          changed[at]! ^= 1 << (at % 8)
          refused(() => decode(changed, state), malformed)
        }
      })
    }
  })

  it('belongs to one kind of state, one version and one round', async () => {
    const { states } = await coreRound(adversary)
    for (const state of states.values()) {
      await named(state.state, () => {
        const bytes = encode(state)
        const party = isOfClient(state) ? server : client
        refused(() => party.decodeState(bytes, state.config), malformed)
        for (const got of [1, 3]) {
          const other = Uint8Array.of(got, ...bytes.subarray(1))
          refused(() => decode(other, state), { code: 'unsupported-version', expected: 2, got })
        }
        const config = createRoundConfig({
          sessionId: new Uint8Array(16),
          clients: 3,
          adversary,
          threshold: 3,
          segments: [{ length: 4, bits: 12, bound: 1000 }],
        })
        refused(() => decode(bytes, { ...state, config }), { code: 'configuration-mismatch', fault: 'usage' })
      })
    }
  })
})

it('secretsIn returns the arrays of a state themselves, and none for the last state of a client', async () => {
  const { states } = await coreRound('active')
  for (const state of states.values()) {
    await named(state.state, () => {
      const secrets: readonly Uint8Array[] = isOfClient(state)
        ? client.secretsIn(state)
        : server.secretsIn(state)
      const arrays = new Set<unknown>()
      const collect = (value: unknown): void => {
        if (typeof value !== 'object' || value === null) return
        arrays.add(value)
        if (!ArrayBuffer.isView(value)) for (const each of Object.values(value)) collect(each)
      }
      collect(state)
      for (const secret of secrets) expect(arrays.has(secret)).toBe(true)
      const isSecret = !['client-unmasked'].includes(state.state) && isOfClient(state)
      expect(secrets.length > 0).toBe(isSecret || state.state === 'server-unmasked')
    })
  }
})
