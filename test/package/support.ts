import { type ExecFileSyncOptions, execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'

/** The fresh project, and the package in it. */
export const project: string = inject('project')
export const installed: string = join(project, 'node_modules/secagg')

interface Manifest {
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
}

export const manifest: Manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))

/** How programs import each of the entry points that are modules. */
export const specifiers: readonly string[] = Object.keys(manifest.exports)
  // Node and most bundlers do not import the compiled kernels.
  .filter((path) => path !== './package.json' && path !== './kernels.wasm')
  .map((path) => path.replace(/^\./, 'secagg'))

/** Writes a program that has every entry point whole, whatever the other programs use of them; its path. */
export function writeEverything(name: string): string {
  const path = join(project, `programs/${name}.ts`)
  const lines = specifiers.map((specifier, index) => `export * as entry${index} from '${specifier}'\n`)
  writeFileSync(path, lines.join(''))
  return path
}

const seen = { survivors: [0, 1, 2], sum: [3, 30, 300] }

/** What each program sees of a round, alone and with a pool of threads. */
export const EXPECTED: unknown = { alone: seen, pooled: { ...seen, threads: 2 } }

/** Runs Node in the project, and gives what it prints; what it complains about goes into the error. */
export function runNode(...options: string[]): string {
  const settings: ExecFileSyncOptions = { cwd: project, stdio: ['ignore', 'pipe', 'pipe'] }
  try {
    return execFileSync(process.execPath, options, settings).toString()
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: Buffer; stderr?: Buffer }
    throw new Error(`node ${options.join(' ')} failed:\n${stdout}${stderr}`)
  }
}
