import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { CHROMIUM_ARGUMENTS, findChromium } from './test/support/chromium.js'
import { missingForKeys } from './test/support/key-examples.js'
import { findNatsServer } from './test/support/nats-server.js'

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url))
const alias = [
  { find: /^secagg$/, replacement: source('index.ts') },
  {
    find: /^secagg\/(crypto|federated|fixed-point|nats|post-quantum|privacy|protocol|simulate|statistics|tensors|transport|vector|workers)$/,
    replacement: `${source('')}$1/index.ts`,
  },
]

const chromium = findChromium()
if (chromium === undefined) {
  if (process.env.CI !== undefined) throw new Error('The browser project needs a Chromium (CHROMIUM_PATH).')
  process.stderr.write(
    'No Chromium found (set CHROMIUM_PATH): the browser project and the playground are left out.\n',
  )
}

const natsServer = findNatsServer()
if (natsServer === undefined) {
  if (process.env.CI !== undefined) throw new Error('The tests of secagg/nats need nats-server on the PATH.')
  process.stderr.write('No nats-server found: the tests of secagg/nats are left out.\n')
}

const keyExamples = missingForKeys()
if (keyExamples.length > 0) {
  const text = `The tests of docs/examples/keys need ${keyExamples.join(' and ')}`
  if (process.env.CI !== undefined) throw new Error(`${text}.`)
  process.stderr.write(`${text}: they are left out.\n`)
}

// On two cores, the default is one. Many tests wait for processes that they have started.
const maxWorkers = Math.max(2, availableParallelism() - 1)

const node = {
  resolve: { alias },
  test: {
    name: 'node',
    environment: 'node',
    include: ['test/**/*.test.ts'],
    exclude: [
      '**/node_modules/**',
      'test/**/*.browser.test.ts',
      ...(chromium === undefined ? ['test/playground/**', 'test/examples/keys/browser.node.test.ts'] : []),
      ...(natsServer === undefined ? ['test/nats/**'] : []),
      ...(keyExamples.length > 0 ? ['test/examples/keys/**'] : []),
    ],
    globalSetup: ['test/workers/bundle-worker.ts'],
    testTimeout: 60_000,
    maxWorkers,
  },
}

const browser = {
  resolve: { alias },
  // Without them a page has no shared memory.
  server: {
    headers: {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    },
  },
  test: {
    name: 'chromium',
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/**/*.node.test.ts'],
    testTimeout: 60_000,
    maxWorkers,
    browser: {
      // One page for all files. A page for each would cost a second of imports, and keep its memory for WebAssembly for a while.
      isolate: false,
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({
        launchOptions: {
          ...(chromium === undefined ? {} : { executablePath: chromium }),
          args: CHROMIUM_ARGUMENTS,
        },
      }),
      instances: [{ browser: 'chromium' as const }],
    },
  },
}

const config: ViteUserConfig = defineConfig({
  test: {
    projects: chromium === undefined ? [node] : [node, browser],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text-summary', 'html'],
      thresholds: { statements: 90, branches: 85, functions: 90, lines: 90 },
    },
  },
})

export default config
