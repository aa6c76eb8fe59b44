import { defaultCrypto } from 'secagg'
import { combine, split as splitWithPackage } from 'shamir-secret-sharing'
import { describe, expect, it } from 'vitest'
import { interpolation } from '../../src/shamir/combine.js'
import { fieldFor, GF256 } from '../../src/shamir/field.js'
import { type SecretSplitter, secretSplitter } from '../../src/shamir/split.js'
import { named, type Random, seeded } from '../support/seeded.js'
import { toyCrypto, toySplitter } from '../support/toy-crypto.js'
import { elementsOf, slowInterpolation } from './reference.js'

const SPLITTERS: readonly { name: string; split: SecretSplitter }[] = [
  { name: 'the library’s splitter', split: secretSplitter(await defaultCrypto()) },
  { name: 'the toy splitter of the tests', split: toySplitter(70) },
]

/** The secret from the shares at the given indices. */
function recover(shares: readonly Uint8Array[], chosen: readonly number[]): Uint8Array {
  const coordinates = chosen.map((index) => index + 1)
  return interpolation(fieldFor(shares.length), coordinates).secret(chosen.map((index) => shares[index]!))
}

function anyOf(random: Random, holders: number, count: number): number[] {
  return random.shuffle(Array.from({ length: holders }, (_, index) => index)).slice(0, count)
}

describe.each(SPLITTERS)('with $name', ({ split }) => {
  it.each([2, 3, 4, 5, 17, 254, 255, 256, 257, 300])(
    'any t of %i holders recover the secret',
    async (holders) => {
      await seeded(710 + holders, async (random) => {
        for (const threshold of new Set([2, holders, 2 + random.below(holders - 1)])) {
          await named(`t = ${threshold}`, async () => {
            const secret = random.bytes(threshold === holders ? 16 : 32)
            const shares = await split(secret, threshold, holders)
            expect(shares.map((share) => share.length)).toEqual(new Array(holders).fill(secret.length))
            for (let i = 0; i < 3; i++) {
              expect(recover(shares, anyOf(random, holders, threshold))).toEqual(secret)
            }
            // More than t shares give the same secret.
            expect(recover(shares, anyOf(random, holders, Math.min(holders, threshold + 1)))).toEqual(secret)
          })
        }
      })
    },
  )

  it('t − 1 shares do not give the secret', async () => {
    await seeded(720, async (random) => {
      for (const [threshold, holders] of [
        [3, 5],
        [4, 256],
        [17, 30],
      ] as const) {
        const secret = random.bytes(16)
        const shares = await split(secret, threshold, holders)
        expect(recover(shares, anyOf(random, holders, threshold - 1))).not.toEqual(secret)
      }
    })
  })

  it.each([6, 256])(
    'share i has the coordinate i + 1, as a simple interpolation confirms (%i holders)',
    async (holders) => {
      await seeded(730, async (random) => {
        const secret = random.bytes(4)
        const field = fieldFor(holders)
        const shares = await split(secret, 3, holders)
        const chosen = anyOf(random, holders, 3)
        const recovered = elementsOf(field, secret).map((_, element) =>
          slowInterpolation(
            field,
            chosen.map((index) => ({ x: index + 1, y: elementsOf(field, shares[index]!)[element]! })),
          ),
        )
        expect(recovered).toEqual(elementsOf(field, secret))
      })
    },
  )

  it('every 3 of 5 holders recover the secret, and no 2 do', async () => {
    const secret = Uint8Array.from({ length: 32 }, (_, index) => index * 7)
    const shares = await split(secret, 3, 5)
    for (let set = 0; set < 32; set++) {
      const chosen = [0, 1, 2, 3, 4].filter((index) => (set >>> index) & 1)
      if (chosen.length === 3) expect(recover(shares, chosen), `${chosen}`).toEqual(secret)
      if (chosen.length === 2) expect(recover(shares, chosen), `${chosen}`).not.toEqual(secret)
    }
  })

  it('the package combines the shares if their coordinates are appended', async () => {
    await seeded(740, async (random) => {
      for (const [threshold, holders] of [
        [2, 2],
        [2, 9],
        [67, 100],
        [3, 255],
      ] as const) {
        const secret = random.bytes(32)
        const shares = await split(secret, threshold, holders)
        const labeled = anyOf(random, holders, threshold).map((i) => Uint8Array.of(...shares[i]!, i + 1))
        expect(await combine(labeled)).toEqual(secret)
      }
    })
  })

  it('does not change the secret, which can be a view of a larger array', async () => {
    const buffer = Uint8Array.from({ length: 40 }, (_, index) => index)
    const before = buffer.slice()
    for (const holders of [3, 256]) {
      const shares = await split(buffer.subarray(3, 35), 2, holders)
      expect(buffer).toEqual(before)
      expect(recover(shares, [0, holders - 1])).toEqual(before.slice(3, 35))
    }
  })
})

