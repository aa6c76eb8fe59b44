import { createPrivateEncoder, decodePrivateSum, type PrivacySetting } from 'secagg/privacy'
import { describe, expect, test } from 'vitest'
import { createLanes } from '../../src/vector/lanes.js'
import { thrownBy } from '../support/refusals.js'
import { randomOf } from '../support/seeded.js'
import { seededCrypto } from './support.js'

const seed = new Uint8Array(32)

const settingFor = (length: number, bits: number): PrivacySetting => ({
  ...{ clients: 20, minimumHonest: 12, length, clip: 2, bits, noiseMultiplier: 0.8, delta: 1e-6 },
})

function valuesOf(length: number, salt: number): Float64Array {
  const random = randomOf(salt)
  return Float64Array.from({ length }, () => (random.word() / 2 ** 31 - 1) / Math.sqrt(length))
}

describe('memory for private vectors', () => {
  test.each([
    [3, 18],
    [3000, 16],
    [9000, 32],
  ])('is used again with the same bits: %d values of %d bits', (length, bits) => {
    const setting = settingFor(length, bits)
    const [lanes, sum] = [createLanes(bits, length), new Float64Array(length)]
    const [fresh, reused] = [1, 1].map((each) => createPrivateEncoder(setting, seededCrypto(each)))
    for (const salt of [1, 2, 3]) {
      const values = valuesOf(length, salt)
      const expected = fresh!.encode(values, seed)
      const got = reused!.encode(values, seed, { into: lanes })
      expect(got.vector).toBe(lanes)
      expect(got).toEqual(expected)
      expect(decodePrivateSum(setting, lanes, seed, { into: sum })).toBe(sum)
      expect(sum).toEqual(decodePrivateSum(setting, lanes, seed))
    }
  })

  test('has zeros after an error while noise is added, and its old content after one before', () => {
    const setting = settingFor(9000, 16)
    const into = createLanes(16, 9000) as Uint16Array
    let calls = 0
    const crypto = seededCrypto(1)
    const failing = {
      ...crypto,
      randomBytes: (length: number) => (calls-- > 0 ? crypto.randomBytes(length) : new Uint8Array(length)),
    }
    const seen = new Set<string>()
    for (let last = 0; last < 400 && !seen.has('done'); last++) {
      calls = last
      into.fill(7)
      const encoder = createPrivateEncoder(setting, failing)
      const error = thrownBy(() => encoder.encode(valuesOf(9000, 1), seed, { into }))
      const contents = new Set(into)
      if (error === undefined) seen.add('done')
      else {
        expect(error.code).toBe('no-randomness')
        expect(contents.size).toBe(1)
        seen.add(String([...contents][0]))
      }
    }
    expect(seen).toEqual(new Set(['7', '0', 'done']))
  })

  test('is refused and unchanged if it does not fit, or is the memory of the input', () => {
    const setting = settingFor(4, 16)
    const encoder = createPrivateEncoder(setting, seededCrypto(1))
    const memory = new ArrayBuffer(64)
    const values = new Float64Array(memory, 0, 4)
    values.fill(0.5)
    const cases: [() => unknown, string][] = [
      [() => encoder.encode(values, seed, { into: new Uint16Array(3) }), 'into must have 4 elements, not 3'],
      [
        () => encoder.encode(values, seed, { into: new Uint32Array(4) }),
        'into must be a Uint16Array, not Uint32Array',
      ],
      [() => encoder.encode(values, seed, { into: new Uint16Array(memory, 30, 4) }), 'must not overlap'],
      [
        () => decodePrivateSum(setting, new Uint16Array(4), seed, { into: new Float64Array(5) }),
        'into must have 4 elements, not 5',
      ],
      [
        () => decodePrivateSum(setting, new Uint16Array(memory, 24, 4), seed, { into: values }),
        'must not overlap',
      ],
    ]
    for (const [work, message] of cases) {
      expect(thrownBy(work)).toMatchObject({
        code: 'invalid-argument',
        message: expect.stringContaining(message),
      })
    }
    expect([...values]).toEqual([0.5, 0.5, 0.5, 0.5])
  })
})
