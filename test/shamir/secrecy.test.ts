import { describe, expect, it } from 'vitest'
import { GF256, multiply } from '../../src/shamir/field.js'
import { type SecretSplitter, secretSplitter } from '../../src/shamir/split.js'
import { toyCrypto, toySplitter } from '../support/toy-crypto.js'

/** Each element of a long secret is shared separately, so one split of a long secret is as good as many splits. */
const SAMPLES = 32_768

/** Chi-square limit for 256 equally likely values, 255 degrees of freedom: exceeded by chance once in about 10^10 times. */
const CHI_SQUARE_LIMIT = 420

function chiSquare(values: Uint8Array): number {
  const counts = new Array<number>(256).fill(0)
  for (const value of values) counts[value]!++
  const expected = values.length / 256
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}

const SPLITTERS: readonly { name: string; holders: number; split: SecretSplitter }[] = [
  { name: 'GF(2^8)', holders: 3, split: secretSplitter(toyCrypto(5)) },
  { name: 'GF(2^16)', holders: 256, split: secretSplitter(toyCrypto(3)) },
  { name: 'the toy splitter', holders: 3, split: toySplitter(3) },
]

describe.each(SPLITTERS)('t − 1 shares reveal nothing about the secret: $name', ({ holders, split }) => {
  it.each([0x00, 0x01, 0xff])(
    'one share is uniform if t = 2 and all bytes of the secret are %i',
    async (byte) => {
      const shares = await split(new Uint8Array(SAMPLES).fill(byte), 2, holders)
      for (const share of [shares[0]!, shares[1]!, shares[holders - 1]!]) {
        expect(chiSquare(share)).toBeLessThan(CHI_SQUARE_LIMIT)
      }
      // The sum of two shares is uniform as well. The secret itself is not, so the test can tell the difference.
      const weighted = shares[0]!.map((value, i) => value ^ shares[1]![i]!)
      if (holders === 3) expect(chiSquare(weighted)).toBeLessThan(CHI_SQUARE_LIMIT)
      expect(chiSquare(new Uint8Array(SAMPLES).fill(byte))).toBeGreaterThan(CHI_SQUARE_LIMIT)
    },
  )

  it.each([0x00, 0xa5])(
    'pairs of shares are uniform if t = 3 and all bytes of the secret are %i',
    async (byte) => {
      const [one, other] = await split(new Uint8Array(SAMPLES).fill(byte), 3, holders)
      // Four bits of each share give 256 pairs.
      expect(chiSquare(one!.map((value, i) => (value & 0xf0) | (other![i]! & 0x0f)))).toBeLessThan(
        CHI_SQUARE_LIMIT,
      )
      expect(chiSquare(one!.map((value, i) => value ^ other![i]!))).toBeLessThan(CHI_SQUARE_LIMIT)
    },
  )
})

it('if t = 2, exactly one polynomial goes through any share and any secret (exhaustive)', () => {
  for (let coordinate = 1; coordinate < 256; coordinate++) {
    const secrets = new Set<number>()
    for (let coefficient = 0; coefficient < 256; coefficient++) {
      // The share is 0x53. The secret is the share minus coefficient · x.
      secrets.add(0x53 ^ multiply(GF256, coefficient, coordinate))
    }
    expect(secrets.size, `coordinate ${coordinate}`).toBe(256)
  }
})
