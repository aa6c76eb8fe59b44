/**
 * One round of a cluster on this machine, with scripted clients that send real bytes: a coordinator, ingest processes, workers and
 * a broker. Prints the time and the peak memory of each process. The coordinator saves its session and its result on disk, as in
 * production, and prints how long the writes took; with `--unsaved`, it does not. With `--alone`, one process is the whole server.
 *
 *     npm run bench:ingest -- [--clients N] [--length M] [--slice L] [--dropouts F] [--connections N] [--ingest N] [--workers N]
 *                             [--processes N] [--alone] [--unsaved] [--out FILE]
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { freePort, startNatsServer } from '../../test/support/nats-server.js'
import type { Shape } from './shape.js'

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '10000' },
    length: { type: 'string', default: '10000' },
    slice: { type: 'string' },
    dropouts: { type: 'string', default: '0.05' },
    connections: { type: 'string', default: '1000' },
    ingest: { type: 'string', default: '2' },
    workers: { type: 'string', default: '2' },
    processes: { type: 'string', default: '2' },
    alone: { type: 'boolean', default: false },
    unsaved: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
})
const shape: Shape = {
  clients: Number(values.clients),
  length: Number(values.length),
  sliceLength: values.slice === undefined ? undefined : Number(values.slice),
  dropouts: Number(values.dropouts),
  connections: Number(values.connections),
  isAlone: values.alone,
  isSaved: !values.unsaved,
}
const processes = Number(values.processes)
const env = { ...process.env, SECAGG_CLUSTER_KEY: randomBytes(32).toString('hex') }
const folder = mkdtempSync(join(tmpdir(), 'secagg-bench-'))
const running = new Map<string, ChildProcess>()

function start(name: string, args: readonly unknown[]): ChildProcess {
  const child = spawn(process.execPath, args.map(String), { env, stdio: ['ignore', 'pipe', 'inherit'] })
  running.set(name, child)
  child.once('exit', (code, signal) => code !== 0 && end(`${name} ended with ${code ?? signal}`))
  return child
}

const script = (name: string): readonly string[] => [
  ...process.execArgv,
  fileURLToPath(new URL(`${name}.ts`, import.meta.url)),
]
const firstLine = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve) => child.stdout!.once('data', resolve))

/** What a process took so far, as Linux counts it. */
function usageOf({
  pid,
}: ChildProcess): { readonly cpuSeconds: number; readonly peakMebibytes: number } | undefined {
  try {
    const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
      peakMebibytes: Math.round(Number(peak?.[1]) / 1024),
    }
  } catch {
    return undefined
  }
}

let end = (_: string): void => undefined
const failed = new Promise<never>((_, reject) => {
  end = (reason) => reject(new Error(reason))
})
failed.catch(() => undefined)

const broker = shape.isAlone ? undefined : await startNatsServer()
try {
  const servers = broker?.servers ?? ''
  const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
  const machines = shape.isAlone
    ? []
    : [
        ...Array.from({ length: Number(values.ingest) }, (_, index) =>
          start(`ingest ${index}`, [cli, 'ingest', '--nats', servers, '--listen', 0]),
        ),
        ...Array.from({ length: Number(values.workers) }, (_, index) =>
          start(`worker ${index}`, [cli, 'worker', '--nats', servers, '--threads', 1]),
        ),
      ]
  await Promise.race([Promise.all(machines.map(firstLine)), failed])
  const port = await freePort()
  const coordinator = start('coordinator', [
    ...script('coordinator'),
    JSON.stringify(shape),
    servers,
    port,
    folder,
  ])
  const lines = createInterface({ input: coordinator.stdout! })[Symbol.asyncIterator]()
  await Promise.race([lines.next(), failed])
  for (let index = 0; index < processes; index++) {
    const [from, to] = [index, index + 1].map((at) => Math.round((at * shape.clients) / processes))
    const width = Math.ceil(shape.connections / processes)
    start(`clients ${index}`, [...script('clients'), JSON.stringify(shape), port, from, to, width])
  }
  // The processes of clients end before the others.
  const last = new Map<string, ReturnType<typeof usageOf>>()
  const look = (): void => {
    for (const [name, child] of running) last.set(name, usageOf(child) ?? last.get(name))
  }
  const looking = setInterval(look, 500)
  const { value } = (await Promise.race([lines.next(), failed])) as { value: string }
  clearInterval(looking)
  look()
  const own = JSON.parse(value)
  const result = {
    ...shape,
    cpu: cpus()[0]?.model,
    ...own,
    coordinatorMsPerClient: Math.round((1e6 * own.cpuSeconds) / shape.clients) / 1000,
    processes: Object.fromEntries(last),
  }
  const text = `${JSON.stringify(result, undefined, 2)}\n`
  process.stdout.write(text)
  if (values.out !== undefined) appendFileSync(values.out, text)
} catch (error) {
  if (values.out !== undefined) appendFileSync(values.out, `${error}\n`)
  throw error
} finally {
  end = () => undefined
  for (const child of running.values()) child.kill('SIGKILL')
  await broker?.close()
  rmSync(folder, { recursive: true, force: true })
}
process.exit()
