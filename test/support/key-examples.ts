import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { findSoftHsm } from '../../docs/examples/keys/token/soft-hsm.js'

const folder = fileURLToPath(new URL('../../docs/examples/keys/', import.meta.url))

/** What the tests of the key examples need and this machine does not have. */
export function missingForKeys(): readonly string[] {
  const { dependencies } = JSON.parse(readFileSync(`${folder}package.json`, 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>
  }
  const isInstalled = Object.keys(dependencies).every((name) => existsSync(`${folder}node_modules/${name}`))
  return [
    ...(findSoftHsm() === undefined ? ['softhsm2'] : []),
    ...(isInstalled ? [] : ['npm run check:keys']),
  ]
}
