import { createRoundConfig, type RoundParameters } from 'secagg'
import { minimumThreshold } from 'secagg/protocol'
import { describe, expect, it } from 'vitest'

const base: RoundParameters = {
  sessionId: new Uint8Array(32).fill(7),
  clients: 10,
  adversary: 'active',
  segments: [
    { length: 100, bits: 20, bound: 1000 },
    { length: 3, bits: 8, bound: 'modular' },
  ],
  threshold: 8,
  suite: 'aes',
  corruptClients: 3,
  minimumCohort: 8,
  signatureLength: 64,
  context: { model: Uint8Array.of(1, 2), scale: Uint8Array.of(3) },
}

const hashOf = (changes: Partial<RoundParameters>): string =>
  String(createRoundConfig({ ...base, ...changes }).hash)

describe('the hash of a configuration', () => {
  it('changes with each stated parameter', () => {
    const [first, second] = base.segments
    const variations: Partial<RoundParameters>[] = [
      {},
      { sessionId: new Uint8Array(32).fill(8) },
      { sessionId: new Uint8Array(33).fill(7) },
      { clients: 11, threshold: 8 },
      { adversary: 'honest-but-curious' },
      { threshold: 7, minimumCohort: 8 },
      { threshold: 9, minimumCohort: 9 },
      { suite: 'chacha' },
      { corruptClients: 4 },
      { corruptClients: 0 },
      { corruptClients: undefined },
      { minimumCohort: 9 },
      { signatureLength: 65 },
      { segments: [first!] },
      { segments: [second!, first!] },
      { segments: [{ ...first!, length: 101 }, second!] },
      { segments: [{ ...first!, bits: 21 }, second!] },
      { segments: [{ ...first!, bound: 1001 }, second!] },
      { segments: [{ ...first!, bound: 'modular' }, second!] },
      { segments: [first!, { ...second!, bound: 1 }] },
      { context: {} },
      { context: { model: Uint8Array.of(1, 2) } },
      { context: { model: Uint8Array.of(1, 2), scale: Uint8Array.of(4) } },
      { context: { model: Uint8Array.of(1), scale: Uint8Array.of(2, 3) } },
      { context: { models: Uint8Array.of(1, 2), cale: Uint8Array.of(3) } },
      { context: { model: Uint8Array.of(3), scale: Uint8Array.of(1, 2) } },
    ]
    expect(new Set(variations.map(hashOf)).size).toBe(variations.length)
  })

  it('does not depend on the order of the context, or on how a default or a bound is written', () => {
    const { scale, model } = base.context!
    expect(hashOf({ context: { scale: scale!, model: model! } })).toBe(hashOf({}))
    expect(hashOf({ suite: undefined, minimumCohort: undefined, signatureLength: undefined })).toBe(
      hashOf({}),
    )
    expect(hashOf({ threshold: undefined, minimumCohort: undefined, corruptClients: undefined })).toBe(
      hashOf({ threshold: 7, minimumCohort: 7, corruptClients: undefined }),
    )
    expect(hashOf({ segments: base.segments.map((s) => ({ ...s, bound: 5 })) })).toBe(
      hashOf({ segments: base.segments.map((s) => ({ ...s, bound: 5n })) }),
    )
    expect(hashOf({ context: undefined })).toBe(hashOf({ context: {} }))
  })

  it('ignores the length of signatures in the model without signatures', () => {
    const curious = { adversary: 'honest-but-curious' } as const
    expect(hashOf({ ...curious, signatureLength: 70 })).toBe(hashOf(curious))
    expect(createRoundConfig({ ...base, ...curious }).signatureLength).toBe(0)
  })

  it.each([
    ['honest-but-curious', 65536],
    ['active', 2 ** 24],
  ] as const)('has up to 2^24 seats if the graph is not complete (%s, %i seats)', (adversary, clients) => {
    const graph = { neighbors: 40, assumptions: 'unproven' } as const
    const segments = [{ length: 4, bits: 32, bound: 'modular' }] as const
    const rest = {
      adversary,
      graph,
      segments,
      threshold: 28,
      minimumCohort: 40_000,
      corruptClients: undefined,
    }
    expect(createRoundConfig({ ...base, ...rest, clients }).clients).toBe(clients)
  })

  it('does not change if the caller changes its arrays later', () => {
    const sessionId = new Uint8Array(16).fill(1)
    const segments = [{ length: 4, bits: 8, bound: 9 }]
    const config = createRoundConfig({ ...base, sessionId, segments })
    sessionId.fill(2)
    segments[0]!.bits = 9
    expect(config.sessionId).toEqual(new Uint8Array(16).fill(1))
    expect(config.segments).toEqual([{ length: 4, bits: 8, bound: 9n }])
    expect([config, config.segments, config.segments[0]].every(Object.isFrozen)).toBe(true)
  })
})

