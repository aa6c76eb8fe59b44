import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { findSoftHsm } from '../../docs/examples/keys/token/soft-hsm.js'

const packages = fileURLToPath(new URL('../../docs/examples/keys/node_modules/pkcs11js', import.meta.url))

/** What the tests of the key examples need and this machine does not have. */
export function missingForKeys(): readonly string[] {
  return [
    ...(findSoftHsm() === undefined ? ['softhsm2'] : []),
    ...(existsSync(packages) ? [] : ['npm ci --prefix docs/examples/keys']),
  ]
}
