import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright'
import { preview } from 'vite'
import { CHROMIUM_ARGUMENTS, findChromium } from '../support/chromium.js'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

/** The playground as anybody would get it: built, static, behind a web server that knows nothing of it. */
export interface Site {
  readonly url: string
  readonly browser: Browser
  /** What the pages have said on the console, or thrown, and what they have asked of others: all of it is too much. */
  readonly complaints: readonly string[]
  /** A page of its own, ready to be used; nothing moves in it unless asked for. */
  visit(options?: BrowserContextOptions): Promise<Page>
  close(): Promise<void>
}

/** Builds library and page, the page into a temporary folder, and serves that on the loopback address. */
export async function openSite(): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'secagg-playground-'))
  const config = join(repository, 'docs/playground/vite.config.ts')
  const tool = (name: string, ...parameters: string[]): Promise<unknown> =>
    run(join(repository, 'node_modules/.bin', name), parameters, { cwd: repository })
  // Declarations that were built before are left alone.
  await tool('tsup', '--no-clean')
  await tool('vite', 'build', 'docs/playground', '--outDir', folder, '--logLevel', 'warn')
  const server = await preview({
    configFile: config,
    logLevel: 'silent',
    build: { outDir: folder },
    preview: { host: '127.0.0.1', port: 0, strictPort: true },
  })
  const url = server.resolvedUrls!.local[0]!
  const browser = await launch()
  const complaints: string[] = []
  return {
    url,
    browser,
    complaints,
    visit: (options) => visit(browser, url, complaints, options),
    close: async () => {
      await browser.close()
      await server.close()
      await rm(folder, { recursive: true })
    },
  }
}

function launch(): Promise<Browser> {
  const executablePath = findChromium()
  return chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    args: [...CHROMIUM_ARGUMENTS, '--disable-gpu'],
  })
}

async function visit(
  browser: Browser,
  url: string,
  complaints: string[],
  options: BrowserContextOptions = {},
): Promise<Page> {
  const page = await browser.newPage({ reducedMotion: 'reduce', ...options })
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`))
  page.on('pageerror', (error) => complaints.push(`thrown: ${error.message}`))
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) complaints.push(`asked for ${request.url()}`)
  })
  await page.goto(url)
  await page.waitForSelector('#round[data-next="advertise-keys"]')
  return page
}
