import { createRoundConfig, SecAggError } from 'secagg'
import {
  createFixedPoint,
  createWeightedMean,
  decodeWeighted,
  encodeWeighted,
  type FixedPointOptions,
} from 'secagg/fixed-point'
import { describe, expect, it, test } from 'vitest'
import { runCohort } from '../support/cohort.js'
import { refusalBy } from '../support/refusals.js'
import { named } from '../support/seeded.js'
import { multiplied } from './support.js'

const nodes = Array.from({ length: 50 }, (_, index) => index + 1)

/** The sum if the values of all clients are at the clip and have the largest weight. */
function largestSum({ levels, maximumWeight, clients }: ReturnType<typeof createFixedPoint>): bigint {
  return BigInt(levels - 1) * BigInt(maximumWeight) * BigInt(clients)
}

function refusalOf(options: FixedPointOptions): SecAggError {
  return refusalBy(() => createFixedPoint(options))
}

describe('the bits of an element', () => {
  it('are the minimum with which no sum overflows, for any number of clients', async () => {
    for (const clients of nodes) {
      for (const maximumWeight of [1, 2, 1000]) {
        for (const bitsPerValue of [2, 8, 16, 24, 32]) {
          await named(`${clients} nodes, ${bitsPerValue} bits, weight ${maximumWeight}`, () => {
            const encoding = createFixedPoint({ clip: 1, bitsPerValue, clients, maximumWeight })
            const sum = largestSum(encoding)
            expect(sum < 1n << BigInt(encoding.bits)).toBe(true)
            expect(sum >= 1n << BigInt(encoding.bits - 1)).toBe(true)
            expect(() =>
              createFixedPoint({ clip: 1, bitsPerValue, clients, maximumWeight, bits: encoding.bits - 1 }),
            ).toThrow(`a sum can need ${encoding.bits} bits`)
          })
        }
      }
    }
  })

  it('hold the extreme sums of any number of clients exactly', async () => {
    for (const clients of nodes) {
      for (const bits of [12, 32, 53, 64]) {
        await named(`${clients} nodes, lanes of ${bits} bits`, () => {
          const encoding = createFixedPoint({
            clip: 0.3,
            bits,
            clients,
            maximumWeight: 7,
            rounding: 'nearest',
          })
          const task = createWeightedMean(3, encoding)
          const { input, clipped } = encodeWeighted([9, -0.3, 0], 7, task)
          expect(clipped.count).toBe(1)
          const sum = multiplied(task.segments, input, clients)
          expect(BigInt(sum[0]![0]!)).toBe(largestSum(encoding))
          const { mean, totalWeight } = decodeWeighted(sum, clients, task)
          expect([...mean]).toEqual([0.3, -0.3, 0])
          expect(totalWeight).toBe(7 * clients)
        })
      }
    }
  })

  it('are accepted by createRoundConfig, which refuses one more client', () => {
    const encoding = createFixedPoint({ clip: 1, bitsPerValue: 3, clients: 5, bits: 5 })
    const { segments } = createWeightedMean(4, encoding)
    const configure = (clients: number): unknown =>
      createRoundConfig({ sessionId: new Uint8Array(16), clients, adversary: 'honest-but-curious', segments })
    expect(() => configure(5)).not.toThrow()
    expect(() => configure(6)).toThrow('overflows 5 bits (segment 0); it needs 6')
    expect(() => createFixedPoint({ clip: 1, bitsPerValue: 3, clients: 6, bits: 5 })).toThrow(
      'a sum can need 6 bits, but an element has 5; use at most 2 bits per value, or at most 5 clients, or elements of 6 bits',
    )
  })

  it('can be used up to the last sum below 2^k in a round', async () => {
    // The sum of 5 clients at the maximum level, 6, is 30. Elements hold up to 31.
    const encoding = createFixedPoint({ clip: 2, bitsPerValue: 3, clients: 5, bits: 5 })
    const task = createWeightedMean(2, encoding)
    const { input } = encodeWeighted(Float32Array.of(2, -2), 1, task)
    const { outcome } = await runCohort({
      clients: 5,
      adversary: 'honest-but-curious',
      segments: task.segments,
      inputs: new Array(5).fill(input),
    })
    expect(outcome?.sum[0]).toEqual(Uint8Array.of(30, 0))
    expect(decodeWeighted(outcome!.sum, 5, task).mean).toEqual(Float64Array.of(2, -2))
  })
})

describe('the headroom', () => {
  it('is the maximum of each quantity that fits if the others stay the same', async () => {
    const choices = [
      { bitsPerValue: 8, clients: 10, maximumWeight: 100, bits: 32 },
      { bitsPerValue: 2, clients: 4, maximumWeight: 1, bits: 4 },
      { bitsPerValue: 16, clients: 3, maximumWeight: 1, bits: 64 },
      { bitsPerValue: 32, clients: 50, maximumWeight: 5000, bits: 64 },
      { bitsPerValue: 12, clients: 65535, maximumWeight: 1 },
    ]
    for (const choice of choices) {
      await named(JSON.stringify(choice), () => {
        const { headroom } = createFixedPoint({ clip: 1, ...choice })
        for (const quantity of ['bitsPerValue', 'clients', 'maximumWeight'] as const) {
          const greatest = headroom[quantity]
          expect(greatest).toBeGreaterThanOrEqual(choice[quantity])
          // The stated maximum is accepted with the same bits, and one more is refused.
          const { bits } = createFixedPoint({ clip: 1, ...choice })
          const configure = (value: number) =>
            createFixedPoint({ clip: 1, ...choice, bits, [quantity]: value })
          expect(configure(greatest).bits).toBe(bits)
          expect(() => configure(greatest + 1)).toThrow(SecAggError)
        }
      })
    }
  })

  it('is stated as a factor and in bits', () => {
    // 3 · 254 of 2^10 − 1, and of 2^20 − 1.
    const tight = createFixedPoint({ clip: 1, bitsPerValue: 8, clients: 3 })
    expect(tight.bits).toBe(10)
    expect(tight.headroom.factor).toBeCloseTo(1023 / 762, 12)
    const wide = createFixedPoint({ clip: 1, bitsPerValue: 8, clients: 3, bits: 20 })
    expect(wide.headroom.factor).toBeCloseTo((2 ** 20 - 1) / 762, 9)
    expect(wide.headroom.bits).toBeCloseTo(Math.log2((2 ** 20 - 1) / 762), 12)
    expect(wide.headroom).toMatchObject({ clients: 4128, maximumWeight: 1376, bitsPerValue: 18 })
  })
})

