import { defaultCrypto, type SuiteName } from 'secagg/crypto'
import { checkPlan, fastestSuite, openRound, planRound } from 'secagg/federated'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { task } from './support.js'

const occasion = { sessionId: new Uint8Array(16), context: {} }

describe('a task with the suite fastest', () => {
  test.each<[readonly SuiteName[], SuiteName]>([
    [['chacha', 'aes', 'chacha'], 'chacha'],
    [['aes', 'aes', 'chacha'], 'aes'],
    [['aes', 'chacha'], 'aes'],
    [['chacha'], 'chacha'],
    [[], 'aes'],
  ])('is planned with what most clients have measured: %j', (suites, expected) => {
    const plan = planRound({ ...task, suite: 'fastest', suites })
    expect(plan).toEqual(planRound({ ...task, suite: expected }))
    const received = JSON.parse(JSON.stringify(plan))
    const checked = checkPlan(received, { minimumCohort: 7, corruptFraction: 0.1 })
    expect(openRound(checked, occasion).config.suite).toBe(expected)
  })

  test.each([undefined, 'chacha', [1], ['fastest'], [undefined]])(
    'needs what clients have measured, not %j',
    (suites) => {
      const wrong = { ...task, suite: 'fastest', suites } as typeof task
      expect(() => planRound(wrong)).toThrow(expect.objectContaining({ code: 'invalid-configuration' }))
    },
  )

  test('is the only one that may have it', () => {
    const wrong = { ...task, suite: 'aes', suites: ['aes'] } as typeof task
    expect(() => planRound(wrong)).toThrow(expect.objectContaining({ code: 'invalid-configuration' }))
  })
})

describe('the fastest suite', () => {
  beforeEach(() => {
    vi.resetModules()
  })
  afterEach(() => {
    vi.restoreAllMocks()
    vi.doUnmock('../../src/vector/mask.js')
  })

  /** What a page measures in which a mask takes this long. */
  async function measuredWhere(milliseconds: { readonly [suite in SuiteName]: number }): Promise<SuiteName> {
    let now = 0
    vi.spyOn(performance, 'now').mockImplementation(() => now)
    const { aes } = (await defaultCrypto()).suites
    vi.doMock('../../src/vector/mask.js', () => ({
      executeMaskPlan: async (...[, , , suite]: unknown[]) => {
        now += milliseconds[(suite as typeof aes)?.keyLength === 16 ? 'aes' : 'chacha']
      },
    }))
    const fresh = await import('../../src/federated/fastest-suite.js')
    const answer = await fresh.fastestSuite()
    const before = now
    expect(await fresh.fastestSuite()).toBe(answer)
    expect(now).toBe(before)
    return answer
  }

  test.each([
    [{ aes: 2, chacha: 0.7 }, 'chacha'],
    [{ aes: 0.2, chacha: 0.4 }, 'aes'],
    [{ aes: 1, chacha: 0.95 }, 'aes'],
    [{ aes: 900, chacha: 400 }, 'chacha'],
    [{ aes: 0, chacha: 0 }, 'aes'],
  ] as const)('where a mask takes %j ms is %s', async (milliseconds, expected) => {
    expect(await measuredWhere(milliseconds)).toBe(expected)
  })

  test('is measured on this platform', async () => {
    expect(['aes', 'chacha']).toContain(await fastestSuite())
  })
})
