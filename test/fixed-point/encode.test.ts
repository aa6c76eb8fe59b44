import {
  createFixedPoint,
  createWeightedMean,
  decodeMean,
  type EncodeOptions,
  encodeValues,
  encodingContext,
  type FixedPoint,
  type FixedPointOptions,
  type RealValues,
} from 'secagg/fixed-point'
import { describe, expect, it, test } from 'vitest'
import { named, randomOf } from '../support/seeded.js'

const options = { clip: 1, bitsPerValue: 8, clients: 10, maximumWeight: 100, rounding: 'nearest' } as const
const encoding = createFixedPoint(options)

describe('clipping', () => {
  it('is reported: the number of values, the largest one, and how much was removed', () => {
    const values = Float64Array.of(0.5, 1.5, -3, 1, -1, 0)
    const { lanes, clipped } = encodeValues(values, encoding)
    expect(clipped).toEqual({ count: 2, largest: 3, excess: 2.5 })
    expect([...lanes]).toEqual([191, 254, 0, 254, 0, 127])
    expect([...values]).toEqual([0.5, 1.5, -3, 1, -1, 0])
  })

  it('reports the largest magnitude even if nothing was clipped', () => {
    expect(encodeValues([0.25, -0.75], encoding).clipped).toEqual({ count: 0, largest: 0.75, excess: 0 })
    expect(encodeValues([], encoding)).toEqual({
      lanes: new Uint32Array(0),
      clipped: { count: 0, largest: 0, excess: 0 },
    })
  })

  it('is counted over all batches of a long vector', () => {
    const values = new Float32Array(50000)
    for (const index of [0, 16383, 16384, 32768, 49999]) values[index] = index % 2 === 0 ? 2 : -4
    expect(encodeValues(values, encoding).clipped).toEqual({ count: 5, largest: 4, excess: 2 * 3 + 3 * 1 })
  })

  it('is refused if onClip says so; the message has the index but not the value', () => {
    const values = new Float32Array(20000)
    values[17000] = 1.25
    const refuse = (): unknown => encodeValues(values, encoding, { onClip: 'refuse' })
    expect(refuse).toThrow(
      expect.objectContaining({ code: 'input-out-of-range', message: 'value 17000 is beyond the clip' }),
    )
    values[17000] = 1
    expect(refuse).not.toThrow()
  })
})

test('NaN and infinities are refused with their index, at any position', async () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    for (const index of [0, 1, 16383, 16384, 16999]) {
      for (const type of [Float32Array, Float64Array]) {
        for (const onClip of ['report', 'refuse'] as const) {
          await named(`${value} at ${index}`, () => {
            const values = new type(17000)
            values[index] = value
            expect(() => encodeValues(values, encoding, { onClip })).toThrow(
              expect.objectContaining({
                code: 'input-out-of-range',
                fault: 'usage',
                message: `value ${index} is ${value}`,
              }),
            )
          })
        }
      }
    }
  }
})

test('a weight multiplies the level, and an invalid weight is refused', async () => {
  expect([...encodeValues([1, -1, 0], encoding, { weight: 100 }).lanes]).toEqual([25400, 0, 12700])
  expect([...encodeValues([1, -1, 0], encoding, { weight: 0 }).lanes]).toEqual([0, 0, 0])
  for (const weight of [-1, 1.5, 101, Number.NaN, Number.POSITIVE_INFINITY, '7', 7n, null, Symbol.iterator]) {
    await named(`weight ${String(weight)}`, () => {
      const encode = (): unknown => encodeValues([0], encoding, { weight: weight as number })
      const kind = weight === null ? 'null' : typeof weight
      const shown = typeof weight === 'number' ? weight : weight === null ? kind : `a ${kind}`
      expect(encode).toThrow(
        expect.objectContaining({
          code: 'input-out-of-range',
          got: typeof weight === 'number' ? weight : kind,
          message: `a weight must be a whole number from 0 to 100, not ${shown}`,
        }),
      )
    })
  }
})

test('values can be floats, doubles or an array, and views of larger buffers', () => {
  const values = [0.5, -0.25, 0.75]
  const expected = encodeValues(values, encoding).lanes
  const memory = new ArrayBuffer(64)
  const view = new Float64Array(memory, 16, 3)
  view.set(values)
  class Weights extends Float32Array {}
  for (const form of [Float32Array.from(values), Float64Array.from(values), view, Weights.from(values)]) {
    expect(encodeValues(form, encoding).lanes).toEqual(expected)
  }
})

