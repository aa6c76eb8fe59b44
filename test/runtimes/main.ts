// Runs whole rounds of the packed package on every runtime, and prints one line of JSON for each.
// Usage: tsx test/runtimes/main.ts [--fast] [--only REGEXP] [--write], after `npm run build`.
//   --fast   only the runtimes that a change is checked on before it lands
//   --only   only the runtimes whose name and setting match
//   --write  writes the rows of these runtimes into docs/compatibility.md, each as soon as it is known. Also tries Node, since
//            speeds are relative to it
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { installPackage } from '../package/install.js'
import { writeCompatibility } from '../support/compatibility.js'
import { pagesOfBrowsers } from './adapters/browsers.js'
import { commands } from './adapters/commands.js'
import { hosts } from './adapters/hosts.js'
import { reactNative } from './adapters/react-native.js'
import { servers } from './adapters/servers.js'
import { isMachineBusy } from './busy.js'
import { isWorking, type Outcome, PATIENCE, type Runtime } from './runtime.js'
import { compatibilityOf } from './table.js'

const { values } = parseArgs({
  options: {
    fast: { type: 'boolean', default: false },
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})

const project = installPackage()
const file = (name: string): string => fileURLToPath(new URL(`program/${name}.ts`, import.meta.url))

/** The program for runtimes that load the package from `node_modules`. */
async function writeProgram(name: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [file(name)],
    outfile: join(project, outfile),
    bundle: true,
    packages: 'external',
    format: 'esm',
    target: 'es2022',
    tsconfigRaw: {},
  })
}

/** The program in one file, with everything that it imports. */
async function writeBundle(name: string, outfile: string, format: 'esm' | 'iife'): Promise<void> {
  await build({
    entryPoints: [file(name)],
    outfile: join(project, outfile),
    bundle: true,
    format,
    globalName: 'program',
    target: 'es2022',
    nodePaths: [join(project, 'node_modules')],
    // Left to the runtime, which compiles it.
    external: ['secagg/kernels.wasm'],
    tsconfigRaw: {},
    // A script has no address, and cannot start threads.
    logOverride: { 'empty-import-meta': 'silent' },
  })
}

/** Scripts for pages by name: the program, its worker next to it, and what starts it in a worker. */
async function bundleScripts(): Promise<ReadonlyMap<string, string>> {
  const { outputFiles } = await build({
    entryPoints: {
      page: file('page'),
      starter: file('starter'),
      worker: join(project, 'node_modules/secagg/dist/workers/worker.js'),
    },
    outdir: '/',
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    minify: true,
    nodePaths: [join(project, 'node_modules')],
    tsconfigRaw: {},
  })
  return new Map(outputFiles.map(({ path, text }) => [path.slice(1), text]))
}

async function outcomeOf(runtime: Runtime): Promise<Outcome> {
  const { name, setting } = runtime
  const version = await runtime.version().catch(() => undefined)
  if (version === undefined) return { runtime: name, setting, state: 'missing' }
  const start = performance.now()
  const seen = { runtime: name, setting, version }
  const patience = new AbortController()
  try {
    const late = setTimeout(runtime.patience ?? 1.5 * PATIENCE, undefined, patience).then(() => {
      throw new Error('the runtime does not answer')
    })
    const report = await Promise.race([runtime.run(), late])
    const seconds = Math.round((performance.now() - start) / 100) / 10
    return { ...seen, state: isWorking(report) ? 'works' : 'fails', seconds, report }
  } catch (error) {
    return { ...seen, state: 'fails', failure: String(error).slice(0, 500) }
  } finally {
    patience.abort()
  }
}

try {
  await writeProgram('console', 'program.mjs')
  await writeProgram('react-native', 'react-native.js')
  await writeBundle('library', 'script.js', 'iife')
  await writeBundle('fetched', 'fetched.js', 'esm')
  await writeBundle('fetched-kernels', 'fetched-kernels.js', 'esm')
  const runtimes = [
    ...commands(project),
    ...servers(project),
    ...hosts(join(project, 'script.js')),
    ...reactNative(project, 'react-native.js'),
    ...pagesOfBrowsers(await bundleScripts()),
  ]
  const wanted = new RegExp(values.only ?? '', 'i')
  const isWanted = ({ name, setting, fast }: Runtime): boolean =>
    (!values.fast || fast === true) && wanted.test(`${name} ${setting}`)
  const isBusy = values.write && (await isMachineBusy())
  const all = runtimes.map(({ name, setting }) => ({ runtime: name, setting }))
  const outcomes: Outcome[] = []
  const baseline: Outcome[] = []
  for (const runtime of runtimes) {
    if (isWanted(runtime)) {
      const outcome = await outcomeOf(runtime)
      process.stdout.write(`${JSON.stringify(outcome)}\n`)
      outcomes.push(outcome)
      if (values.write) writeCompatibility('runtimes', compatibilityOf({ outcomes, baseline, all, isBusy }))
    } else if (values.write && runtime.name.startsWith('Node ')) baseline.push(await outcomeOf(runtime))
  }
  process.exitCode = outcomes.length > 0 && outcomes.every(({ state }) => state === 'works') ? 0 : 1
} finally {
  rmSync(project, { recursive: true, force: true })
}
// What a runtime that did not answer has left does not keep the process alive.
process.exit()
