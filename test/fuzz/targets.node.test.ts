import { hexToBytes } from '@noble/hashes/utils.js'
import { describe, expect, it, test } from 'vitest'
import { bytesToHex } from '../../src/crypto/bytes.js'
import { named, seeded } from '../support/seeded.js'
import { mutated } from './engine/mutate.js'
import { REGRESSIONS } from './regressions.js'
import type { FuzzTarget } from './target.js'
import { TARGETS } from './targets/index.js'

/** For each target, so that the whole takes seconds. */
const MUTATIONS = 300
const MOST_SEEDS = 400

async function seedsOf(target: FuzzTarget): Promise<Uint8Array[]> {
  const seeds = [...(await target.seeds())]
  const every = Math.ceil(seeds.length / MOST_SEEDS)
  return seeds.filter((_, index) => index % every === 0)
}

async function run(target: FuzzTarget, data: Uint8Array): Promise<void> {
  await named(`${target.name}, input ${bytesToHex(data)}`, () => target.run(data))
}

describe.each(TARGETS.map((target) => [target.name, target] as const))('%s', (_name, target) => {
  it('holds to the invariant on its seeds', async () => {
    const seeds = await seedsOf(target)
    expect(seeds.length).toBeGreaterThan(5)
    for (const seed of seeds) {
      expect(seed.length).toBeLessThanOrEqual(target.maximumLength)
      await run(target, seed)
    }
  })

  it('holds to the invariant on spoiled seeds', async () => {
    const seeds = await seedsOf(target)
    await seeded(901, async (random) => {
      for (let i = 0; i < MUTATIONS; i++) {
        const data = mutated(random.pick(seeds), random.pick(seeds), target.maximumLength, random)
        expect(data.length).toBeLessThanOrEqual(target.maximumLength)
        await run(target, data)
      }
    })
  })
})

test.each(REGRESSIONS)('no more: $what ($target)', async ({ target: name, input }) => {
  await run(TARGETS.find((target) => target.name === name)!, hexToBytes(input))
})
