import { client, server } from 'secagg/protocol'
import { describe, expect, it } from 'vitest'
import { coreRound, type Via } from './core-round.js'

const MODELS = ['honest-but-curious', 'active'] as const

/** Freezes objects and arrays recursively. Typed arrays cannot be frozen. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) deepFreeze(part)
  }
  return value
}

/** A result as text, without its functions. */
function comparable(result: unknown): string {
  return JSON.stringify(result, (_key, value) => (typeof value === 'bigint' ? `${value}n` : value))
}

describe.each(MODELS)('the functional core, %s', (adversary) => {
  it('computes the sum', async () => {
    const { sum, expected } = await coreRound(adversary)
    expect(sum).toEqual(expected)
  })

  it('never changes the arguments of a step', async () => {
    const steps = new Set<string>()
    const watching: Via = async (name, state, inbound, step) => {
      const before = structuredClone([state, inbound])
      const result = await step(deepFreeze(state), deepFreeze(inbound))
      expect([state, inbound], name).toEqual(before)
      steps.add(name)
      return result
    }
    const { sum, expected } = await coreRound(adversary, watching)
    expect(sum).toEqual(expected)
    expect(steps.size).toBe(adversary === 'active' ? 15 : 12)
  })

  it('resumes from stored states: every step of every party continues from a copy', async () => {
    const copying: Via = async (name, state, inbound, step) => {
      const copy = structuredClone(state)
      expect(copy, name).toEqual(state)
      return step(copy, structuredClone(inbound))
    }
    const { sum, expected } = await coreRound(adversary, copying)
    expect(sum).toEqual(expected)
  })

  it('has the same result for the same arguments: a step that draws no randomness can be repeated', async () => {
    const drawing = ['client.advertiseKeys', 'client.shareKeys']
    const twice: Via = async (name, state, inbound, step) => {
      const result = await step(state, inbound)
      if (!drawing.includes(name)) {
        expect(comparable(await step(state, inbound)), name).toBe(comparable(result))
      }
      return result
    }
    const { sum, expected } = await coreRound(adversary, twice)
    expect(sum).toEqual(expected)
  })
})

/** Every step with the states that it accepts, without types. */
const STEPS: readonly (readonly [
  name: string,
  takes: readonly string[],
  step: (...args: never[]) => unknown,
])[] = [
  ['client.shareKeys', ['client-advertised'], client.shareKeys],
  ['client.maskInput', ['client-shared'], client.maskInput],
  ['client.repeatMaskInput', ['client-masked'], client.repeatMaskInput],
  ['client.checkConsistency', ['client-masked'], client.checkConsistency],
  ['client.unmask', ['client-masked', 'client-checked'], client.unmask],
  ['server.acceptAdvertisedKeys', ['server-advertising'], server.acceptAdvertisedKeys],
  ['server.closeAdvertiseKeys', ['server-advertising'], server.closeAdvertiseKeys],
  ['server.acceptSharedKeys', ['server-sharing'], server.acceptSharedKeys],
  ['server.closeShareKeys', ['server-sharing'], server.closeShareKeys],
  ['server.acceptMaskedInput', ['server-masking'], server.acceptMaskedInput],
  ['server.closeMaskedInput', ['server-masking'], server.closeMaskedInput],
  ['server.acceptConsistencyCheck', ['server-checking'], server.acceptConsistencyCheck],
  ['server.closeConsistencyCheck', ['server-checking'], server.closeConsistencyCheck],
  ['server.acceptUnmasking', ['server-unmasking'], server.acceptUnmasking],
  ['server.reconstructSecrets', ['server-unmasking'], server.reconstructSecrets],
  ['server.countMaskTerms', ['server-unmasked'], server.countMaskTerms],
  [
    'server.planUnmasking',
    ['server-unmasked'],
    (...given: never[]) =>
      server.planUnmasking(...(given as unknown as Parameters<typeof server.planUnmasking>)).next(),
  ],
]

describe('steps in the wrong order', () => {
  it.each(STEPS)('%s refuses every state except its own', async (_name, takes, step) => {
    const { states } = await coreRound('active')
    expect(states.size).toBe(11)
    const call = step as (...args: unknown[]) => unknown
    const wrong = [...states.values()].filter(({ state }) => !takes.includes(state))
    for (const state of [...wrong, { state: 'client-unknown' }, {}, undefined, null]) {
      await expect(async () => call(state, [], new Uint8Array(32), {})).rejects.toMatchObject({
        name: 'SecAggError',
        code: 'out-of-order',
        fault: 'usage',
      })
    }
  })

  it('the honest-but-curious model has no consistency check', async () => {
    const { states } = await coreRound('honest-but-curious')
    const masked = states.get('client-masked') as client.ClientMasked
    await expect(client.checkConsistency(masked, [0, 1], {})).rejects.toMatchObject({ code: 'out-of-order' })
  })

  it('the active model never unmasks before its consistency check', async () => {
    const { states } = await coreRound('active')
    const masked = states.get('client-masked') as client.ClientMasked
    const crypto = {} as never
    await expect(client.unmask(masked, [0, 1], { crypto })).rejects.toMatchObject({ code: 'out-of-order' })
  })

  it('two accepted messages of one seat are a mistake of the caller', async () => {
    const { states } = await coreRound('active')
    const masking = states.get('server-masking') as server.ServerMasking
    expect(() => server.closeMaskedInput(masking, [0, 1, 1])).toThrow(/two messages of seat 1/)
    expect(() => server.closeMaskedInput(masking, [0, 7])).toThrow(/seat 7 takes no part/)
  })
})
