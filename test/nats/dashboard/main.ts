/**
 * A real Prometheus scrapes a cluster on this machine while rounds run. Checks the configuration and the alerts, and that
 * every expression of the dashboard, and every metric that the documentation names, returns a series.
 *
 *     npm run check:dashboard
 *
 * Needs Prometheus and promtool, for example `sudo apt-get install prometheus`. Grafana itself does not run.
 */
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'
import { findNatsServer, freePort, freePorts } from '../../support/nats-server.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const compose = join(root, 'docs/examples/cluster/compose')
const read = (...path: readonly string[]): string => readFileSync(join(root, ...path), 'utf8')

/** Runs promtool, and ends with its text if it finds something. */
function promtool(...args: readonly string[]): void {
  try {
    execFileSync('promtool', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: string; stdout?: Buffer; stderr?: Buffer }
    const hint = code === 'ENOENT' ? 'sudo apt-get install prometheus' : ''
    process.stderr.write(`promtool ${args.join(' ')}: ${code ?? ''}\n${stdout}${stderr}${hint}\n`)
    process.exit(1)
  }
}

promtool('check', 'config', join(compose, 'prometheus.yaml'))

const port = await freePorts(102)
const place = await freePort()
const folder = mkdtempSync(join(tmpdir(), 'secagg-dashboard-'))
const config = parse(read('docs/examples/cluster/compose/prometheus.yaml')) as {
  global: { scrape_interval: string; evaluation_interval?: string }
  scrape_configs: { static_configs: { targets: string[] }[] }[]
}
/** The processes of the example on this machine, by their names in containers. */
const here: Readonly<Record<string, number>> = {
  'coordinator:8800': port,
  ...{ 'worker-1:9464': port + 1, 'worker-2:9464': port + 2 },
  ...{ 'ingest-1:9464': port + 51, 'ingest-2:9464': port + 52 },
}
config.global = { scrape_interval: '500ms', evaluation_interval: '1s' }
for (const { static_configs } of config.scrape_configs) {
  for (const entry of static_configs) entry.targets = entry.targets.map((name) => `127.0.0.1:${here[name]}`)
}
writeFileSync(join(folder, 'prometheus.yaml'), stringify(config))
cpSync(join(compose, 'alerts.yaml'), join(folder, 'alerts.yaml'))

const env = { ...process.env, PATH: `${process.env.PATH}:${findNatsServer()?.replace(/\/[^/]*$/, '')}` }
const example = ['docs/examples/cluster/main.ts', '--clients', '20', '--processes', '2', '--rounds', '1000']
const cluster = spawn(
  process.execPath,
  [...process.execArgv, ...example, '--length', '300000', '--port', String(port)],
  // Its processes end if they are asked to.
  { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'], detached: true },
)
const prometheus = spawn(
  'prometheus',
  [
    `--config.file=${join(folder, 'prometheus.yaml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${place}`,
    '--log.level=error',
  ],
  { stdio: 'inherit' },
)

interface Answer {
  readonly status: string
  readonly error?: string
  readonly data?: { readonly result: readonly { readonly value: readonly [number, string] }[] }
}

/** What Prometheus says to an expression: how many series have a number. */
async function seriesOf(expression: string): Promise<number> {
  const url = `http://127.0.0.1:${place}/api/v1/query?query=${encodeURIComponent(expression)}`
  const answer = (await (await fetch(url)).json()) as Answer
  if (answer.status !== 'success') throw new Error(`${expression}: ${answer.error}`)
  return answer.data!.result.filter(({ value }) => Number.isFinite(Number(value[1]))).length
}

const dashboard = JSON.parse(read('docs/examples/cluster/compose/dashboard.json')) as {
  readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[]
}
const queries = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
const named = ['docs/monitoring.md', 'docs/examples/cluster/compose/alerts.yaml'].flatMap(
  (file) => read(file).match(/\bsecagg_[a-z_]+[a-z]\b/g) ?? [],
)
const wanted = new Set([...queries, ...named])
const missing = new Set(wanted)
let rules: readonly { readonly name: string; readonly health: string; readonly lastError?: string }[] = []
const limit = Date.now() + 90_000
try {
  while (Date.now() < limit && (missing.size > 0 || rules.some(({ health }) => health === 'unknown'))) {
    await sleep(500)
    if (cluster.exitCode !== null || prometheus.exitCode !== null) throw new Error('a process has ended')
    try {
      for (const expression of missing) if ((await seriesOf(expression)) > 0) missing.delete(expression)
      const answer = await fetch(`http://127.0.0.1:${place}/api/v1/rules`)
      rules = ((await answer.json()) as { data: { groups: { rules: typeof rules }[] } }).data.groups.flatMap(
        (group) => group.rules,
      )
    } catch (error) {
      // It is being started.
      if (!(error instanceof TypeError)) throw error
    }
  }
  for (const expression of missing) process.stderr.write(`no series: ${expression}\n`)
  const bad = rules.filter(({ health }) => health !== 'ok')
  for (const { name, health, lastError } of bad) process.stderr.write(`${name}: ${health} ${lastError}\n`)
  if (missing.size > 0 || bad.length > 0 || rules.length === 0) process.exitCode = 1
  else {
    const metrics = wanted.size - new Set(queries).size
    process.stdout.write(
      `${queries.length} queries of the dashboard, ${metrics} more metrics and ${rules.length} alerts: all have series\n`,
    )
  }
} finally {
  for (const child of [cluster, prometheus]) {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    if (child.exitCode !== null || child.signalCode !== null) continue
    if (child === cluster) process.kill(-child.pid!, 'SIGTERM')
    else child.kill()
    await ended
  }
  rmSync(folder, { recursive: true, force: true })
}
