import {
  analyzeIntegerPrivacy,
  analyzePrivacy,
  type IntegerPrivacySetting,
  integerPrivacyContext,
  type PrivacySetting,
  privacyContext,
} from 'secagg/privacy'
import { describe, expect, test } from 'vitest'
import { bytesToHex } from '../../src/crypto/bytes.js'

const setting: PrivacySetting = {
  clients: 100,
  minimumHonest: 60,
  length: 200,
  clip: 10,
  bits: 16,
  noiseMultiplier: 1,
  delta: 1e-5,
}
const integers: IntegerPrivacySetting = {
  clients: 100,
  minimumHonest: 60,
  length: 10,
  l1Sensitivity: 1,
  l2Sensitivity: 1,
  maximumSum: 100,
  noiseStandardDeviation: 4,
  delta: 1e-5,
}
const seed = Uint8Array.from({ length: 16 }, (_, i) => i)

const contextOf = (changes: Partial<PrivacySetting>, rotationSeed = seed): string =>
  bytesToHex(privacyContext(analyzePrivacy({ ...setting, ...changes }), rotationSeed))
const integerContextOf = (changes: Partial<IntegerPrivacySetting>): string =>
  bytesToHex(integerPrivacyContext(analyzeIntegerPrivacy({ ...integers, ...changes })))

describe('the bytes that bind a round to its privacy parameters', () => {
  test('are the same for the same parameters in different forms', () => {
    expect(contextOf({})).toBe(
      contextOf({ rounds: 1, distribution: 'skellam', tail: 4, samplingRate: undefined }),
    )
    expect(contextOf({}, Uint8Array.from(seed))).toBe(contextOf({}))
  })

  test('differ if any parameter differs', () => {
    const changes: Partial<PrivacySetting>[] = [
      {},
      { clients: 101 },
      { minimumHonest: 61 },
      { length: 201 },
      { clip: 11 },
      { bits: 17 },
      { noiseMultiplier: 1.5 },
      { delta: 1e-6 },
      { rounds: 2 },
      { samplingRate: 0.5 },
      { distribution: 'discrete-gaussian' },
      { tail: 5 },
    ]
    const contexts = changes.map((change) => contextOf(change))
    contexts.push(contextOf({}, Uint8Array.from(seed).reverse()), contextOf({}, new Uint8Array(17)))
    expect(new Set(contexts).size).toBe(contexts.length)
  })

  test('differ for whole numbers, too', () => {
    const changes: Partial<IntegerPrivacySetting>[] = [
      {},
      { clients: 101 },
      { length: 11 },
      { l1Sensitivity: 2 },
      { l2Sensitivity: 1.5 },
      { minimumSum: -1 },
      { maximumSum: 101 },
      { bits: 20 },
      { noiseStandardDeviation: 5 },
      { samplingRate: 1 },
    ]
    const contexts = changes.map((change) => integerContextOf(change))
    expect(new Set(contexts).size).toBe(contexts.length)
  })

  test('are little-endian, in the order of the fields', () => {
    // Assembled from the numbers by another program.
    expect(contextOf({})).toBe(
      '7365636167672070726976616379020101640000003c000000c800000010f168e388b5f8e43e0100000000000000000000000000608bc160cb400000000000002440000000000000f03f00000000000010408f00c5445ded564010000102030405060708090a0b0c0d0e0f',
    )
    expect(integerContextOf({})).toBe(
      '7365636167672070726976616379010201640000003c0000000a00000008f168e388b5f8e43e010000000000000000000000000020111111d13f000000000000f03f000000000000f03f000000000000000000000000000059400000000000001040',
    )
  })

  test('need a valid seed', () => {
    expect(() => contextOf({}, new Uint8Array(8))).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    )
  })
})
