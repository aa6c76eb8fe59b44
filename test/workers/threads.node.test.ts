import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'
import { executeMaskPlan } from 'secagg/vector'
import { createMaskPool } from 'secagg/workers'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { chacha, difference, filled, MIXED, planOf } from './support.js'

const source = fileURLToPath(new URL('../../src/', import.meta.url))
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secagg-workers-'))
  const bundle = { bundle: true, format: 'esm', target: 'es2022', platform: 'neutral' } as const
  const program = `
    import { nodeCrypto } from './crypto/index.ts'
    import { createVector, executeMaskPlan } from './vector/index.ts'
    import { createMaskPool } from './workers/index.ts'
    const pool = await createMaskPool({ workers: 2 })
    const { suites } = nodeCrypto()
    const segments = [{ length: 400_001, bits: 20 }]
    const results = {}
    for (const [name, suite] of Object.entries(suites)) {
      const plan = Array.from({ length: 20 }, (_, term) => ({ seed: new Uint8Array(suite.keyLength).fill(term), sign: 1 }))
      const [here, there] = [createVector(segments), createVector(segments)]
      await executeMaskPlan(here, segments, plan, suite)
      await pool.execute(there, segments, plan, suite)
      results[name] = here[0].some((lane) => lane !== 0) && here[0].every((lane, index) => lane === there[0][index])
    }
    console.log(JSON.stringify({ threads: pool.threads, failure: String(pool.failure), ...results }))
  `
  // Like the output of a bundler: the program in one file, and the worker next to it.
  await build({
    ...bundle,
    stdin: { contents: program, resolveDir: source },
    outfile: join(folder, 'program.mjs'),
  })
  await build({
    ...bundle,
    entryPoints: [join(source, 'workers/worker.ts')],
    outfile: join(folder, 'worker.js'),
  })
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
})
afterAll(() => rm(folder, { recursive: true }))

async function run(): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'program.mjs')], {
    timeout: 30_000,
  })
  return JSON.parse(stdout)
}

test('a program finds the worker file next to it, and ends with the pool still open', async () => {
  expect(await run()).toEqual({ threads: 2, failure: 'undefined', aes: true, chacha: true })
})

test('without the worker file it runs on one thread', async () => {
  await rm(join(folder, 'worker.js'))
  expect(await run()).toEqual({
    threads: 0,
    failure: expect.stringMatching(
      /^SecAggError: a worker of a mask pool could not be started: Cannot find module '.*worker.js' \(if a bundler .* option spawn\)$/,
    ),
    aes: true,
    chacha: true,
  })
})

test.each([
  ['is terminated', (worker: Worker) => worker.terminate()],
  ['exits', (worker: Worker) => worker.postMessage('exit')],
  ['throws', (worker: Worker) => worker.postMessage('throw')],
])('a thread that %s midway is replaced by the calling thread', async (_, kill) => {
  const script = `${inject('workerScript')};
    require('node:worker_threads').parentPort.on('message', (message) => {
      if (message === 'exit') process.exit(0)
      if (message === 'throw') throw new RangeError('out of something')
    })`
  const workers: Worker[] = []
  const pool = await createMaskPool({
    workers: 2,
    spawn: () => {
      const worker = new Worker(script, { eval: true })
      workers.push(worker)
      return worker
    },
  })
  const plan = planOf(100, chacha)
  const target = filled(MIXED)
  const expected = filled(MIXED)
  await executeMaskPlan(expected, MIXED, plan, chacha)
  let isKilled = false
  await pool.execute(target, MIXED, plan, chacha, {
    onProgress: () => {
      if (!isKilled) kill(workers[0]!)
      isKilled = true
    },
  })
  expect(difference(target, expected)).toBeUndefined()
  await expect.poll(() => pool.threads).toBe(1)
  expect(pool.failure).toMatchObject({ code: 'crypto-failure' })
  await pool.close()
})
