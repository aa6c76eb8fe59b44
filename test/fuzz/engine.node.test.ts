import { expect, it } from 'vitest'
import { randomOf } from '../support/seeded.js'
import { Coverage } from './engine/coverage.js'
import { CurrentInput } from './engine/current.js'
import { type CampaignResult, fuzz } from './engine/fuzz.js'
import { COUNTERS, instrument } from './engine/instrument.js'
import { mutated } from './engine/mutate.js'
import type { FuzzTarget } from './target.js'

/** Fails only behind five bytes, each of which has to be right: hopeless without coverage. */
const DECODER = `
export function decode(data: Uint8Array): string {
  if (data.length < 5) return 'short'
  if (data[0] !== 0x53) return 'no S'
  const isE = data[1] === 0x45 ? data[2] === 0x43 : false
  for (const _ of [1, 2]) if (isE && data[3] === 0x41) while (data[4] === 0x47) throw new TypeError('found')
  return 'decoded'
}
`

async function campaign(guided: boolean): Promise<{ result: CampaignResult; kept: Uint8Array[] }> {
  const { code, counters } = instrument(DECODER, 0)
  const coverage = new Coverage(counters)
  Object.assign(globalThis, { [COUNTERS]: coverage.counters })
  const { decode } = await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(code)}`)
  const target: FuzzTarget = {
    name: 'decoder',
    sync: true,
    weight: 1,
    maximumLength: 16,
    seeds: () => [new Uint8Array(6)],
    run: (data) => {
      decode(data)
      // The seed has to reach something all the same.
      if (!guided) coverage.counters.fill(0).fill(1, 0, 1)
    },
  }
  const kept: Uint8Array[] = []
  const result = await fuzz(target, {
    seed: 7,
    inputs: 100_000,
    milliseconds: Number.POSITIVE_INFINITY,
    kept: [],
    current: CurrentInput.ofLength(32),
    coverage,
    keep: (data) => kept.push(data),
  })
  return { result, kept }
}

it('finds what only coverage leads to, and says the shortest input', async () => {
  const { result, kept } = await campaign(true)
  expect(result.finding?.error).toContain('TypeError: found')
  expect(result.finding?.data).toEqual(new TextEncoder().encode('SECAG'))
  expect(kept.length).toBeGreaterThan(4)
  expect(result.reached.length).toBeGreaterThan(6)
})

it('finds nothing in as many inputs where it does not see what they reach', async () => {
  const { result } = await campaign(false)
  expect(result).toMatchObject({ inputs: 100_000, corpus: 1 })
  expect(result.finding).toBeUndefined()
})

it('instrumented code does what it did', () => {
  const { code, counters } = instrument('export const f = (a, b) => (a ? b ?? 1 : b && 2)', 3)
  expect(counters).toBe(5)
  expect(code).toContain('globalThis.fuzzCounters[3]++')
  expect(code).not.toContain('fuzzCounters[8]')
})

it('mutations neither change what they are given nor go beyond the longest input', () => {
  const random = randomOf(8)
  const [one, other] = [random.bytes(20), random.bytes(30)]
  const copies = [one.slice(), other.slice()]
  const lengths = new Set<number>()
  for (let i = 0; i < 2000; i++) {
    const data = mutated(one, other, 40, random)
    expect(data.length).toBeLessThanOrEqual(40)
    lengths.add(data.length)
  }
  expect([one, other]).toEqual(copies)
  expect(lengths.size).toBeGreaterThan(30)
})