test('the default of bitsPerValue is the maximum that fits', () => {
  const at = (clients: number, bits: number, maximumWeight = 1) =>
    createFixedPoint({ clip: 1, clients, bits, maximumWeight }).bitsPerValue
  // n · (2^b − 2) < 2^k
  expect(at(1, 8)).toBe(8)
  expect(at(2, 8)).toBe(7)
  expect(at(4, 8)).toBe(6)
  expect(at(5, 8)).toBe(5)
  expect(at(127, 8)).toBe(2)
  expect(at(50, 32, 2000)).toBe(15)
  expect(at(2, 64)).toBe(32)
  expect(() => at(128, 8)).toThrow('an element has 8; use at most 127 clients, or elements of 9 bits')
})

describe('an encoding is refused', () => {
  it('if a sum could overflow; the message states what would fit', () => {
    const { code, fault, expected, got, message } = refusalOf({
      clip: 1,
      bitsPerValue: 24,
      clients: 100,
      maximumWeight: 1000,
      bits: 32,
    })
    expect({ code, fault, expected, got }).toEqual({
      code: 'invalid-configuration',
      fault: 'usage',
      expected: 41,
      got: 32,
    })
    expect(message).toContain('24 bits per value with weights up to 1000 and 100 clients')
    expect(message).toContain('use at most 15 bits per value, or weights up to 2, or elements of 41 bits')
  })

  it('if the bits are far too few', () => {
    const { message } = refusalOf({ clip: 1, bitsPerValue: 16, clients: 1000, maximumWeight: 1000, bits: 8 })
    expect(message).toContain('; use elements of 36 bits')
    expect(
      refusalOf({ clip: 1, bitsPerValue: 32, clients: 65535, maximumWeight: 2 ** 20 }).message,
    ).toContain('a sum can need 68 bits, but an element has 64; use at most 28 bits per value')
    expect(refusalOf({ clip: 1, clients: 65535, maximumWeight: 2 ** 30, bits: 8 }).message).toContain(
      'elements of 47 bits',
    )
  })

  it('if an element or a total weight could be larger than a safe integer', () => {
    const options = { clip: 1, bitsPerValue: 32, clients: 1 }
    const greatest = Math.floor((2 ** 53 - 2) / (2 ** 32 - 2))
    expect(createFixedPoint({ ...options, maximumWeight: greatest }).bound).toBeLessThan(2 ** 53)
    const refusal = refusalOf({ ...options, maximumWeight: greatest + 1 })
    expect(refusal.message).toContain(
      `not a safe integer; use at most 31 bits per value, or weights up to ${greatest}`,
    )
    expect(refusal.expected).toBeUndefined()
    const coarse = { clip: 1, bitsPerValue: 2, clients: 5 }
    const heaviest = (2 ** 53 - 2) / 5
    expect(createFixedPoint({ ...coarse, maximumWeight: heaviest }).headroom.clients).toBe(5)
    expect(refusalOf({ ...coarse, maximumWeight: heaviest + 1 }).message).toContain(
      `weights up to ${heaviest}`,
    )
  })

  it('if an option is out of its range', async () => {
    const good = { clip: 1, bitsPerValue: 8, clients: 3 }
    const bad: Readonly<Record<string, readonly unknown[]>> = {
      clip: [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e-300, 1e300, '1', undefined],
      bitsPerValue: [1, 33, 8.5, '8', Number.NaN],
      clients: [0, -1, 65536, 2.5, undefined],
      maximumWeight: [0, -1, 1.5, 2 ** 53, '7'],
      rounding: ['up', null, 7],
      bits: [0, 65, 8.5],
    }
    for (const [name, values] of Object.entries(bad)) {
      for (const value of values) {
        await named(`${name} ${String(value)}`, () => {
          const { code, fault, message } = refusalOf({ ...good, [name]: value })
          expect({ code, fault }).toEqual({ code: 'invalid-configuration', fault: 'usage' })
          expect(message).toContain(name)
        })
      }
    }
    expect(refusalOf({ clip: 1, clients: 3 }).message).toContain('needs bitsPerValue or bits')
  })
})

test('an encoding is frozen plain data that can be sent as JSON', () => {
  const encoding = createFixedPoint({ clip: 0.1, bitsPerValue: 20, clients: 40, maximumWeight: 3 })
  expect(Object.isFrozen(encoding) && Object.isFrozen(encoding.headroom)).toBe(true)
  expect(JSON.parse(JSON.stringify(encoding))).toEqual(encoding)
  expect(encoding).toMatchObject({ levels: 2 ** 20 - 1, bound: 3 * (2 ** 20 - 2) + 1, bits: 27 })
  expect(encoding.step).toBe(0.1 / (2 ** 19 - 1))
})
