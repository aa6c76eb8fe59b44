import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import * as esbuild from 'esbuild'
import { type Browser, chromium } from 'playwright'
import * as vite from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EXPECTED, project } from './support.js'

const programs = join(project, 'programs')

let browser: Browser
beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  })
})
afterAll(() => browser?.close())

/** What a page leaves in its global `seen`, without anything in the console. */
async function openPage(address: string): Promise<unknown> {
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('pageerror', ({ message }) => complaints.push(message))
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  try {
    await page.goto(address)
    await page.waitForFunction(() => 'seen' in globalThis).catch(() => complaints.push('nothing is seen'))
    const seen = await page.evaluate(() => (globalThis as { seen?: unknown }).seen)
    expect(complaints).toEqual([])
    return seen
  } finally {
    await page.close()
  }
}

/** Serves a folder, on localhost. */
async function serve(folder: string): Promise<{ readonly server: Server; readonly address: string }> {
  const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' }
  const server = createServer(({ url = '/' }, response) => {
    const path = join(folder, url === '/' ? 'index.html' : url)
    try {
      const body = readFileSync(path)
      response
        .writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream' })
        .end(body)
    } catch {
      // An icon, which browsers ask for.
      response.writeHead(url === '/favicon.ico' ? 204 : 404).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  return { server, address: `http://localhost:${(server.address() as AddressInfo).port}/` }
}

async function openFolder(folder: string): Promise<unknown> {
  const { server, address } = await serve(folder)
  try {
    return await openPage(address)
  } finally {
    server.close()
  }
}

const both = { page: EXPECTED, thread: EXPECTED }

describe('a page runs rounds, by itself and in a worker, both alone and with a pool', () => {
  test('built by Vite', async () => {
    const outDir = join(project, 'built-by-vite')
    await vite.build({ root: programs, logLevel: 'warn', build: { outDir, emptyOutDir: true } })
    expect(await openFolder(outDir)).toEqual(both)
  })

  test('served by Vite while it is being developed', async () => {
    const server = await vite.createServer({
      root: programs,
      logLevel: 'warn',
      server: { host: 'localhost', port: 0 },
    })
    try {
      await server.listen()
      expect(await openPage(server.resolvedUrls!.local[0]!)).toEqual(both)
    } finally {
      await server.close()
    }
  })

  test('built by esbuild', async () => {
    const outdir = join(project, 'built-by-esbuild')
    await esbuild.build({
      entryPoints: {
        app: join(programs, 'page-of-esbuild.ts'),
        thread: join(programs, 'thread.ts'),
        worker: 'secagg/workers/worker',
      },
      absWorkingDir: project,
      bundle: true,
      format: 'esm',
      outdir,
    })
    writeFileSync(join(outdir, 'index.html'), '<!doctype html><script type="module" src="app.js"></script>')
    expect(await openFolder(outdir)).toEqual(both)
  })
})
