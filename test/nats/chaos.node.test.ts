import { expect, test } from 'vitest'
import { runChaos } from './chaos/chaos.js'

// With this seed, the broker and an ingest process are killed while vectors are collected, a worker while masks are removed,
// and the coordinator between the sum and its storage.
test('processes of a cluster are killed: every round has the exact sum or an error, and leaves nothing', async () => {
  const { exact, failed, kills } = await runChaos(2, 42_973)
  expect(exact + Object.values(failed).reduce((sum, count) => sum + count, 0)).toBe(2)
  const once = { 'worker 0': 0, 'worker 1': 1, 'ingest 0': 1, 'ingest 1': 1, coordinator: 1, broker: 1 }
  expect(kills).toEqual(once)
}, 300_000)
