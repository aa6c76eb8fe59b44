/**
 * A broker, a coordinator, ingest processes, workers and clients on this machine.
 *
 *     npm run cluster -- [--clients N] [--processes N] [--length M] [--rounds N] [--workers N] [--ingest N] [--port P]
 *
 * While it runs, each process serves metrics: the coordinator at http://127.0.0.1:PORT/metrics, the workers at the ports after
 * that one, the ingest processes at the ports after PORT + 50, and the broker, as JSON, at PORT + 100 with the path /jsz.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import type { Task } from './task.js'

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '100' },
    processes: { type: 'string', default: '' },
    length: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '3' },
    workers: { type: 'string', default: '2' },
    ingest: { type: 'string', default: '2' },
    port: { type: 'string', default: '8800' },
  },
})
const [clients, length, rounds, workers, ingests, port] = [
  values.clients,
  values.length,
  values.rounds,
  values.workers,
  values.ingest,
  values.port,
].map(Number) as [number, number, number, number, number, number]
const processes = Number(values.processes || clients)
const task: Task = { clients, length, rounds }
const run = randomBytes(16).toString('hex')
const brokerPort = port + 101
const servers = `127.0.0.1:${brokerPort}`
const folder = mkdtempSync(join(tmpdir(), 'secagg-cluster-'))
const env = { ...process.env, SECAGG_CLUSTER_KEY: randomBytes(32).toString('hex') }
const running: ChildProcess[] = []

function start(
  command: string,
  args: readonly unknown[],
  output: 'inherit' | 'ignore' = 'ignore',
): ChildProcess {
  const child = spawn(command, args.map(String), { env, stdio: ['ignore', output, 'inherit'] })
  running.push(child)
  return child
}

/** A program of this folder, started as this one was. */
function program(name: string, ...args: readonly unknown[]): ChildProcess {
  return start(process.execPath, [...process.execArgv, fileOf(name), ...args], 'inherit')
}

function fileOf(name: string): string {
  return fileURLToPath(new URL(`./${name}.ts`, import.meta.url))
}

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => child.once('exit', (code) => resolve(code)))

async function metricsAt(place: number, pattern: RegExp): Promise<string> {
  const text = await (await fetch(`http://127.0.0.1:${place}/metrics`)).text()
  return text
    .split('\n')
    .filter((line) => pattern.test(line))
    .join(', ')
}

try {
  const broker = [
    '-a',
    '127.0.0.1',
    '-p',
    brokerPort,
    '-m',
    port + 100,
    '--jetstream',
    '--store_dir',
    folder,
    '-l',
    join(folder, 'log'),
  ]
  start('nats-server', broker)
  for (let index = 1; index <= workers; index++) {
    program('worker', servers, port + index)
  }
  for (let index = 1; index <= ingests; index++) {
    program('ingest', servers, port + 50 + index)
  }
  await sleep(1000)
  const coordinator = program('coordinator', JSON.stringify(task), run, servers, port, folder)
  const over = ended(coordinator)
  // A hundred processes start quickly if each reads one file.
  const bundle = join(folder, 'clients.mjs')
  await build({
    entryPoints: [fileOf('clients')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
    },
    logLevel: 'error',
  })
  for (let index = 0; index < processes; index++) {
    const [from, to] = [index, index + 1].map((at) => Math.round((at * clients) / processes))
    start(process.execPath, [bundle, JSON.stringify(task), run, port, from, to], 'inherit')
  }
  let last = ''
  while (coordinator.exitCode === null && coordinator.signalCode === null) {
    last = await metricsAt(
      port,
      /^secagg_(coordinator_(rounds|dropouts)|unmask_(tasks|results|reissued))\S*_total \d/,
    ).catch(() => last)
    await Promise.race([over, sleep(250)])
  }
  console.log(`coordinator: ${last}`)
  for (let index = 1; index <= workers; index++) {
    const counted = await metricsAt(port + index, /_total \d/).catch(() => 'has ended')
    console.log(`worker ${index}: ${counted}`)
  }
  for (let index = 1; index <= ingests; index++) {
    const counted = await metricsAt(port + 50 + index, /_total \d/).catch(() => 'has ended')
    console.log(`ingest ${index}: ${counted}`)
  }
  process.exitCode = (await over) ?? 1
} finally {
  for (const child of running) child.kill()
  await Promise.all(
    running.filter((child) => child.exitCode === null && child.signalCode === null).map(ended),
  )
  rmSync(folder, { recursive: true, force: true })
}
