import { existsSync } from 'node:fs'

/** Where systems put SoftHSM's library. */
const LIBRARIES = [
  process.env.SOFTHSM2_LIBRARY,
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
]

export function findSoftHsm(): string | undefined {
  return LIBRARIES.find((path) => path !== undefined && existsSync(path))
}
