import { describe, expect, it } from 'vitest'
import { interpolation } from '../../src/shamir/combine.js'
import { columnsOf, errorLocator } from '../../src/shamir/correct-shares.js'
import { type Field, fieldFor } from '../../src/shamir/field.js'
import { named, type Random, seeded } from '../support/seeded.js'
import { toySplitter } from '../support/toy-crypto.js'

function locate(
  field: Field,
  coordinates: readonly number[],
  threshold: number,
  shares: readonly Uint8Array[],
): readonly number[] | undefined {
  return errorLocator(field, coordinates).locate(columnsOf(field, shares), threshold)
}

const ascending = (a: number, b: number): number => a - b

/** Shares of some holders. Some of the shares are wrong: in one bit, in one element, or everywhere. */
async function spoiled(random: Random, holders: number, threshold: number, answers: number, wrong: number) {
  const secret = random.bytes(32)
  const all = await toySplitter(random.word())(secret, threshold, holders)
  const seats = random
    .shuffle(all.map((_, index) => index))
    .slice(0, answers)
    .sort(ascending)
  const shares = seats.map((seat) => all[seat]!.slice())
  const chosen = random
    .shuffle(seats.map((_, index) => index))
    .slice(0, wrong)
    .sort(ascending)
  for (const index of chosen) {
    const share = shares[index]!
    const kind = random.below(3)
    if (kind === 0) share[random.below(32)]! ^= 1 << random.below(8)
    if (kind === 1) share.set(share.subarray(0, 2).map((byte) => byte ^ (1 + random.below(255))))
    if (kind === 2) share.set(share.map((byte) => byte ^ (1 + random.below(255))))
  }
  return { secret, coordinates: seats.map((seat) => seat + 1), shares, wrong: chosen }
}

describe.each([
  { holders: 5, threshold: 2 },
  { holders: 12, threshold: 5 },
  { holders: 100, threshold: 51 },
  { holders: 255, threshold: 40 },
  { holders: 300, threshold: 220 },
])('$threshold of $holders', ({ holders, threshold }) => {
  const field = fieldFor(holders)

  it('wrong shares are located at any position, up to half the number of shares beyond t', async () => {
    await seeded(800 + holders, async (random) => {
      for (let i = 0; i < 12; i++) {
        const answers = i === 0 ? holders : threshold + random.below(holders - threshold + 1)
        const most = Math.floor((answers - threshold) / 2)
        const count = i % 3 === 0 ? most : random.below(most + 1)
        await named(`${count} of ${answers}`, async () => {
          const { secret, coordinates, shares, wrong } = await spoiled(
            random,
            holders,
            threshold,
            answers,
            count,
          )
          const found = locate(field, coordinates, threshold, shares)
          expect(found).toEqual(wrong)
          const fitting = coordinates.map((_, index) => index).filter((index) => !found!.includes(index))
          const chosen = random.shuffle(fitting).slice(0, threshold)
          const through = interpolation(
            field,
            chosen.map((index) => coordinates[index]!),
          )
          const taken = chosen.map((index) => shares[index]!)
          expect(through.secret(taken)).toEqual(secret)
          // All other right shares lie on the same polynomial, and no wrong share does.
          for (const [index, share] of shares.entries()) {
            if (chosen.includes(index)) continue
            const fits = through
              .at(coordinates[index]!)(taken)
              .every((byte, at) => byte === share[at])
            expect(fits).toBe(!wrong.includes(index))
          }
        })
      }
    })
  })

  it('more wrong shares are never located within the bound', async () => {
    await seeded(820 + holders, async (random) => {
      for (let i = 0; i < 8; i++) {
        const answers = threshold + random.below(holders - threshold + 1)
        const least = Math.floor((answers - threshold) / 2) + 1
        const count = least + random.below(answers - least + 1)
        const { coordinates, shares, wrong } = await spoiled(random, holders, threshold, answers, count)
        const found = locate(field, coordinates, threshold, shares)
        // If anything is found, it is another code word within the bound, never the true one.
        if (found !== undefined) expect(2 * found.length).toBeLessThanOrEqual(answers - threshold)
        expect(found).not.toEqual(wrong)
      }
    })
  })
})

it('a few wrong shares are located even if they are wrong in different elements', async () => {
  await seeded(840, async (random) => {
    const { coordinates, shares } = await spoiled(random, 9, 3, 9, 0)
    for (const [index, at] of [
      [1, 0],
      [4, 31],
      [8, 7],
    ] as const) {
      shares[index]![at]! ^= 5
    }
    expect(locate(fieldFor(9), coordinates, 3, shares)).toEqual([1, 4, 8])
    shares[2]![3]! ^= 1
    expect(locate(fieldFor(9), coordinates, 3, shares)).toBeUndefined()
  })
})

it('any t shares are consistent', async () => {
  await seeded(850, (random) => {
    const shares = [random.bytes(16), random.bytes(16), random.bytes(16)]
    expect(locate(fieldFor(3), [1, 2, 3], 3, shares)).toEqual([])
  })
})
