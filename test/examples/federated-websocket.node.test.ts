import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'

const source = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const tokens = Array.from({ length: 5 }, () => randomBytes(16).toString('hex'))
const running = new Set<ChildProcess>()
let folder = ''

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'federated-websocket-'))
  await build({
    entryPoints: ['server', 'client'].map((name) => source(`docs/examples/federated-websocket/${name}.ts`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    alias: {
      secagg: source('src/index.ts'),
      'secagg/federated': source('src/federated/index.ts'),
      'secagg/transport': source('src/transport/index.ts'),
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
    },
    logLevel: 'error',
  })
})

afterAll(() => {
  for (const program of running) program.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

interface Program {
  readonly output: () => string
  /** Resolves once the output matches. */
  printed(pattern: RegExp): Promise<RegExpMatchArray>
  readonly exited: Promise<number | null>
}

function run(program: 'server' | 'client', ...args: readonly string[]): Program {
  const child = spawn(process.execPath, [join(folder, `${program}.mjs`), ...args])
  running.add(child)
  let output = ''
  let check = (): void => undefined
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => {
      output += data.toString()
      check()
    })
  }
  const exited = new Promise<number | null>((resolve) => {
    child.on('exit', (code) => {
      running.delete(child)
      resolve(code)
    })
  })
  const printed = (pattern: RegExp): Promise<RegExpMatchArray> =>
    new Promise((resolve, reject) => {
      check = () => {
        const match = output.match(pattern)
        if (match !== null) resolve(match)
      }
      check()
      void exited.then(() => reject(new Error(`it printed: ${output}`)))
    })
  return { output: () => output, printed, exited }
}

test('five clients send floats over WebSockets, and the server prints their weighted mean', async () => {
  const server = run('server', '0', ...tokens)
  const [, port] = await server.printed(/port: (\d+)/)
  const url = `http://127.0.0.1:${port}`
  expect((await fetch(url, { headers: { authorization: 'nobody' } })).status).toBe(401)

  const clients = tokens.map((token, seat) => run('client', url, token, join(folder, `seen-${seat}`)))
  expect(await Promise.all(clients.map(({ exited }) => exited))).toEqual([0, 0, 0, 0, 0])
  for (const client of clients) expect(client.output()).toBe('included\n')
  expect(await server.exited).toBe(0)
  expect(server.output()).toContain(
    "clients 5 examples 500\nbias [ '0.350' ]\nweights [ '0.750', '0.000', '0.375', '0.250' ]\n",
  )
})