test('anything except an array of real numbers is refused', async () => {
  const wrong = [
    Int32Array.of(1),
    Uint8Array.of(1),
    BigInt64Array.of(1n),
    new DataView(new ArrayBuffer(8)),
    'abc',
    undefined,
    null,
    7,
    { length: 1, 0: 0.5 },
    [1, '2'],
    [1, undefined],
    new Array(2),
    [1n],
  ]
  for (const [index, values] of wrong.entries()) {
    await named(`case ${index}`, () => {
      expect(() => encodeValues(values as RealValues, encoding)).toThrow(
        expect.objectContaining({ code: 'invalid-argument', fault: 'usage' }),
      )
    })
  }
  expect(() => encodeValues(Int32Array.of(1) as unknown as RealValues, encoding)).toThrow(
    expect.objectContaining({ got: 'Int32Array' }),
  )
  expect(() => encodeValues([0], encoding, { onClip: 'ignore' } as unknown as EncodeOptions)).toThrow(
    'onClip',
  )
})

test('lanes of every type hold the same numbers', () => {
  const values = Array.from({ length: 100 }, (_, index) => Math.sin(index))
  const types = { 8: Uint8Array, 13: Uint16Array, 32: Uint32Array, 33: BigUint64Array, 64: BigUint64Array }
  const base = { clip: 1, bitsPerValue: 8, clients: 1 }
  const narrow = Array.from(
    encodeValues(values, createFixedPoint(base), { randomBytes: randomOf(1).bytes }).lanes,
    Number,
  )
  for (const [bits, type] of Object.entries(types)) {
    const wide = createFixedPoint({ ...base, bits: Number(bits) })
    const { lanes } = encodeValues(values, wide, { randomBytes: randomOf(1).bytes })
    expect(lanes).toBeInstanceOf(type)
    expect(Array.from(lanes as Uint8Array, Number)).toEqual(narrow)
  }
})

test('elements up to the largest safe integer are exact', () => {
  const maximumWeight = Math.floor((2 ** 53 - 2) / (2 ** 32 - 2))
  const wide = createFixedPoint({ clip: 1, bitsPerValue: 32, clients: 1, maximumWeight, rounding: 'nearest' })
  const values = [1, -1, 0, 0.123456789, -0.987654321]
  const { lanes } = encodeValues(values, wide, { weight: maximumWeight })
  const level = 2n ** 31n - 1n
  const expected = values.map(
    (value) => (BigInt(Math.round(value * Number(level))) + level) * BigInt(maximumWeight),
  )
  expect([...lanes]).toEqual(expected)
  const mean = decodeMean(lanes, wide, maximumWeight)
  values.forEach((value, index) => {
    expect(Math.abs(mean[index]! - value)).toBeLessThanOrEqual(wide.errorBound)
  })
})

test('the context is the same if and only if values have the same meaning', () => {
  const base: FixedPointOptions = { clip: 0.5, bitsPerValue: 12, clients: 10, maximumWeight: 100 }
  const bytesOf = (change: Partial<FixedPointOptions> = {}): string =>
    String(encodingContext(createFixedPoint({ ...base, ...change })))
  expect(bytesOf()).toBe(bytesOf())
  // The round's configuration has both of these.
  expect(bytesOf({ clients: 20, bits: 40 })).toBe(bytesOf())
  const others = [
    { clip: 0.25 },
    { bitsPerValue: 11 },
    { maximumWeight: 101 },
    { rounding: 'nearest' },
  ] as const
  expect(new Set([bytesOf(), ...others.map(bytesOf)]).size).toBe(5)
})

test('an encoding from a peer is checked', () => {
  const values = [0.5, -0.25, 7]
  const travelled = JSON.parse(JSON.stringify(encoding))
  expect(encodeValues(values, travelled)).toEqual(encodeValues(values, encoding))
  expect(encodingContext(travelled)).toEqual(encodingContext(encoding))
  for (const lie of [{ levels: 2 ** 40 }, { bound: 3 }, { step: Number.NaN }, { errorBound: 1e-9 }]) {
    expect(() => encodeValues(values, { ...travelled, ...lie })).toThrow(
      expect.objectContaining({ code: 'configuration-mismatch', fault: 'usage' }),
    )
  }
  for (const none of [undefined, null, {}, { ...encoding, bits: 8 }, { ...encoding, clip: Number.NaN }]) {
    const uses = [
      () => encodeValues(values, none as FixedPoint),
      () => decodeMean(new Uint32Array(1), none as FixedPoint, 1),
      () => createWeightedMean(1, none as FixedPoint),
      () => encodingContext(none as FixedPoint),
    ]
    for (const use of uses) {
      expect(use).toThrow(expect.objectContaining({ code: 'invalid-configuration', fault: 'usage' }))
    }
  }
})
