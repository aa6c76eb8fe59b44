// Usage: tsx --tsconfig bench/tsconfig.json bench/browsers.ts [--browser NAME]… [--group NAME]… [--samples COUNT] [--seconds SECONDS]
// after `npm run build`. The browsers are Chromium, Firefox and WebKitGTK; without the option, all that are installed. The groups
// are `mask`, `masks`, `pools` and `packing`. CHROMIUM_PATH names the browser where it is not /usr/bin/chromium.
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { type Browser, browsers, openPage } from '../test/support/browsers.js'
import type { Result } from './measure.js'

const { values } = parseArgs({
  options: {
    browser: { type: 'string', multiple: true },
    group: { type: 'string', multiple: true, default: ['mask', 'masks', 'pools', 'packing'] },
    samples: { type: 'string', default: '40' },
    seconds: { type: 'string', default: '60' },
  },
})

const { outputFiles } = await build({
  // The pool looks for its worker next to itself, which in a bundle is next to the page's script.
  entryPoints: { page: fileURLToPath(new URL('page.ts', import.meta.url)), worker: 'secagg/workers/worker' },
  bundle: true,
  write: false,
  outdir: '/',
  format: 'esm',
  target: 'es2022',
  tsconfigRaw: {},
})

interface Group {
  readonly title: string
  readonly results: readonly Result[]
}

function print(browser: string, { title, results }: Group): void {
  process.stdout.write(`${browser}, ${title}: vectors of 4 MiB, medians and lower quartiles for 4 bytes\n`)
  for (const { name, median, lowerQuartile, ratio, samples } of results) {
    const figures = [
      `${median.toFixed(2).padStart(6)} ns`,
      `${(median / results[0]!.median).toFixed(2).padStart(5)} ×`,
      `${lowerQuartile.toFixed(2).padStart(6)} ns`,
      `${ratio.toFixed(2).padStart(5)} ×`,
    ]
    process.stdout.write(`  ${name.padEnd(60)} ${figures.join(' ')} ${samples} samples\n`)
  }
}

/** Opens the page in a browser, and resolves as soon as it has measured everything. */
async function measureIn(browser: Browser): Promise<void> {
  let end: (failure: string) => void = () => undefined
  const ended = new Promise<string>((resolve) => {
    end = resolve
  })
  // Localhost is a secure context, without which there is no WebCrypto; the headers make the page's clock a fine one.
  const server = createServer((request, response) => {
    const path = new URL(request.url!, 'http://localhost').pathname
    if (request.method === 'POST') {
      let body = ''
      request.on('data', (piece) => {
        body += piece
      })
      request.on('end', () => {
        response.end()
        if (path === '/end') end(body)
        else print(browser.name, JSON.parse(body) as Group)
      })
      return
    }
    const script = outputFiles.find((file) => file.path === path)
    response.writeHead(200, {
      'content-type': script === undefined ? 'text/html' : 'text/javascript',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    })
    response.end(script?.text ?? '<!doctype html><script type="module" src="page.js"></script>')
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const wanted = new URLSearchParams(values.group.map((group) => ['group', group]))
  wanted.set('samples', values.samples)
  wanted.set('seconds', values.seconds)
  const close = openPage(browser, `http://localhost:${(server.address() as AddressInfo).port}/?${wanted}`)
  try {
    const failure = await ended
    if (failure !== '') throw new Error(`${browser.name}: ${failure}`)
  } finally {
    await close()
    server.closeAllConnections()
    server.close()
  }
}

for (const browser of browsers()) {
  const isInstalled = browser.files.every((file) => file !== undefined && existsSync(file))
  const isWanted = values.browser?.includes(browser.name) ?? true
  if (isInstalled && isWanted) await measureIn(browser)
}
