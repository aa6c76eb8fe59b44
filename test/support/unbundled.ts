import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createContext, runInContext } from 'node:vm'
import { transformSync } from 'esbuild'

/** A realm with nothing of a host, and the modules of the library in it. */
export interface UnbundledRealm {
  /** Evaluates a script there. */
  run(source: string): unknown
  /** The exports of a module of `src`, such as `crypto/index`. */
  load<T = Record<string, unknown>>(path: string): T
}

type Exports = Record<string, unknown>
type ModuleBody = (module: { exports: Exports }, exports: Exports, require: (name: string) => Exports) => void

const sources = fileURLToPath(new URL('../../src/', import.meta.url))
const packages = fileURLToPath(new URL('../../node_modules/', import.meta.url))

/** What modules become is the same in every realm. */
const transformed = new Map<string, string>()

/**
 * A realm that has the language, `globals` and nothing else. Modules are loaded there one by one and whole, as programs
 * load a package that no bundler has been over: what a module does as it loads is done.
 */
export function unbundledRealm(
  globals: object,
  { hasWebAssembly = false }: { readonly hasWebAssembly?: boolean } = {},
): UnbundledRealm {
  const realm = createContext(globals)
  const run = (source: string, filename?: string): unknown =>
    runInContext(source, realm, filename === undefined ? {} : { filename })
  for (const name of ['SharedArrayBuffer', 'console']) run(`delete globalThis.${name}`)
  if (!hasWebAssembly) run('delete globalThis.WebAssembly')
  const loaded = new Map<string, Exports>()
  const load = (file: string): Exports => {
    const known = loaded.get(file)
    if (known !== undefined) return known
    const body = run(`(function (module, exports, require) {${scriptOf(file)}\n})`, file) as ModuleBody
    const module = { exports: run('({})') as Exports }
    body(module, module.exports, (name) => load(resolved(name, file)))
    loaded.set(file, module.exports)
    return module.exports
  }
  return { run, load: <T>(path: string) => load(join(sources, `${path}.ts`)) as T }
}

function scriptOf(file: string): string {
  const known = transformed.get(file)
  if (known !== undefined) return known
  const { code } = transformSync(readFileSync(file, 'utf8'), {
    loader: file.endsWith('.ts') ? 'ts' : 'js',
    format: 'cjs',
    target: 'es2022',
    // Otherwise the host would load modules that are imported later, with its own realm.
    supported: { 'dynamic-import': false },
  })
  transformed.set(file, code)
  return code
}

/** The file that `name` stands for in `importer`. */
function resolved(name: string, importer: string): string {
  if (name.startsWith('.')) {
    const file = join(dirname(importer), name)
    return existsSync(file) ? file : file.replace(/\.js$/, '.ts')
  }
  const [, dependency, path] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(name)!
  const folder = join(packages, dependency!)
  const { main, exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly main: string
    readonly exports?: Readonly<Record<string, string | { readonly import: string }>>
  }
  const target = exports?.[`.${path}`] ?? main
  return join(folder, typeof target === 'string' ? target : target.import)
}
