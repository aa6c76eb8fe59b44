import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { findNatsServer, freePorts } from '../support/nats-server.js'

const root = fileURLToPath(new URL('../../', import.meta.url))

test('the example runs rounds on a cluster, and ends', async () => {
  const port = await freePorts(102)
  const options = ['--clients', '12', '--processes', '2', '--rounds', '2', '--port', String(port)]
  const args = ['--import', 'tsx', 'docs/examples/cluster/main.ts', ...options, '--length', '300000']
  const path = `${findNatsServer()!.replace(/\/[^/]*$/, '')}:${process.env.PATH}`
  const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, PATH: path } })
  let output = ''
  child.stdout.on('data', (text) => {
    output += text
  })
  child.stderr.on('data', (text) => {
    output += text
  })
  const code = await new Promise((resolve) => child.once('exit', resolve))
  expect(output).toMatch(/round 0: 11 survivors, exact.*\nround 1: 1[12] survivors, exact/)
  expect(output).toMatch(/worker 2: secagg_worker_tasks_total [1-9]/)
  expect(output).toMatch(/ingest 2: secagg_ingest_vectors_total [1-9]/)
  expect(code).toBe(0)
})
