import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { project, runNode, writeEverything } from './support.js'

const compilers = ['typescript-oldest', 'typescript', 'typescript-newest'].map((name) => {
  const require = createRequire(import.meta.url)
  // The outer two are packages that have their compiler inside.
  const from = name === 'typescript' ? import.meta.url : require.resolve(`${name}/package.json`)
  const manifest = createRequire(from).resolve('typescript/package.json')
  const { version } = require(manifest) as { version: string }
  return { version, tsc: join(dirname(manifest), 'bin/tsc') }
})

const newest = compilers.at(-1)!

/** What is set in every program. Nothing in the library's declarations is taken on trust. */
const shared = { skipLibCheck: false, target: 'es2022', noEmit: true }

/** How strictly programs are checked. A setting that a declaration relies on must not be missed in another program. */
const strictness = {
  'not strictly': { strict: false },
  strictly: { strict: true },
  'as strictly as possible': {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noImplicitOverride: true,
    isolatedModules: true,
    verbatimModuleSyntax: true,
  },
}

const modules = {
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
  node16: { module: 'node16', moduleResolution: 'node16' },
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
}

/** Puts a package with Node's types where a program can find it, and returns the options for the program. */
function nodeTypes(name: string, from: string): object {
  const folder = join(project, 'types-of-node', name)
  mkdirSync(folder, { recursive: true })
  const link = join(folder, 'node')
  if (!existsSync(link)) symlinkSync(fileURLToPath(new URL(from, import.meta.url)), link)
  return { typeRoots: [folder], types: ['node'] }
}

const nodes = {
  oldest: nodeTypes('oldest', 'node/node_modules/types-node-oldest'),
  usual: nodeTypes('usual', '../../node_modules/@types/node'),
  newest: nodeTypes('newest', 'node/node_modules/types-node-newest'),
}

const page = { lib: ['es2022', 'dom'], types: [] }

function check(tsc: string, name: string, options: object, files: readonly string[]): void {
  const path = `tsconfig.${name.replaceAll(/\W/g, '-')}.json`
  writeFileSync(join(project, path), JSON.stringify({ compilerOptions: { ...shared, ...options }, files }))
  expect(runNode(tsc, '--project', path)).toBe('')
}

function write(path: string, text: string): string {
  writeFileSync(join(project, path), text)
  return path
}

/** Every entry point and two programs. */
const programsFor = (name: string): string[] => [
  writeEverything(name),
  'programs/consumer.ts',
  'programs/round.ts',
]

describe.each(compilers)('TypeScript $version', ({ version, tsc }) => {
  test('a program for Node type-checks', () => {
    const programs = programsFor(`${version}-node`)
    // That Node can require ES modules is known since 5.8.
    if (version !== compilers[0]!.version) {
      const text =
        "import { simulate } from 'secagg/simulate'\nsimulate({ clients: 3, length: 1, bits: 8 })\n"
      programs.push(write(`${version}.cts`, text))
    }
    const strict = strictness['as strictly as possible']
    // A CommonJS file cannot be compiled verbatim.
    const options = { ...strict, verbatimModuleSyntax: false, ...modules.nodenext, ...nodes.usual }
    check(tsc, `${version}-node`, { ...options, lib: ['es2022'] }, programs)
  })

  test('a page type-checks', () => {
    const programs = [...programsFor(`${version}-page`), 'programs/sends.ts']
    check(
      tsc,
      `${version}-page`,
      { ...strictness['as strictly as possible'], ...modules.bundler, ...page },
      programs,
    )
  })

  test('a program with `strict` alone type-checks', () => {
    const options = { ...strictness.strictly, ...modules.node16, lib: ['es2022'] }
    // Each of Node's types is for the compilers of its time.
    const types = version === compilers[0]!.version ? nodes.oldest : nodes.newest
    check(tsc, `${version}-strict`, { ...options, ...types }, programsFor(`${version}-strict`))
  })
})

describe.each(Object.entries(strictness))('checked %s', (strict, options) => {
  describe.each(['bundler', 'node16'] as const)('modules resolved as by %s', (resolution) => {
    test.each([
      ['a page', page],
      ["with Node's types", { lib: ['es2022'], ...nodes.newest }],
      ["with Node's types and the types of pages", { lib: ['es2022', 'dom'], ...nodes.usual }],
    ])('%s', (place, types) => {
      const name = `${strict} ${resolution} ${place}`
      // Without `strict`, the compiler does not tell the kinds of an outcome apart, so the other programs do not compile.
      const programs = options.strict ? programsFor(name) : [writeEverything(name)]
      check(newest.tsc, name, { ...options, ...modules[resolution], ...types }, programs)
    })
  })
})

test('of the types of Node and of pages, the declarations need `AbortSignal` alone', () => {
  // React Native declares its own globals. It has an `AbortSignal`, but no `MessageChannel`, for example.
  const signal = write('signal.d.ts', 'interface AbortSignal { readonly aborted: boolean }\n')
  const options = { ...strictness.strictly, ...modules.bundler, lib: ['es2022'], types: [] }
  check(newest.tsc, 'bare', options, [signal, writeEverything('bare')])
})

test('a mistake is noticed', () => {
  const text = "import { simulate } from 'secagg/simulate'\nsimulate({ clients: '3' })\n"
  const options = { ...strictness['not strictly'], ...modules.bundler, ...page }
  expect(() => check(newest.tsc, 'mistake', options, [write('mistake.ts', text)])).toThrow('TS2322')
})
