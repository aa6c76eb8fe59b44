import { describe, expect, it } from 'vitest'
import {
  CONSISTENCY_BYTES,
  consistencyCheck,
  digestColumns,
  digestFactorsLength,
  interpolation,
  shareDigest,
} from '../../src/shamir/combine.js'
import { errorLocator } from '../../src/shamir/correct-shares.js'
import { fieldFor, logarithms } from '../../src/shamir/field.js'
import { flipped, seatsBelow } from '../attacks/support.js'
import { named, randomOf, seeded } from '../support/seeded.js'
import { toySplitter } from '../support/toy-crypto.js'
import { slowProduct } from './reference.js'

const SHAPES = [
  { holders: 9, threshold: 4 },
  { holders: 40, threshold: 21 },
  { holders: 260, threshold: 200 },
]

describe.each(SHAPES)('$threshold of $holders', ({ holders, threshold }) => {
  const field = fieldFor(holders)
  const coordinates = seatsBelow(holders).map((index) => index + 1)

  it('the sums of the words of several owners’ shares show which holders have a wrong share of any owner', async () => {
    await seeded(900 + holders, async (random) => {
      const wrong = random.shuffle(seatsBelow(holders)).slice(0, (holders - threshold) >> 1)
      const sum = new Uint16Array(holders)
      for (let owner = 0; owner < 5; owner++) {
        const shares = await toySplitter(owner)(random.bytes(16), threshold, holders)
        const word = shareDigest(field, random.bytes(digestFactorsLength(field, 16)))
        for (const [holder, share] of shares.entries()) {
          // Each wrong holder has one wrong bit, in the share of one owner.
          const lies = wrong.indexOf(holder) % 5 === owner
          sum[holder]! ^= word(lies ? flipped(share, random.below(16), random.below(8)) : share)
        }
      }
      const found = errorLocator(field, coordinates).locate(digestColumns(field, sum), threshold)
      expect(found).toEqual(wrong.sort((a, b) => a - b))
    })
  })

  it('the words of right shares lie on a polynomial too, for any factors', async () => {
    await seeded(910 + holders, async (random) => {
      for (const length of [16, 32]) {
        const shares = await toySplitter(3)(random.bytes(length), threshold, holders)
        const word = shareDigest(field, random.bytes(digestFactorsLength(field, length)))
        const columns = digestColumns(field, Uint16Array.from(shares, word))
        expect(errorLocator(field, coordinates).locate(columns, threshold)).toEqual([])
      }
    })
  })

  it('the other shares are consistent with the chosen ones if all are right, and not if one bit is changed', async () => {
    await seeded(920 + holders, async (random) => {
      const shares = await toySplitter(5)(random.bytes(32), threshold, holders)
      const indices = random.shuffle(seatsBelow(holders))
      const [chosen, others] = [indices.slice(0, threshold), indices.slice(threshold)]
      const at = (wanted: readonly number[]) => wanted.map((index) => coordinates[index]!)
      const random_ = random.bytes(CONSISTENCY_BYTES * others.length)
      const fits = consistencyCheck(field, interpolation(field, at(chosen)), at(others), random_)
      const taken = chosen.map((index) => shares[index]!)
      const rest = others.map((index) => shares[index]!)
      expect(fits(taken, rest)).toBe(true)
      for (let i = 0; i < 20; i++) {
        const [index, byte, bit] = [random.below(others.length), random.below(32), random.below(8)]
        await named(`share ${index}, byte ${byte}, bit ${bit}`, () => {
          expect(fits(taken, rest.with(index, flipped(rest[index]!, byte, bit)))).toBe(false)
        })
      }
      expect(fits(taken.with(0, flipped(taken[0]!)), rest)).toBe(false)
    })
  })
})

it('an empty list of other shares is consistent', () => {
  const through = interpolation(fieldFor(4), [1, 2])
  const fits = consistencyCheck(fieldFor(4), through, [], new Uint8Array(0))
  expect(fits([new Uint8Array(16).fill(1), new Uint8Array(16).fill(2)], [])).toBe(true)
})

it.each([9, 260])(
  'the logarithm of a product is the sum of the logarithms, in the field for %i holders',
  (holders) => {
    const field = fieldFor(holders)
    const { log, exp, order } = logarithms(field)
    expect(order).toBe(2 ** field.bits - 1)
    expect(new Set(exp.subarray(0, order)).size).toBe(order)
    expect(exp.subarray(order)).toEqual(exp.subarray(0, order))
    const random = randomOf(holders)
    for (let i = 0; i < 500; i++) {
      const [a, b] = [1 + random.below(order), 1 + random.below(order)]
      expect(exp[log[a]! + log[b]!]).toBe(slowProduct(field, a, b))
    }
  },
)
