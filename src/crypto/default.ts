import { shown } from '../arguments.js'
import { usageError } from '../errors.js'
import { agreesOnSecrets, agreesOnSignatures } from './dependable.js'
import { nobleCrypto } from './noble.js'
import { nodeCrypto } from './node.js'
import type { OwnProvider, SuiteName } from './provider.js'
import { webCrypto } from './webcrypto.js'

/**
 * The fastest provider here that has `suite` (by default `aes`): Node's native cryptography, else WebCrypto, else
 * noble. Where the native one lacks the suite, as WebCrypto lacks `chacha`, it is completed with noble's.
 *
 * Finding out takes a few milliseconds; keep the result rather than asking for each round.
 *
 * @throws {SecAggError} `invalid-argument` for another suite.
 * @public
 */
export async function defaultCrypto(suite: SuiteName = 'aes'): Promise<OwnProvider> {
  if (suite !== 'aes' && suite !== 'chacha') {
    throw usageError('invalid-argument', "the suite is 'aes' or 'chacha'", { got: shown(suite) })
  }
  const native = (await dependableNodeCrypto()) ?? (await webCrypto())
  const noble = nobleCrypto()
  if (native === undefined) return noble
  if (native.suites[suite] !== undefined) return native
  return {
    ...native,
    name: `${native.name}+${noble.name}`,
    suites: { ...native.suites, [suite]: noble.suites[suite] },
  }
}

/** Runtimes that imitate Node, and Node under a restricted OpenSSL, may have the module and not the curves. */
async function dependableNodeCrypto(): Promise<OwnProvider | undefined> {
  const node = nodeCrypto()
  if (node === undefined) return undefined
  const isDependable = (await agreesOnSecrets(node.x25519)) && (await agreesOnSignatures(node.ed25519))
  return isDependable ? node : undefined
}