describe('a configuration with a value out of its range is refused:', () => {
  const segment = (changes: object) => ({ segments: [{ length: 4, bits: 8, bound: 9, ...changes }] })
  const sparse = (neighbors: number) => ({
    graph: { neighbors, assumptions: 'unproven' },
    threshold: neighbors / 2 + 1,
    minimumCohort: 40_000,
    corruptClients: undefined,
  })
  it.each<[string, object]>([
    ['a session id of 15 bytes', { sessionId: new Uint8Array(15) }],
    ['a session id of 65 bytes', { sessionId: new Uint8Array(65) }],
    ['one client', { clients: 1 }],
    ['65536 clients', { clients: 65536, threshold: 50000 }],
    ['more than 2^24 clients', { clients: 2 ** 24 + 1, ...sparse(34) }],
    ['65536 clients with 16384 neighbors each', { clients: 65536, ...sparse(16384) }],
    ['half a client', { clients: 10.5 }],
    ['clients that are not a number', { clients: Number.NaN }],
    ['an adversary of another kind', { adversary: 'semi-honest' }],
    ['an unknown suite', { suite: 'des' }],
    ['a threshold above n', { threshold: 11, minimumCohort: undefined }],
    ['a threshold of one', { clients: 2, threshold: 1, minimumCohort: 2, corruptClients: undefined }],
    ['a fractional threshold', { threshold: 8.5 }],
    ['a cohort below the threshold', { minimumCohort: 7 }],
    ['a cohort above n', { minimumCohort: 11 }],
    ['as many corrupt clients as clients', { corruptClients: 10 }],
    ['a negative number of corrupt clients', { corruptClients: -1 }],
    ['signatures of no bytes', { signatureLength: 0 }],
    ['signatures of 65536 bytes', { signatureLength: 65536 }],
    ['no segments', { segments: [] }],
    ['65536 segments', { segments: new Array(65536).fill({ length: 1, bits: 1, bound: 'modular' }) }],
    ['an empty segment', segment({ length: 0 })],
    ['a segment of half an element', segment({ length: 0.5 })],
    ['a segment of no bits', segment({ bits: 0 })],
    ['a segment of 65 bits', segment({ bits: 65 })],
    ['a bound of zero', segment({ bound: 0 })],
    ['a negative bound', segment({ bound: -4n })],
    ['a fractional bound', segment({ bound: 1.5 })],
    ['an unsafe bound', segment({ bound: 2 ** 53 })],
    ['a bound that is not a number', segment({ bound: 'wrapping' })],
    ['a segment longer than a mask stream', segment({ length: 2 ** 36, bits: 64, bound: 'modular' })],
    [
      'segments that are longer than a mask stream together',
      {
        segments: new Array(5).fill({ length: 2 ** 36, bits: 8, bound: 'modular' }),
      },
    ],
    [
      'a segment one block longer than a mask stream',
      segment({ length: 2 ** 36, bits: 32, bound: 'modular' }),
    ],
    ['a context name of 65536 characters', { context: { ['a'.repeat(65536)]: Uint8Array.of(1) } }],
    ['a context name that is empty', { context: { '': Uint8Array.of(1) } }],
    ['a context name with a line break', { context: { 'a\nb': Uint8Array.of(1) } }],
    ['a context name beyond ASCII', { context: { modèle: Uint8Array.of(1) } }],
  ])('%s', (_what, changes) => {
    expect(() => createRoundConfig({ ...base, ...changes } as RoundParameters)).toThrow(
      expect.objectContaining({ name: 'SecAggError', code: 'invalid-configuration', fault: 'usage' }),
    )
  })
})

describe('a sum that could overflow is refused when the round is configured', () => {
  it.each([1, 2, 7, 8, 9, 16, 31, 32, 33, 53, 63, 64])('%i bits', (bits) => {
    for (const clients of [2, 3, 10, 1000, 65535]) {
      const largest = ((1n << BigInt(bits)) - 1n) / BigInt(clients) + 1n
      const withBound = (bound: bigint) => () =>
        createRoundConfig({
          ...base,
          clients,
          adversary: 'honest-but-curious',
          threshold: undefined,
          minimumCohort: undefined,
          corruptClients: undefined,
          segments: [{ length: 1, bits, bound }],
        })
      expect(withBound(largest)().segments[0]!.bound).toBe(largest)
      const needed = (BigInt(clients) * largest).toString(2).length
      expect(withBound(largest + 1n)).toThrow(
        expect.objectContaining({ code: 'invalid-configuration', expected: needed, got: bits }),
      )
    }
  })
})

describe('thresholds', () => {
  const models = [
    {
      adversary: 'honest-but-curious',
      rule: (n: number, c: number | undefined, t: number) => 2 * t > n && t > (c ?? 0),
    },
    {
      adversary: 'active',
      rule: (n: number, c: number | undefined, t: number) =>
        c === undefined ? 3 * t > 2 * n : 2 * t > n + c,
    },
  ] as const

  it.each(models)('$adversary: exactly those that the paper allows', ({ adversary, rule }) => {
    for (let clients = 2; clients <= 14; clients++) {
      const corrupt = [undefined, ...Array.from({ length: clients }, (_, count) => count)]
      for (const corruptClients of corrupt) {
        const admitted = (threshold: number | undefined): number | undefined => {
          const cohort = { minimumCohort: undefined, corruptClients, clients, adversary }
          try {
            return createRoundConfig({
              ...base,
              ...cohort,
              threshold,
              segments: [{ length: 1, bits: 8, bound: 2 }],
            }).threshold
          } catch {
            return undefined
          }
        }
        const every = Array.from({ length: clients + 2 }, (_, threshold) => threshold)
        const expected = every.filter((t) => t >= 2 && t <= clients && rule(clients, corruptClients, t))
        expect(every.filter((t) => admitted(t) !== undefined)).toEqual(expected)
        expect(admitted(undefined)).toBe(expected[0])
        const least = minimumThreshold({ clients, adversary, corruptClients })
        if (expected.length === 0) expect(least).toBeGreaterThan(clients)
        else expect(least).toBe(expected[0])
      }
    }
  })

  it('the error for a threshold that is too low names the minimum', () => {
    expect(() => createRoundConfig({ ...base, threshold: 6, minimumCohort: 6 })).toThrow(
      expect.objectContaining({ code: 'invalid-configuration', expected: 7, got: 6 }),
    )
  })
})

it.each([undefined, null, 7, 'a round'])('%s instead of parameters is refused with a typed error', (none) => {
  expect(() => createRoundConfig(none as never)).toThrow(
    expect.objectContaining({ name: 'SecAggError', code: 'invalid-configuration', fault: 'usage' }),
  )
})
