import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findSoftHsm } from './soft-hsm.js'
import type { TokenOptions } from './token.js'

export interface SoftToken extends TokenOptions {
  remove(): void
}

/** Makes an empty token in a temporary folder, in place of a real one. */
export function createSoftToken(): SoftToken {
  const library = findSoftHsm()
  if (library === undefined) throw new Error('SoftHSM is not installed (Debian: apt-get install softhsm2)')
  const folder = mkdtempSync(join(tmpdir(), 'secagg-token-'))
  mkdirSync(join(folder, 'tokens'))
  const config = join(folder, 'softhsm2.conf')
  writeFileSync(config, `directories.tokendir = ${join(folder, 'tokens')}\nlog.level = ERROR\n`)
  // Read by the library when it is loaded, and by the command.
  process.env.SOFTHSM2_CONF = config
  const [label, pin] = ['clients', '1234']
  const options = ['--init-token', '--free', '--label', label, '--pin', pin, '--so-pin', '5678']
  execFileSync('softhsm2-util', options, { stdio: 'pipe' })
  return { library, label, pin, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
