import { expect, test } from 'vitest'
import { runChaos } from './chaos/chaos.js'

test('workers, coordinator and broker are killed: every round has the exact sum or an error, and leaves nothing', async () => {
  const { exact, failed, kills } = await runChaos(2, 7)
  expect(exact + Object.values(failed).reduce((sum, count) => sum + count, 0)).toBe(2)
  expect(Object.values(kills).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(1)
}, 300_000)
