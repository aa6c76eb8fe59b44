import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { freePort, startNatsServer } from '../support/nats-server.js'

/*
 * There are no containers here. The compose file is read, and its services are started as processes of this machine: with the
 * commands and the environment of the file, but other addresses.
 */

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = join(root, 'docs/examples/cluster')
const read = (file: string): string => readFileSync(join(folder, file), 'utf8')

interface Service {
  readonly image: string
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly depends_on?: readonly string[]
  readonly volumes?: readonly string[]
}

interface Panel {
  readonly title: string
  readonly datasource: { readonly uid: string }
  readonly targets: readonly { readonly expr: string }[]
}

const compose = parse(read('compose.yaml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: object
}
const { services } = compose
const targets = (
  parse(read('compose/prometheus.yaml')) as {
    scrape_configs: { static_configs: { targets: string[] }[] }[]
  }
).scrape_configs.flatMap((job) => job.static_configs.flatMap((config) => config.targets))
const dashboard = JSON.parse(read('compose/dashboard.json')) as { readonly panels: readonly Panel[] }

test('the files of the compose file exist, and refer to each other', () => {
  expect(Object.keys(services)).toEqual([
    ...['nats', 'coordinator', 'ingest-1', 'ingest-2', 'worker-1', 'worker-2', 'clients'],
    ...['prometheus', 'grafana'],
  ])
  for (const [name, { image, build, volumes = [], depends_on = [] }] of Object.entries(services)) {
    expect(image).toMatch(/^secagg-cluster:example$|:v?[\d.]+$/)
    for (const other of depends_on) expect(Object.keys(services)).toContain(other)
    for (const volume of volumes) {
      const [source = ''] = volume.split(':')
      const isThere = source.startsWith('./') ? existsSync(join(folder, source)) : source in compose.volumes
      expect([name, source, isThere]).toEqual([name, source, true])
    }
    if (build === undefined) continue
    expect(existsSync(join(folder, build.context, build.dockerfile))).toBe(true)
  }
  // Clients do not have the key of the cluster.
  expect(Object.keys(services.clients!.environment!)).toEqual(['COORDINATOR', 'INGEST_HOSTS'])
  const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  expect(read('compose/entry.sh')).toContain(`exec node ${bin.secagg.slice(2)} "$@"`)
  const source = parse(read('compose/datasource.yaml')).datasources[0]
  expect(source.url).toBe('http://prometheus:9090')
  for (const { datasource } of dashboard.panels) expect(datasource.uid).toBe(source.uid)
})

test('the services of the compose file run rounds, and Prometheus finds every metric of the dashboard', async () => {
  const broker = await startNatsServer()
  const sums = mkdtempSync(join(tmpdir(), 'secagg-compose-'))
  const ports = new Map([['nats:4222', Promise.resolve(broker.servers.split(':')[1]!)]])
  const children: ChildProcess[] = []
  let output = ''

  /** The address at which a port of a service is here. */
  function here(service: string, port: string): Promise<string> {
    const place = `${service}:${port}`
    const known = ports.get(place) ?? freePort().then(String)
    ports.set(place, known)
    return known
  }

  async function local(service: string, text: string): Promise<string> {
    if (text.startsWith('{')) return JSON.stringify({ clients: 12, length: 300_000, rounds: 2 })
    if (text === '/sums') return sums
    if (text === '0.0.0.0') return '127.0.0.1'
    if (/^\$\{RUN\b/.test(text)) return 'run'
    if (text === '100') return '12'
    if (/^\d{4}$/.test(text)) return here(service === 'clients' ? 'coordinator' : service, text)
    const [, scheme = '', host = '', port] = /^(ws:\/\/)?([\w.-]+):(\d{4})$/.exec(text) ?? []
    if (port === undefined) return text
    return `${scheme}127.0.0.1:${await here(host === '0.0.0.0' ? service : host, port)}`
  }

  async function start(service: string): Promise<ChildProcess> {
    const { command = [], environment = {} } = services[service]!
    const [kind, ...args] = await Promise.all(command.map((text) => local(service, text)))
    const [file, rest] =
      kind === 'secagg' ? ['src/cli.ts', args] : [`docs/examples/cluster/${args[0]}.ts`, args.slice(1)]
    const isHost = (value: string): boolean => value.split(',').every((name) => name in services)
    const env = Object.fromEntries(
      Object.entries(environment).map(([name, value]) => {
        return [name, isHost(value) || value === '0.0.0.0' ? '127.0.0.1' : value]
      }),
    )
    if ('SECAGG_CLUSTER_KEY' in env) env.SECAGG_CLUSTER_KEY = '07'.repeat(32)
    const child = spawn(process.execPath, ['--import', 'tsx', file!, ...rest], {
      ...{ cwd: root, env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
    })
    children.push(child)
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (text) => {
        output += `${service}: ${text}`
      })
    }
    return child
  }

  try {
    for (const name of ['ingest-1', 'ingest-2', 'worker-1', 'worker-2']) await start(name)
    await vi.waitFor(() => expect(output.match(/connected|listening/g)).toHaveLength(4), 20_000)
    const coordinator = await start('coordinator')
    await start('clients')
    const found = new Set<string>()
    // While the rounds run, as Prometheus does.
    const limit = Date.now() + 45_000
    while (coordinator.exitCode === null && !/round 1/.test(output) && Date.now() < limit) {
      for (const target of targets) {
        const [service = '', port = ''] = target.split(':')
        const response = await fetch(`http://127.0.0.1:${await here(service, port)}/metrics`).catch(
          () => undefined,
        )
        const text = (await response?.text().catch(() => '')) ?? ''
        for (const [, name] of text.matchAll(/^(\w+) \S+$/gm)) found.add(name!)
      }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    expect(output).toMatch(/round 0: 11 survivors, exact/)
    expect(output).toMatch(/round 1: 1[12] survivors, exact/)

    const used = dashboard.panels.flatMap((panel) =>
      panel.targets.flatMap(({ expr }) => expr.match(/\bsecagg_\w+/g) ?? []),
    )
    expect(used.length).toBeGreaterThan(30)
    expect(used.filter((name) => !found.has(name))).toEqual([])
    // A rate of a gauge means nothing, and neither does the bare value of a counter.
    for (const { expr } of dashboard.panels.flatMap((panel) => panel.targets)) {
      const rates = [...expr.matchAll(/rate\((\w+)\[\d+m\]\)/g)].map(([, name]) => name)
      expect(expr.match(/\bsecagg_\w+_total\b/g) ?? []).toEqual(rates)
    }
  } finally {
    for (const child of children) child.kill('SIGKILL')
    await broker.close()
    rmSync(sums, { recursive: true, force: true })
  }
})
