// Bundles one program with every bundler, runs it, and prints one line of JSON for each way: whether the sum of a round is
// right, the provider, and how many threads a pool has.
// Usage: tsx test/bundlers/main.ts [--only REGEXP] [--write], after `npm run build` and `npm ci --prefix test/bundlers`.
//   --only   only the ways whose name matches
//   --write  writes the rows of these ways into docs/compatibility.md, each as soon as it is known
import { execFile, spawn } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { build } from 'esbuild'
import { type Browser, chromium } from 'playwright'
import { installPackage } from '../package/install.js'
import { CHROMIUM_ARGUMENTS, findChromium } from '../support/chromium.js'
import type { Report } from './program/report.js'
import { type Row, writeRows } from './table.js'
import { type Way, ways } from './ways.js'

const { values } = parseArgs({
  options: { only: { type: 'string' }, write: { type: 'boolean', default: false } },
})
const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const run = promisify(execFile)

/** What a bundler says, in its last line. */
interface Built {
  readonly version: string
  readonly warnings: readonly string[]
  readonly address?: string
  /** The bytes of a bundle with a client alone, compressed with gzip. */
  readonly clientBytes?: number
}

const project = installPackage()

async function writePrograms(): Promise<void> {
  await build({
    entryPoints: [folder('program/report.ts')],
    outfile: join(project, 'programs/report.js'),
    bundle: true,
    packages: 'external',
    format: 'esm',
    target: 'es2022',
    tsconfigRaw: {},
  })
  for (const { name, program } of ways) {
    writeFileSync(
      join(project, `programs/${fileOf(name)}.js`),
      `import { show } from './report.js'\n${program}\n`,
    )
  }
  // Parcel reads the field `exports` of packages only if it is asked to.
  const path = join(project, 'package.json')
  const manifest = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, JSON.stringify({ ...manifest, '@parcel/resolver-default': { packageExports: true } }))
}

const fileOf = (name: string): string => name.replaceAll(/\W+/g, '-')

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? ''

async function reportOfPage(browser: Browser, address: string): Promise<Report> {
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('pageerror', ({ message }) => complaints.push(message))
  try {
    await page.goto(address)
    // Vite's development server reloads the page once it knows what the page needs.
    await page.waitForFunction(() => 'seen' in globalThis, undefined, { timeout: 60_000 })
    return JSON.parse(await page.evaluate(() => (globalThis as unknown as { seen: string }).seen))
  } catch (error) {
    throw new Error([...complaints, String(error)].join('; '))
  } finally {
    await page.close()
  }
}

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' }

async function reportOfFolder(browser: Browser, out: string): Promise<Report> {
  const server = createServer(({ url = '/' }, response) => {
    const path = join(out, url === '/' ? 'index.html' : url)
    try {
      const body = readFileSync(path)
      response
        .writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' })
        .end(body)
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  try {
    return await reportOfPage(browser, `http://localhost:${(server.address() as AddressInfo).port}/`)
  } finally {
    server.close()
  }
}

/** Options of a bundler in builders.mjs. */
function optionsOf({ name, runs, withWorker, external }: Way): string {
  return JSON.stringify({
    project,
    entry: join(project, `programs/${fileOf(name)}.js`),
    worker: withWorker ? join(project, 'node_modules/secagg/dist/workers/worker.js') : undefined,
    out: join(project, 'out', fileOf(name)),
    server: runs === 'in Node',
    external: external === true,
  })
}

async function reportOf(browser: Browser, way: Way): Promise<[Built, Report]> {
  const command = [folder('builders.mjs'), way.bundler, optionsOf(way)]
  const options = { cwd: project, timeout: 120_000, maxBuffer: 2 ** 24 }
  const out = join(project, 'out', fileOf(way.name))
  if (way.runs === 'served') return await reportOfServer(browser, command)
  const built: Built = JSON.parse(lastLine((await run(process.execPath, command, options)).stdout))
  if (way.runs === 'in a page') return [built, await reportOfFolder(browser, out)]
  const { stdout } = await run(process.execPath, [join(out, way.file ?? 'app.js')], options)
  return [built, JSON.parse(lastLine(stdout))]
}

async function reportOfServer(browser: Browser, command: readonly string[]): Promise<[Built, Report]> {
  const server = spawn(process.execPath, command, { cwd: project, stdio: 'pipe' })
  let complaint = ''
  server.stderr.on('data', (text) => {
    complaint += text
  })
  const patience = setTimeout(() => server.kill(), 120_000)
  try {
    const built = await new Promise<Built>((resolve, reject) => {
      let printed = ''
      server.on('close', (code) => reject(new Error(`the server exited with code ${code}: ${complaint}`)))
      server.stdout.on('data', (text) => {
        printed += text
        if (printed.includes('"address"')) resolve(JSON.parse(lastLine(printed)))
      })
    })
    return [built, await reportOfPage(browser, built.address!)]
  } finally {
    clearTimeout(patience)
    server.stdin.end()
  }
}

async function rowOf(browser: Browser, way: Way): Promise<Row> {
  try {
    const [{ version, warnings, clientBytes = 0 }, report] = await reportOf(browser, way)
    const sums = [report.sum, report.onDemand?.sum]
    const isRight = sums.every((sum) => sum?.join() === '3,30,300') && report.isSameMask
    const works =
      isRight && report.threads === (way.threads ?? 2) && clientBytes <= (way.mostClientBytes ?? 0)
    return { way, version, warnings, report, works, clientBytes }
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string }
    const works = way.refusal?.test(stderr ?? message) === true
    return { way, works, failure: (stderr ?? message).replaceAll(project, '').slice(0, 600) }
  }
}

const browser = await chromium.launch({ executablePath: findChromium()!, args: CHROMIUM_ARGUMENTS })
try {
  await writePrograms()
  const wanted = new RegExp(values.only ?? '', 'i')
  const rows: Row[] = []
  for (const way of ways.filter(({ name }) => wanted.test(name))) {
    const row = await rowOf(browser, way)
    process.stdout.write(`${JSON.stringify({ ...row, way: way.name })}\n`)
    rows.push(row)
    if (values.write) writeRows(rows, ways)
  }
  process.exitCode = rows.length > 0 && rows.every(({ works }) => works) ? 0 : 1
} finally {
  await browser.close()
  rmSync(project, { recursive: true, force: true })
}
