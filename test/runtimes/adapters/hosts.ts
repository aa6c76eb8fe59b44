import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { installed, output, type Runtime, reportIn } from '../runtime.js'

/** Realms and engines that a script of `hosts` makes within Node. `script` is the file of the program, without modules. */
export function hosts(script: string): Runtime[] {
  const host = (name: string, file: string, setting: string, ...options: string[]): Runtime => ({
    name,
    setting,
    version: async () => versionOfPackage(file),
    run: async () => reportIn(await runHost(HOSTS[file] ?? file, script, ...options)),
  })
  return [
    host('jsdom', 'jsdom', 'window'),
    host('jsdom', 'jsdom', 'window with Node’s process', 'process'),
    host('Happy DOM', 'happy-dom', 'global window'),
    host('Edge runtime', '@edge-runtime/vm', 'as in Next.js'),
    host('QuickJS', 'quickjs-emscripten', 'with a random generator'),
  ]
}

const HOSTS: Readonly<Record<string, string>> = {
  '@edge-runtime/vm': 'edge',
  'quickjs-emscripten': 'quickjs',
}

/** The Node in which hosts run. */
export const NODE: string = installed('node-24/bin/node')

/** The file of a host. */
export function hostFile(name: string): string {
  return fileURLToPath(new URL(`../hosts/${name}.mjs`, import.meta.url))
}

function runHost(name: string, ...options: string[]): Promise<string> {
  return output(NODE, [hostFile(name), ...options])
}

/** The version of a package of `package.json`; `undefined` if it is not installed. */
export function versionOfPackage(name: string): string | undefined {
  const file = installed(`${name}/package.json`)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : undefined
}
