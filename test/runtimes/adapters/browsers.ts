import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CHROMIUM_ARGUMENTS, findChromium } from '../../support/chromium.js'
import type { Report } from '../program/report.js'
import { type Runtime, versionOf } from '../runtime.js'
import { type Page, type PageServer, servePages } from './pages.js'

/** A command and its arguments. */
type Command = readonly [command: string, ...options: string[]]

/** A browser that is started with the address of a page, in a profile that it has alone, and is ended after the report. */
interface Browser {
  readonly name: string
  readonly files: readonly (string | undefined)[]
  /** How it is started, and where it keeps its profile. */
  start(address: string, profile: string): Command
}

const FIREFOX = '/usr/bin/firefox-esr'
const MINI_BROWSER = '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser'
const XVFB = '/usr/bin/xvfb-run'

function browsers(): readonly Browser[] {
  const chromium = findChromium()
  return [
    {
      name: 'Chromium',
      files: [chromium],
      start: (address, profile) => [
        chromium!,
        ...['--headless', ...CHROMIUM_ARGUMENTS, `--user-data-dir=${profile}`, address],
      ],
    },
    {
      name: 'Firefox',
      files: [FIREFOX],
      start: (address, profile) => [FIREFOX, '--headless', '--no-remote', '--profile', profile, address],
    },
    {
      name: 'WebKitGTK',
      files: [XVFB, MINI_BROWSER],
      // It needs a display.
      start: (address) => [XVFB, '--auto-servernum', MINI_BROWSER, address],
    },
  ]
}

const SELF = "default-src 'self'"
const WASM = "script-src 'self' 'wasm-unsafe-eval'"

interface Setting {
  readonly setting: string
  readonly page: Page
  readonly fast?: boolean
}

const SETTINGS: readonly Setting[] = [
  { setting: 'page', page: { place: 'page', isolated: false }, fast: true },
  { setting: 'page, isolated', page: { place: 'page', isolated: true } },
  { setting: 'Worker', page: { place: 'worker', isolated: false } },
  { setting: 'Worker, isolated', page: { place: 'worker', isolated: true } },
  { setting: 'SharedWorker', page: { place: 'shared-worker', isolated: false } },
  { setting: 'ServiceWorker', page: { place: 'service-worker', isolated: false } },
  {
    setting: 'page, policy with wasm-unsafe-eval',
    page: { place: 'page', isolated: false, policy: `${SELF}; ${WASM}` },
  },
  {
    setting: 'page, policy without wasm-unsafe-eval',
    page: { place: 'page', isolated: false, policy: SELF },
  },
  {
    setting: "page, policy with worker-src 'none'",
    page: { place: 'page', isolated: false, policy: `${SELF}; ${WASM}; worker-src 'none'` },
  },
  {
    setting: 'page, policy with Trusted Types',
    page: {
      place: 'page',
      isolated: false,
      policy: `${SELF}; ${WASM}; require-trusted-types-for 'script'`,
    },
  },
]

/** The browsers, each in every setting. `scripts` are the program, its worker and what starts it. */
export function pagesOfBrowsers(scripts: ReadonlyMap<string, string>): Runtime[] {
  const server = servePages(scripts)
  return browsers().flatMap((browser) =>
    SETTINGS.map(({ setting, page, fast = false }): Runtime => {
      const { name, files } = browser
      return {
        name,
        setting,
        fast: fast && name === 'Chromium',
        version: async () =>
          files.every((file) => file !== undefined && existsSync(file))
            ? versionOf(...browser.start('--version', '/nowhere'))
            : undefined,
        run: () => visit(server, browser, page),
      }
    }),
  )
}

/** Starts the browser in a process group that it has alone, and ends the whole group after the report. */
async function visit(server: PageServer, browser: Browser, page: Page): Promise<Report> {
  const profile = mkdtempSync(join(tmpdir(), 'secagg-profile-'))
  let stop = async (): Promise<void> => undefined
  try {
    return await server.reportOf(page, async (address) => {
      const [command, ...options] = browser.start(address, profile)
      const home = {
        HOME: profile,
        XDG_CACHE_HOME: profile,
        XDG_CONFIG_HOME: profile,
        XDG_DATA_HOME: profile,
      }
      const child = spawn(command, options, {
        stdio: 'ignore',
        detached: true,
        env: { ...process.env, ...home, MOZ_DISABLE_AUTO_SAFE_MODE: '1' },
      })
      const ended = new Promise<void>((resolve) => {
        child.once('exit', () => resolve())
        child.once('error', () => resolve())
      })
      stop = async () => {
        if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM')
        const timer = setTimeout(() => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'), 5000)
        await ended
        clearTimeout(timer)
      }
    })
  } finally {
    await stop()
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  }
}
