// Usage: tsx --tsconfig bench/tsconfig.json bench/chromium.ts [--samples COUNT] [--seconds SECONDS]
// after `npm run build`. CHROMIUM_PATH names the browser where it is not /usr/bin/chromium.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { chromium } from 'playwright'
import type { Limits, Result } from './measure.js'

const { values } = parseArgs({
  options: { samples: { type: 'string', default: '40' }, seconds: { type: 'string', default: '60' } },
})
const limits = { samples: Number(values.samples), seconds: Number(values.seconds) }

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

// Localhost is a secure context, without which there is no WebCrypto; the headers make the page's clock a fine one.
const server = createServer(({ url }, response) => {
  const script = outputFiles.find(({ path }) => path === url)
  response.writeHead(200, {
    'content-type': script === undefined ? 'text/html' : 'text/javascript',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
  })
  response.end(script?.text ?? '<!doctype html><script type="module" src="page.js"></script>')
})
await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
})
try {
  const page = await browser.newPage()
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`)
  const call = (name: 'measurePackings' | 'measurePage' | 'measurePools'): Promise<Result[]> =>
    page.evaluate(
      ([name, given]) =>
        (globalThis as unknown as Record<string, (limits: Limits) => Promise<Result[]>>)[name]!(given),
      [name, limits] as const,
    )
  const groups = [
    { title: 'masks in a page', results: await call('measurePage') },
    { title: 'masks on pools of workers', results: await call('measurePools') },
    { title: 'folding and packing', results: await call('measurePackings') },
  ]
  for (const { title, results } of groups) {
    console.log(
      `Chromium ${browser.version()}, ${title}: vectors of 4 MiB, medians and lower quartiles for 4 bytes`,
    )
    for (const { name, median, lowerQuartile, ratio, samples } of results) {
      const figures = [
        `${median.toFixed(2).padStart(6)} ns`,
        `${(median / results[0]!.median).toFixed(2).padStart(5)} ×`,
        `${lowerQuartile.toFixed(2).padStart(6)} ns`,
        `${ratio.toFixed(2).padStart(5)} ×`,
      ]
      console.log(`  ${name.padEnd(44)} ${figures.join(' ')} ${samples} samples`)
    }
  }
} finally {
  await browser.close()
  server.close()
}
