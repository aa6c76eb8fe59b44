import { readFileSync } from 'node:fs'
import { planRound } from 'secagg/federated'
import { createStatistics } from 'secagg/statistics'
import { expect, test } from 'vitest'
import { task } from './support.js'

test('plans and statistics name the version of the package', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  expect(planRound(task).version).toBe(manifest.version)
  expect(createStatistics({ yes: { kind: 'count' } }, { clients: 3 }).version).toBe(manifest.version)
})
