import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
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

/** What a program sees where it asks for all there is, with nothing of the library taken on trust. */
const strict = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  target: 'es2022',
  noEmit: true,
}

const settings = {
  'a program for Node': {
    module: 'nodenext',
    moduleResolution: 'nodenext',
    lib: ['es2022'],
    types: ['node'],
  },
  'a page': { module: 'esnext', moduleResolution: 'bundler', lib: ['es2022', 'dom'], types: [] },
  'a program with `strict` alone': {
    module: 'node16',
    moduleResolution: 'node16',
    lib: ['es2022'],
    types: ['node'],
    exactOptionalPropertyTypes: false,
    noUncheckedIndexedAccess: false,
  },
}

function check(tsc: string, name: string, options: object, files: readonly string[]): void {
  const path = `tsconfig.${name}.json`
  writeFileSync(join(project, path), JSON.stringify({ compilerOptions: { ...strict, ...options }, files }))
  expect(runNode(tsc, '--project', path)).toBe('')
}

function write(path: string, text: string): string {
  writeFileSync(join(project, path), text)
  return path
}

describe.each(compilers)('TypeScript $version', ({ version, tsc }) => {
  test.each(Object.entries(settings))('%s type-checks', (_name, options) => {
    const name = `${version}-${options.moduleResolution}`
    const programs = [writeEverything(name), 'programs/consumer.ts', 'programs/round.ts']
    if (options.moduleResolution === 'bundler') programs.push('programs/sends.ts')
    // That Node can require ES modules is known since 5.8.
    if (options.module === 'nodenext' && version !== compilers[0]!.version) {
      programs.push(
        write(
          `${name}.cts`,
          "import { simulate } from 'secagg/simulate'\nsimulate({ clients: 3, length: 1, bits: 8 })\n",
        ),
      )
    }
    check(tsc, name, options, programs)
  })
})

test('a mistake is noticed', () => {
  const { version, tsc } = compilers.at(-1)!
  const path = write(
    `${version}.ts`,
    "import { simulate } from 'secagg/simulate'\nsimulate({ clients: '3' })\n",
  )
  expect(() => check(tsc, `${version}-mistake`, settings['a page'], [path])).toThrow('TS2322')
})
