import { expect, test } from 'vitest'
import { nobleCrypto } from '../../src/crypto/noble.js'
import * as vector from '../../src/vector/index.js'
import { unbundledRealm } from '../support/unbundled.js'

const api = { ...vector, nobleCrypto }

/**
 * Runs work that takes several turns of the event loop. Its source also runs in the other realm, so it must not refer to
 * anything outside.
 */
async function exercise({
  executeMaskPlan,
  expandMask,
  packVector,
  nobleCrypto,
}: typeof api): Promise<string> {
  const segments = [
    { length: 400_001, bits: 20 },
    { length: 90_000, bits: 64 },
  ]
  const suite = {
    keyLength: 16,
    keystream: (seed: Uint8Array, offset: number) => {
      let word = seed[0]! + offset / 4
      return {
        next: (length: number) =>
          new Uint8Array(
            Uint32Array.from({ length: length / 4 }, () => Math.imul(word++, 0x9e3779b1)).buffer,
          ),
      }
    },
  } as unknown as Parameters<typeof expandMask>[0]
  const seed = new Uint8Array(16).fill(5)
  const vector = await expandMask(suite, seed, segments)
  const plan = [1, 2, 3].map((tag) => ({ seed: new Uint8Array(16).fill(tag), sign: -1 as const }))
  await executeMaskPlan(vector, segments, plan, suite)
  const chacha = nobleCrypto().suites.chacha!
  await executeMaskPlan(vector, segments, [{ seed: new Uint8Array(32).fill(4), sign: 1 }], chacha)
  return packVector(vector, segments)
    .reduce((hash, byte) => Math.imul(hash ^ byte, 16777619), 1)
    .toString(16)
}

async function bareRealm(hasWebAssembly: boolean): Promise<string> {
  const globals = {}
  const { load, run } = unbundledRealm(globals, { hasWebAssembly })
  Object.assign(globals, { api: { ...load<typeof vector>('vector/index'), ...load('crypto/noble') } })
  return run(`(${exercise.toString()})(api)`) as Promise<string>
}

test('a realm with no timers, no process and no WebAssembly gives the same vectors', async () => {
  const expected = await exercise(api)
  expect(await bareRealm(false)).toBe(expected)
  expect(await bareRealm(true)).toBe(expected)
})
