import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, extname, join } from 'node:path'
import * as esbuild from 'esbuild'
import { type Browser, chromium } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { project, runNode } from './support.js'

type Program = 'native' | 'lacking' | 'given'

interface Built {
  readonly folder: string
  /** The files that are loaded only later, if at all. */
  readonly later: readonly string[]
}

/** Bundles a program of `programs/on-demand` as a bundler does that splits code. */
async function split(program: Program): Promise<Built> {
  const folder = join(project, `on-demand/${program}`)
  const { metafile } = await esbuild.build({
    entryPoints: { app: join(project, `programs/on-demand/${program}.ts`) },
    absWorkingDir: project,
    bundle: true,
    splitting: true,
    format: 'esm',
    outdir: folder,
    metafile: true,
  })
  const { outputs } = metafile
  const first = new Set<string>()
  const load = (path: string): void => {
    if (first.has(path)) return
    first.add(path)
    for (const { path: next, kind } of outputs[path]!.imports) if (kind === 'import-statement') load(next)
  }
  load(Object.keys(outputs).find((path) => basename(path) === 'app.js')!)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'index.html'), '<!doctype html><script type="module" src="app.js"></script>')
  writeFileSync(join(folder, 'none.html'), '<!doctype html>')
  const later = Object.keys(outputs).filter((path) => !first.has(path))
  return { folder, later: later.map((path) => basename(path)) }
}

const built = {} as Record<Program, Built>
beforeAll(async () => {
  mkdirSync(join(project, 'on-demand'), { recursive: true })
  for (const program of ['native', 'lacking', 'given'] as const) built[program] = await split(program)
})

const RIGHT = { result: { survivors: [0, 1, 2], sum: [3, 30, 300] } }
/** What is said where the curves are missing. */
const REFUSED = {
  code: 'unsupported',
  message: expect.stringMatching(/import\(\).*Import nobleCrypto from 'secagg\/crypto'/),
}

test('the curves of noble are in a chunk of their own, and its AES in another', () => {
  const { later } = built.native
  expect(later.filter((name) => name.startsWith('noble-curves-'))).toHaveLength(1)
  expect(later.filter((name) => name.startsWith('noble-'))).toHaveLength(2)
})

describe('Node without its own cryptography, whose WebCrypto lacks the curves', () => {
  const run = (program: Program): unknown => JSON.parse(runNode(join(built[program].folder, 'app.js')))

  test('loads them, and the sum is right', () => {
    expect(run('lacking')).toEqual(RIGHT)
  })

  test('needs nothing later if the program brings them', () => {
    for (const name of built.given.later) rmSync(join(built.given.folder, name))
    expect(run('given')).toEqual(RIGHT)
  })

  test('says what to import if they cannot be loaded', () => {
    for (const name of built.lacking.later) rmSync(join(built.lacking.folder, name))
    expect(run('lacking')).toEqual(REFUSED)
  })
})

describe('Chromium', () => {
  let browser: Browser
  const asked: string[] = []
  const server = createServer(({ url = '/' }, response) => {
    asked.push(basename(url))
    const path = join(project, 'on-demand', url)
    if (!existsSync(path)) return response.writeHead(404).end()
    const type = extname(url) === '.html' ? 'text/html' : 'text/javascript'
    return response.writeHead(200, { 'content-type': type }).end(readFileSync(path))
  })
  const address = (path: string): string =>
    `http://localhost:${(server.address() as AddressInfo).port}/${path}`

  beforeAll(async () => {
    // Tests above have removed files.
    built.lacking = await split('lacking')
    built.given = await split('given')
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
      args: ['--no-sandbox'],
    })
  })
  afterAll(async () => {
    await browser?.close()
    server.close()
  })

  /** What a page has seen, and which of the files it has asked for that are loaded later. */
  async function open(program: Program): Promise<{ readonly seen: unknown; readonly loaded: number }> {
    asked.length = 0
    const page = await browser.newPage()
    await page.goto(address(`${program}/index.html`))
    await page.waitForFunction(() => 'seen' in globalThis)
    const seen = await page.evaluate(() => (globalThis as { seen?: unknown }).seen)
    await page.close()
    const { later } = built[program]
    return { seen, loaded: asked.filter((name) => later.includes(name)).length }
  }

  test('a page with native curves loads no chunk', async () => {
    expect(await open('native')).toEqual({ seen: RIGHT, loaded: 0 })
  })

  test('a page without them loads one, and the sum is right', async () => {
    expect(await open('lacking')).toEqual({ seen: RIGHT, loaded: 1 })
  })

  /** What a service worker answers. */
  async function ask(program: Program): Promise<unknown> {
    const page = await browser.newPage()
    await page.goto(address(`${program}/none.html`))
    const answer = await page.evaluate(async () => {
      await navigator.serviceWorker.register('app.js', { type: 'module' })
      const { active } = await navigator.serviceWorker.ready
      const { port1, port2 } = new MessageChannel()
      active!.postMessage('run', [port2])
      return new Promise((resolve) => {
        port1.onmessage = ({ data }) => resolve(data)
      })
    })
    await page.close()
    return answer
  }

  test('a service worker with native curves needs no chunk', async () => {
    expect(await ask('native')).toEqual(RIGHT)
  })

  test('a service worker without them says what to import, because it may load nothing later', async () => {
    expect(await ask('lacking')).toEqual(REFUSED)
  })

  test('a service worker without them, with a program that brings them', async () => {
    expect(await ask('given')).toEqual(RIGHT)
  })
})
