import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { output, type Runtime, reportIn } from '../runtime.js'

const folder = fileURLToPath(new URL('../react-native/', import.meta.url))
const HERMES = join(folder, 'node_modules/hermes-engine-cli/linux64-bin/hermes')

/** More than the program draws. */
const RANDOM_BYTES = 65_536

/** In milliseconds. The interpreter needs half a minute if it is alone on the machine, and so does the bundler. */
const PATIENCE = 300_000

/**
 * Hermes, as React Native uses it: Metro bundles, the compiler makes bytecode, and the engine interprets that. `entry` is a file
 * of the project.
 */
export function reactNative(project: string, entry: string): Runtime[] {
  return [
    {
      name: 'Hermes',
      setting: 'as in React Native, by Metro',
      patience: 2 * PATIENCE,
      version: async () => {
        if (!existsSync(HERMES)) await output('npm', ['ci', ...QUIET], folder, PATIENCE)
        return /release version: ([\d.]+)/.exec(await output(HERMES, ['--version']))?.[1]
      },
      run: async () => {
        const [bundle, script, bytecode] = ['bundle.js', 'script.js', 'script.hbc'].map((name) =>
          join(project, `react-native-${name}`),
        ) as [string, string, string]
        const bundler = [join(folder, 'bundle.mjs'), project, join(project, entry), bundle]
        await output(process.execPath, bundler, project, PATIENCE)
        const randomness = `const randomness = '${randomBytes(RANDOM_BYTES).toString('hex')}'`
        const globals = readFileSync(join(folder, 'globals.js'), 'utf8')
        writeFileSync(script, [randomness, globals, readFileSync(bundle, 'utf8')].join('\n'))
        await output(HERMES, ['-w', '-O', '-emit-binary', '-out', bytecode, script], project, PATIENCE)
        return reportIn(await output(HERMES, ['-Xmicrotask-queue', bytecode], project, PATIENCE))
      },
    },
  ]
}

const QUIET = ['--silent', '--no-audit', '--no-fund', '--ignore-scripts'] as const
