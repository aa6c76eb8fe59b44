import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { instrument, transpile } from './instrument.js'

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url))

/** Everything that fuzzing writes; within the repository, so that the packages are found from the built code. */
export const WORKPLACE: string = join(REPOSITORY, '.fuzz')

/** Where the built code lies. */
export const BUILT: string = join(WORKPLACE, 'build')

/** The counters of one folder of the sources. */
export interface Layer {
  readonly folder: string
  readonly counters: readonly number[]
}

/** Builds sources and tests file by file, the sources instrumented. */
export function buildTargets(): readonly Layer[] {
  rmSync(BUILT, { recursive: true, force: true })
  const layers = new Map<string, number[]>()
  let counters = 0
  for (const file of [...sourcesIn('src'), ...sourcesIn('test')]) {
    const source = readFileSync(join(REPOSITORY, file), 'utf8')
    const target = join(BUILT, file.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(target), { recursive: true })
    if (file.startsWith('src')) {
      const { code, counters: own } = instrument(source, counters)
      const folder = file
        .split('/')
        .slice(0, 2)
        .join('/')
        .replace(/[^/]*\.ts$/, '')
      const layer = layers.get(folder) ?? []
      for (let i = 0; i < own; i++) layer.push(counters++)
      layers.set(folder, layer)
      writeFileSync(target, code)
    } else {
      writeFileSync(target, transpile(source).outputText)
    }
  }
  // The tests' `secagg` is then the sources, and not the package that was built last.
  const { name, type, exports } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8'))
  writeFileSync(
    join(BUILT, 'package.json'),
    JSON.stringify({ name, type, exports }).replaceAll('./dist/', './src/'),
  )
  return [...layers]
    .map(([folder, own]) => ({ folder, counters: own }))
    .sort((a, b) => (a.folder < b.folder ? -1 : 1))
}

function sourcesIn(folder: string): string[] {
  return readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => join(folder, file))
}
