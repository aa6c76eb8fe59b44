import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Report } from '../program/report.js'
import { installed, PATIENCE, type Runtime } from '../runtime.js'
import { hostFile, NODE, versionOfPackage } from './hosts.js'

const WORKERD = installed('@cloudflare/workerd-linux-64/bin/workerd')

interface Setting {
  readonly setting: string
  /** The file of the program. */
  readonly module: string
  readonly flags: readonly string[]
}

const SETTINGS: readonly Setting[] = [
  { setting: 'module worker', module: 'fetched.js', flags: [] },
  { setting: 'module worker with kernels.wasm', module: 'fetched-kernels.js', flags: [] },
  { setting: 'module worker with nodejs_compat', module: 'fetched.js', flags: ['nodejs_compat'] },
]

/** Under this name the programs import the kernels. */
const KERNELS = 'secagg/kernels.wasm'

/** Runtimes that answer requests. The programs are in `folder`, where the package is installed. */
export function servers(folder: string): Runtime[] {
  const kernels = join(folder, 'node_modules/secagg/dist/vector/kernels/kernels.wasm')
  return SETTINGS.flatMap(({ setting, module, flags }, index): Runtime[] => {
    return [
      {
        name: 'workerd',
        setting,
        version: async () => (existsSync(WORKERD) ? versionOfPackage('workerd') : undefined),
        run: async () => {
          const port = await freePort()
          const config = join(folder, `workerd-${index}.capnp`)
          copyFileSync(kernels, join(folder, 'kernels.wasm'))
          writeFileSync(config, configOf(module, port, flags))
          return reportOf(spawn(WORKERD, ['serve', config]), `http://127.0.0.1:${port}/`)
        },
      },
      {
        name: 'Miniflare',
        setting,
        version: async () => versionOfPackage('miniflare'),
        run: () => reportOf(spawn(NODE, [hostFile('miniflare'), join(folder, module), kernels, ...flags])),
      },
    ]
  })
}

function configOf(module: string, port: number, flags: readonly string[]): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = .program) ],
  sockets = [ (name = "http", address = "127.0.0.1:${port}", http = (), service = "main") ]
);
const program :Workerd.Worker = (
  modules = [
    (name = "program", esModule = embed "${module}"),
    (name = "${KERNELS}", wasm = embed "kernels.wasm")
  ],
  compatibilityDate = "2026-06-01",
  compatibilityFlags = ${JSON.stringify(flags)}
);
`
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Asks a server for its report, and ends it. Without an address, the server prints it. */
async function reportOf(child: ChildProcess, address?: string): Promise<Report> {
  try {
    // Listens for errors of the process, which would end the check.
    await once(child, 'spawn')
    const base = address ?? (await firstLine(child))
    const report = JSON.parse(await answered(base)) as Report
    if (report.milliseconds !== undefined) return report
    const milliseconds = { aes: await timeOf(base, 'aes'), chacha: await timeOf(base, 'chacha') }
    return { ...report, milliseconds }
  } finally {
    child.kill('SIGKILL')
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) return line
  throw new Error('the server ended')
}

/** The answer to a request, as soon as the server listens. */
async function answered(address: string): Promise<string> {
  const until = Date.now() + 10_000
  for (;;) {
    try {
      const response = await fetch(address, { signal: AbortSignal.timeout(PATIENCE) })
      const text = await response.text()
      if (!response.ok) throw new TypeError(`${response.status}: ${text}`)
      return text
    } catch (error) {
      if (Date.now() > until) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

const MASKS = 20

/** The time of a mask, in milliseconds: the time of a request for many, without that of a request for one. */
async function timeOf(base: string, suite: 'aes' | 'chacha'): Promise<number> {
  const times: number[] = []
  const request = async (count: number): Promise<number> => {
    const start = performance.now()
    await answered(`${base}mask?suite=${suite}&count=${count}`)
    return performance.now() - start
  }
  for (let sample = 0; sample < 5; sample++) {
    const one = await request(1)
    times.push(((await request(MASKS + 1)) - one) / MASKS)
  }
  return Math.round(Math.min(...times) * 1000) / 1000
}
