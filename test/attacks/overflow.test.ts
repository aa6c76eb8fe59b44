import { createRoundConfig, type Lanes, type RoundParameters, type SessionInput } from 'secagg'
import { describe, expect, test } from 'vitest'
import { makeCohort, run, runCohort } from '../support/cohort.js'
import { thrownBy } from './states.js'
import { CURIOUS, expectError, expectRefusal, finish, openedRound } from './support.js'

function configure(clients: number, segment: RoundParameters['segments'][number]) {
  const sessionId = new Uint8Array(32)
  return createRoundConfig({ sessionId, clients, adversary: 'honest-but-curious', segments: [segment] })
}

function refused(clients: number, segment: RoundParameters['segments'][number]) {
  const thrown = thrownBy(() => configure(clients, segment))
  return expectError(thrown, { code: 'invalid-configuration', fault: 'usage', phase: undefined })
}

describe('a sum that could overflow its modulus is no configuration', () => {
  test('1500 clients with 8-bit values in 16 bits: refused, and the error says what it takes', () => {
    const error = refused(1500, { length: 10, bits: 16, bound: 256 })
    expect(error).toMatchObject({ expected: 19, got: 16 })
    configure(1500, { length: 10, bits: 19, bound: 256 })
  })

  test.each([1, 7, 8, 16, 31, 32, 33, 53, 63, 64])(
    'the last bound that fits %d bits and the first that does not',
    (bits) => {
      for (const clients of [2, 3, 7, 255, 256, 1500, 65535]) {
        // n(R − 1) < 2^k
        const last = ((1n << BigInt(bits)) - 1n) / BigInt(clients) + 1n
        configure(clients, { length: 1, bits, bound: last })
        const error = refused(clients, { length: 1, bits, bound: last + 1n })
        expect(error).toMatchObject({ got: bits })
        const needed = Number(error.expected)
        expect(BigInt(clients) * last < 1n << BigInt(needed)).toBe(true)
      }
    },
  )

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 0n, -5n, 1n << 80n])(
    'a bound of %s',
    (bound) => {
      refused(5, { length: 1, bits: 64, bound })
    },
  )

  test.each([
    { length: 0, bits: 8 },
    { length: -1, bits: 8 },
    { length: 1.5, bits: 8 },
    { length: 2 ** 37, bits: 8 },
    { length: 2 ** 53, bits: 1 },
    { length: 2 ** 36, bits: 64 },
    { length: 1, bits: 0 },
    { length: 1, bits: 65 },
    { length: 1, bits: 7.5 },
    { length: Number.NaN, bits: 8 },
    { length: 1, bits: Number.NaN },
  ])('a segment %j', (segment) => {
    refused(5, { ...segment, bound: 'modular' })
  })

  test('the greatest inputs of all clients give the exact sum', async () => {
    const bound = 13108n // 5 · 13107 = 2^16 − 1
    const inputs = Array.from({ length: 5 }, () => [Uint16Array.of(13107, 0, 13107)])
    const ran = await runCohort({ ...CURIOUS, segments: [{ length: 3, bits: 16, bound }], inputs })
    expect(ran.outcome?.sum).toEqual([Uint16Array.of(65535, 0, 65535)])
  })
})

describe('an input that does not fit is refused before anything of it is masked', () => {
  const segments = [
    { length: 3, bits: 20, bound: 1000 },
    { length: 2, bits: 8, bound: 'modular' as const },
  ]
  const good = (): [Lanes, Lanes] => [Uint32Array.of(1, 2, 3), Uint8Array.of(4, 255)]

  const attempts: readonly { what: string; input: unknown; range?: string; code?: string }[] = [
    { what: 'a value at its bound', input: [Uint32Array.of(1, 1000, 3), good()[1]], range: 'below 1000' },
    { what: 'the greatest word', input: [Uint32Array.of(2 ** 32 - 1, 0, 0), good()[1]], range: 'below 1000' },
    {
      what: 'a negative number, which wraps',
      input: [Uint32Array.of(0, 0, -1), good()[1]],
      range: 'below 1000',
    },
    { what: 'floats', input: [Float32Array.of(1, 2, 3), good()[1]] },
    { what: 'a NaN among floats', input: [Float64Array.of(1, Number.NaN, 3), good()[1]] },
    { what: 'signed numbers', input: [Int32Array.of(1, 2, 3), good()[1]] },
    { what: 'a plain array', input: [[1, 2, 3], good()[1]] },
    { what: 'a wider array than the bits need', input: [BigUint64Array.of(1n, 2n, 3n), good()[1]] },
    { what: 'one value for three elements', input: [Uint32Array.of(7), good()[1]] },
    { what: 'an element too many', input: [Uint32Array.of(1, 2, 3, 4), good()[1]] },
    { what: 'a segment missing', input: [Uint32Array.of(1, 2, 3)] },
    { what: 'a segment too many', input: [...good(), Uint8Array.of(1)] },
    { what: 'one array for two segments', input: Uint32Array.of(1, 2, 3) },
    { what: 'segments in the wrong order', input: good().reverse() },
    { what: 'nothing', input: undefined },
    { what: 'null', input: null },
    { what: 'a string', input: '123' },
    { what: 'an object that looks like an array', input: { 0: good()[0], 1: good()[1], length: 2 } },
    {
      what: 'an array that claims to be another type',
      input: [
        Object.defineProperty(Float32Array.of(1, 2, 3), Symbol.toStringTag, { value: 'Uint32Array' }),
        good()[1],
      ],
    },
  ]

  test.each(attempts)(
    '$what; the session stays as it was, and a good input works',
    async ({ input, range }) => {
      let current = input
      const cohort = await makeCohort({
        ...CURIOUS,
        segments,
        inputs: Array.from({ length: 5 }, good),
        clientOptions: (seat) => (seat === 2 ? { input: () => current as SessionInput } : {}),
      })
      const opened = await openedRound('masked-input', cohort)
      const refused = await expectRefusal(opened.sessions[2]!.receive(opened.pending.get(2)!), {
        code: range === undefined ? 'invalid-argument' : 'input-out-of-range',
        fault: 'usage',
        phase: range === undefined ? undefined : 'masked-input',
      })
      if (range !== undefined) expect(refused.expected).toBe(range)
      current = good()
      expect(await finish(opened)).toEqual([0, 1, 2, 3, 4])
    },
  )

  test('modular: every value of k bits is taken and sums wrap, none of k + 1 bits is', async () => {
    const wrapping = [{ length: 2, bits: 12, bound: 'modular' as const }]
    const full = Array.from({ length: 5 }, () => [Uint16Array.of(4095, 1)])
    const ran = await runCohort({ ...CURIOUS, segments: wrapping, inputs: full })
    expect(ran.outcome?.sum).toEqual([Uint16Array.of(4091, 5)])
    const wide = full.map((vector, seat) => (seat === 3 ? [Uint16Array.of(4096, 1)] : vector))
    const other = await run(await makeCohort({ ...CURIOUS, segments: wrapping, inputs: wide }))
    expect([...other.clientErrors.keys()]).toEqual([3])
    expectError(other.clientErrors.get(3), {
      code: 'input-out-of-range',
      fault: 'usage',
      phase: 'masked-input',
    })
    expect(other.outcome?.sum).toEqual(other.expected)
  })
})