it('shares made by the package are combined, with the coordinates that it drew', async () => {
  await seeded(750, async (random) => {
    for (const [threshold, holders] of [
      [2, 2],
      [5, 9],
      [67, 100],
      [255, 255],
    ] as const) {
      const secret = random.bytes(16)
      const labeled = random.shuffle(await splitWithPackage(secret, holders, threshold)).slice(0, threshold)
      const coordinates = labeled.map((share) => share[16]!)
      const shares = labeled.map((share) => share.slice(0, 16))
      expect(interpolation(GF256, coordinates).secret(shares)).toEqual(secret)
    }
  })
})

it('one interpolation recovers the secrets of many owners', async () => {
  await seeded(760, async (random) => {
    const secrets = Array.from({ length: 40 }, (_, owner) => random.bytes(owner % 2 === 0 ? 32 : 16))
    const rows = await Promise.all(
      secrets.map(async (secret) => {
        const shares = await secretSplitter(toyCrypto(1))(secret, 3, 300)
        return [shares[4]!, shares[299]!, shares[0]!]
      }),
    )
    const through = interpolation(fieldFor(300), [5, 300, 1])
    expect(rows.map((row) => through.secret(row))).toEqual(secrets)
  })
})

describe('arguments with which secrets cannot be shared or recovered', () => {
  const split = secretSplitter(toyCrypto(2))
  const secret = new Uint8Array(16)

  it.each([
    ['a threshold of one', secret, 1, 5],
    ['a threshold of none', secret, 0, 5],
    ['a threshold above the holders', secret, 6, 5],
    ['half a threshold', secret, 2.5, 5],
    ['half a holder', secret, 2, 5.5],
    ['more holders than a field has coordinates', secret, 2, 65536],
    ['no numbers', secret, Number.NaN, Number.NaN],
    ['an empty secret', new Uint8Array(0), 2, 5],
    ['a secret of an odd number of bytes', new Uint8Array(15), 2, 5],
  ])('%s is a usage error', async (_what, bytes, threshold, holders) => {
    await expect(split(bytes, threshold, holders)).rejects.toMatchObject({
      name: 'SecAggError',
      code: 'invalid-argument',
      fault: 'usage',
    })
  })

  const share = new Uint8Array(16)
  it.each([
    ['no shares at all', [], []],
    ['a coordinate of zero', [0, 1], [share, share]],
    ['a coordinate twice', [1, 1], [share, share]],
    ['a coordinate beyond the field', [1, 256], [share, share]],
    ['a coordinate between two', [1, 1.5], [share, share]],
    ['a share too few', [1, 2], [share]],
    ['a share too many', [1, 2], [share, share, share]],
    ['shares of different lengths', [1, 2], [share, share.slice(1)]],
    ['empty shares', [1, 2], [new Uint8Array(0), new Uint8Array(0)]],
  ])('%s is refused', (_what, coordinates, shares) => {
    expect(() => interpolation(GF256, coordinates).secret(shares)).toThrow(
      expect.objectContaining({ name: 'SecAggError', code: 'internal', fault: 'internal' }),
    )
  })

  it('half an element of GF(2^16) is refused', () => {
    const odd = new Uint8Array(15)
    expect(() => interpolation(fieldFor(300), [1, 2]).secret([odd, odd])).toThrow(/whole elements/)
  })
})
