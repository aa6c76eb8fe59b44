import { PHASES } from 'secagg'
import { nobleCrypto } from 'secagg/crypto'
import { simulate } from 'secagg/simulate'
import { describe, expect, test } from 'vitest'
import { chooseDrops, inputOf, SeededRandom } from '../../src/simulate/simulated-clients.js'
import { toyCrypto } from '../support/toy-crypto.js'

describe('a simulated round', () => {
  test.each([
    { bits: 1 },
    { bits: 8, valueBits: 5 },
    { bits: 16 },
    { bits: 33 },
    { bits: 64 },
    { bits: 64, valueBits: 61 },
  ])('is exact for %j', async (widths) => {
    const result = await simulate({
      clients: 5,
      length: 33,
      ...widths,
      drops: [{ phase: 'masked-input', count: 2 }],
    })
    expect(result).toMatchObject({ survivors: 3, exact: true, threshold: 3 })
  })

  test('counts what one client sends and receives, beside the bytes of its values', async () => {
    const { expansion, phases } = await simulate({ clients: 4, length: 1000, bits: 20, valueBits: 16 })
    const bytes = phases.reduce((sum, { bytesUp, bytesDown }) => sum + bytesUp + bytesDown, 0)
    expect(expansion).toBeCloseTo(bytes / 2000, 6)
  })

  test('more than 255 clients share over GF(2^16)', async () => {
    const drops = [{ phase: 'masked-input', count: 20 }] as const
    // The toy provider, since it is the sharing that is real here.
    const result = await simulate({ clients: 260, length: 4, bits: 32, drops, crypto: toyCrypto(260) })
    expect(result).toMatchObject({ survivors: 240, exact: true })
  })

  test.each([{}, { sliceLength: 64 }])(
    'clients that choose their holders, and drop out after each message, with %j',
    async (slices) => {
      const drops = PHASES.map((phase) => ({ phase, count: 1 }))
      const given = { clients: 30, length: 100, bits: 20, drops, seed: 3, ...slices }
      const result = await simulate({ ...given, adversary: 'active', neighbors: 16, crypto: toyCrypto(30) })
      expect(result).toMatchObject({ survivors: 27, exact: true, neighbors: 16, threshold: 11 })
      expect(result.phases.map(({ name, sent }) => [name, sent])).toEqual([
        ['advertise-keys', 29],
        ['share-keys', 28],
        ['masked-input', 27],
        ['consistency-check', 26],
        ['unmasking', 25],
      ])
    },
  )

  test('runs on a provider of the caller and reports progress', async () => {
    const served: number[] = []
    const onProgress = (_: string, count: number): number => served.push(count)
    const result = await simulate({ clients: 3, length: 2, bits: 8, crypto: nobleCrypto(), onProgress })
    expect(result.exact).toBe(true)
    expect(served).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3])
  })

  test('stops at a signal', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(simulate({ clients: 3, length: 2, bits: 8, signal })).rejects.toThrow('enough')
  })
})

describe('the seed', () => {
  test('fixes who drops out, and clients of different drops are different ones', () => {
    const drops = [
      { phase: 'share-keys', count: 3 },
      { phase: 'unmasking', count: 4 },
    ] as const
    const chosen = chooseDrops(10, drops, 5)
    expect(chosen.size).toBe(7)
    expect([...chosen.values()].filter((phase) => phase === 'unmasking')).toHaveLength(4)
    expect(chooseDrops(10, drops, 5)).toEqual(chosen)
    expect(chooseDrops(10, drops, 6)).not.toEqual(chosen)
  })

  test('fixes the inputs, which fill their value bits and no more', () => {
    for (const [bits, valueBits] of [
      [8, 3],
      [32, 32],
      [32, 20],
      [64, 40],
    ] as const) {
      const [values] = inputOf(2, { length: 2000, bits }, valueBits, 9)
      expect(inputOf(2, { length: 2000, bits }, valueBits, 9)[0]).toEqual(values)
      expect(inputOf(3, { length: 2000, bits }, valueBits, 9)[0]).not.toEqual(values)
      const union = [...values!].reduce<bigint>((bitsSeen, value) => bitsSeen | BigInt(value), 0n)
      expect(union).toBe((1n << BigInt(valueBits)) - 1n)
    }
  })

  test('gives numbers below a limit without preference', () => {
    const random = new SeededRandom(3)
    const counts = new Array<number>(7).fill(0)
    for (let i = 0; i < 70_000; i++) counts[random.below(7)]!++
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  })
})
