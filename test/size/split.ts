// Bundles a client as bundlers do that split code, for the budgets of `size-limit` in package.json.
// Usage: tsx test/size/split.ts, after `npm run build`. Writes the folder `.size`:
//   NAME/first     what a page loads before it runs
//   NAME/curves    what it loads in addition if the platform lacks X25519 or Ed25519
//   NAME/all       what it loads in addition if the platform has no WebCrypto
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Metafile } from 'esbuild'

const root = fileURLToPath(new URL('../../', import.meta.url))
const target = join(root, '.size')

/** What each page imports, as in the budgets for bundles of one file. */
const PAGES = {
  sessions: "export * from '../dist/index.js'",
  client: "export { ClientSession, createRoundConfig } from '../dist/index.js'",
  federated: "export * from '../dist/federated/index.js'",
  driver: "export { runClient } from '../dist/transport/index.js'",
} as const

/** The files that are loaded together with `path`, without those that `loaded` has. */
function withImports(
  outputs: Metafile['outputs'],
  path: string,
  loaded: ReadonlySet<string>,
): ReadonlySet<string> {
  const files = new Set<string>()
  const visit = (file: string): void => {
    if (loaded.has(file) || files.has(file)) return
    files.add(file)
    for (const { path: next, kind } of outputs[file]!.imports) if (kind === 'import-statement') visit(next)
  }
  visit(path)
  return files
}

function copy(files: Iterable<string>, folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const file of files) copyFileSync(join(root, file), join(folder, basename(file)))
}

rmSync(target, { recursive: true, force: true })
for (const [name, contents] of Object.entries(PAGES)) {
  const outdir = join(target, name, 'bundle')
  mkdirSync(outdir, { recursive: true })
  const entry = join(target, `${name}.js`)
  writeFileSync(entry, contents)
  const { metafile } = await build({
    entryPoints: [entry],
    absWorkingDir: root,
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    outdir,
    metafile: true,
  })
  const { outputs } = metafile
  const named = (pattern: RegExp): string => {
    const found = Object.keys(outputs).find((path) => pattern.test(basename(path)))
    if (found === undefined) throw new Error(`no file of the bundle ${name} is called ${pattern}`)
    return found
  }
  const first = withImports(outputs, named(new RegExp(`^${name}\\.js$`)), new Set())
  copy(first, join(target, name, 'first'))
  copy(withImports(outputs, named(/^noble-curves-/), first), join(target, name, 'curves'))
  copy(withImports(outputs, named(/^noble-(?!curves)/), first), join(target, name, 'all'))
}
