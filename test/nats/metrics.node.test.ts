import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ClusterIngest, type ClusterUnmasker, natsIngest, natsUnmasker, runWorker } from 'secagg/nats'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { unmaskerOf } from '../../src/nats/nats-unmasker.js'
import { freePort, startNatsServer, type TestBroker } from '../support/nats-server.js'
import { configOf, playRound, type RunningCommand, startCommand, storeFor } from './commands.js'
import { createJob, expectSum, KEY } from './support.js'

const root = new URL('../../', import.meta.url)
let commands: readonly RunningCommand[] = []
let broker: TestBroker
let unmasker: ClusterUnmasker
let ingest: ClusterIngest
let coordinator: Server
let ports: { readonly coordinator: number; readonly worker: number; readonly ingest: number }

beforeAll(async () => {
  broker = await startNatsServer()
  const [worker, collector] = [await freePort(), await freePort()]
  commands = await Promise.all([
    startCommand(broker.servers, ['worker', '--threads', '0', '--metrics', String(worker)]),
    startCommand(broker.servers, ['ingest', '--listen', '0', '--metrics', String(collector)]),
  ])
  const connection = { servers: broker.servers }
  unmasker = await natsUnmasker({ connection, key: KEY, localBytes: 0, checkEvery: 50 })
  ingest = await natsIngest({ connection, key: KEY, unmasker, storeFor, pollTime: 50 })
  coordinator = createServer((_, response) => response.end(unmasker.metrics() + ingest.metrics()))
  await new Promise<void>((resolve) => coordinator.listen(0, '127.0.0.1', resolve))
  ports = { coordinator: (coordinator.address() as AddressInfo).port, worker, ingest: collector }
}, 60_000)

afterAll(async () => {
  coordinator.close()
  await ingest.close()
  await unmasker.close()
  for (const command of commands) command.kill()
  await broker.close()
})

interface Metric {
  readonly kind: string
  readonly help: string
}

interface Scrape {
  readonly metrics: ReadonlyMap<string, Metric>
  readonly values: ReadonlyMap<string, number>
}

/** Reads the text format of Prometheus, strictly: each metric has one line of help, its kind and one value. */
async function scrape(port: number): Promise<Scrape> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const entry = /# HELP (\w+) (.+)\n# TYPE \1 (counter|gauge)\n\1 (\d+(?:\.\d+)?)\n/g
  const entries = [...text.matchAll(entry)]
  expect(entries.map(([whole]) => whole).join('')).toBe(text)
  return {
    metrics: new Map(entries.map(([, name, help, kind]) => [name!, { kind: kind!, help: help! }])),
    values: new Map(entries.map(([, name, , , value]) => [name!, Number(value)])),
  }
}

/** The metrics that the documentation names, by process. */
function documented(process: string): ReadonlyMap<string, Metric> {
  const text = readFileSync(new URL('docs/monitoring.md', root), 'utf8')
  const section = text.split('\n#').find((part) => part.startsWith(`## The ${process}`)) ?? ''
  const rows = section.matchAll(/^\| `(\w+)` +\| (\w+) +\| (.+?) +\|$/gm)
  return new Map(Array.from(rows, ([, name, kind, help]) => [name!, { kind: kind!, help: help! }]))
}

test('every process serves the metrics that the documentation names, and no others', async () => {
  for (const process of ['coordinator', 'worker', 'ingest'] as const) {
    const { metrics } = await scrape(ports[process])
    expect(metrics.size).toBeGreaterThan(6)
    expect(documented(process)).toEqual(metrics)
    // What only grows is a counter, and says so.
    for (const [name, { kind }] of metrics)
      expect([name, kind === 'counter']).toEqual([name, /_total$/.test(name)])
  }
})

test('a round is counted in every process, and the queues are empty after it', async () => {
  expect(await playRound(configOf(1), ingest)).toEqual([new Uint32Array(3000).fill(25)])
  // The worker notices within a second that the job is over.
  await vi.waitFor(async () => {
    expect((await scrape(ports.worker)).values.get('secagg_worker_lag_seconds')).toBe(0)
  }, 10_000)
  const [server, worker, collector] = await Promise.all(
    [ports.coordinator, ports.worker, ports.ingest].map(async (port) => (await scrape(port)).values),
  )
  const tasks = server!.get('secagg_unmask_tasks_total')!
  expect(tasks).toBeGreaterThan(0)
  expect(server!.get('secagg_unmask_results_total')).toBe(tasks)
  expect(worker!.get('secagg_worker_tasks_total')).toBe(tasks)
  // 7 self-masks and 7 masks shared with the client that dropped out, of 3000 elements of 4 bytes; streams come in blocks of 64.
  expect(worker!.get('secagg_worker_mask_bytes_total')).toBe(14 * 12_032)
  expect(worker!.get('secagg_worker_task_seconds_total')).toBeGreaterThan(0)
  expect(worker!.get('secagg_worker_result_bytes_total')).toBe(
    server!.get('secagg_unmask_result_bytes_total'),
  )
  expect(collector!.get('secagg_ingest_vectors_total')).toBe(7)
  expect(collector!.get('secagg_ingest_received_bytes_total')).toBeGreaterThan(7 * 3000 * 4)
  expect(server!.get('secagg_collect_sealed_groups_total')).toBe(
    server!.get('secagg_collect_opened_groups_total'),
  )
  expect(server!.get('secagg_collect_received_bytes_total')).toBeGreaterThan(3000 * 4)
  expect(server!.get('secagg_collect_processes')).toBe(1)
  for (const [name, value] of [...server!, ...worker!, ...collector!]) {
    if (
      /queue_depth|lag_seconds|tasks_(open|at_workers)|redeliver|reissued|refused|fail|groups$/.test(name)
    ) {
      expect([name, value]).toEqual([name, 0])
    }
  }
})

test('while tasks wait for a worker, queue and lag show it on both sides', async () => {
  const [connection, key] = [{ servers: broker.servers }, new Uint8Array(32).fill(77)]
  const lonely = await natsUnmasker({ connection, key, localBytes: 0, checkEvery: 50, taskBytes: 2 ** 20 })
  const value = (text: string, name: string): number =>
    Number(new RegExp(`^secagg_${name} (\\S+)$`, 'm').exec(text)![1])
  try {
    const work = await createJob(100)
    const sum = expectSum(unmaskerOf(lonely)!.unmask(work.job), work)
    await vi.waitFor(() => {
      expect(value(lonely.metrics(), 'unmask_lag_seconds')).toBeGreaterThan(0.3)
      expect(value(lonely.metrics(), 'unmask_queue_depth')).toBeGreaterThan(1)
      expect(value(lonely.metrics(), 'unmask_tasks_open')).toBeGreaterThan(1)
    }, 10_000)
    const worker = await runWorker({ connection, key, threads: 0 })
    await vi.waitFor(
      () => {
        expect(value(worker.metrics(), 'worker_lag_seconds')).toBeGreaterThan(0.2)
        expect(value(worker.metrics(), 'worker_queue_depth')).toBeGreaterThan(0)
      },
      { timeout: 10_000, interval: 2 },
    )
    await sum
    await vi.waitFor(() => expect(value(worker.metrics(), 'worker_lag_seconds')).toBe(0), 10_000)
    expect(value(lonely.metrics(), 'unmask_lag_seconds')).toBe(0)
    expect(value(lonely.metrics(), 'unmask_queue_depth')).toBe(0)
    await worker.close()
  } finally {
    await lonely.close()
  }
})
