import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installed, output, type Runtime, reportIn, versionOf } from '../runtime.js'

const deno = fileURLToPath(new URL('../../../node_modules/.bin/deno', import.meta.url))

/** Runtimes that run a file from the command line, in the project where the package is installed. */
export function commands(project: string): Runtime[] {
  const program = join(project, 'program.mjs')
  const command = (name: string, file: string, options: readonly string[]): Runtime => ({
    name,
    setting: 'main thread',
    fast: true,
    version: () => versionOf(file, '--version'),
    run: async () => reportIn(await output(file, [...options, program], project)),
  })
  return [
    ...[20, 22, 24, 26].map((major) => command(`Node ${major}`, installed(`node-${major}/bin/node`), [])),
    command('Deno', deno, ['run', '--quiet', '--allow-all']),
    command('Bun', installed('@oven/bun-linux-x64/bin/bun'), ['run']),
  ]
}
