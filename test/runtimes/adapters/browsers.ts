import { existsSync } from 'node:fs'
import { type Browser, browsers, openPage } from '../../support/browsers.js'
import type { Report } from '../program/report.js'
import { type Runtime, versionOf } from '../runtime.js'
import { type Page, type PageServer, servePages } from './pages.js'

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

/** Opens the page and waits for its report. */
async function visit(server: PageServer, browser: Browser, page: Page): Promise<Report> {
  let close = async (): Promise<void> => undefined
  try {
    return await server.reportOf(page, async (address) => {
      close = openPage(browser, address)
    })
  } finally {
    await close()
  }
}
