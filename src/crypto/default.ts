import { shown } from '../arguments.js'
import { usageError } from '../errors.js'
import { agreesOnSecrets, agreesOnSignatures } from './known-answers.js'
import { nobleCrypto } from './noble.js'
import { nodeCrypto } from './node.js'
import type { OwnProvider, SuiteName } from './provider.js'
import { webCrypto } from './webcrypto.js'

/**
 * The fastest provider on this platform that has `suite`: Node's native cryptography if available, otherwise WebCrypto,
 * otherwise noble. If the native provider lacks the suite, as WebCrypto lacks `chacha`, noble's implementation of the suite
 * is added to it.
 *
 * Choosing a provider takes a few milliseconds. Keep the result instead of calling this function for each round.
 *
 * @param suite - The suite that the round uses. Default: `aes`.
 * @returns A provider whose `suites` include `suite`.
 * @throws {SecAggError} `invalid-argument` if `suite` is neither `aes` nor `chacha`.
 * @example
 * ```ts
 * import { defaultCrypto } from 'secagg/crypto'
 *
 * const crypto = await defaultCrypto('chacha')
 * console.log(crypto.suites.chacha?.keyLength) // 32
 * console.log(crypto.randomBytes(16).length) // 16
 * ```
 * @public
 */
export async function defaultCrypto(suite: SuiteName = 'aes'): Promise<OwnProvider> {
  if (suite !== 'aes' && suite !== 'chacha') {
    throw usageError('invalid-argument', "the suite must be 'aes' or 'chacha'", { got: shown(suite) })
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

/**
 * Node's provider, if its curves give the right answers. Runtimes that imitate Node, and Node with a restricted OpenSSL, may
 * have the module without the curves.
 */
async function dependableNodeCrypto(): Promise<OwnProvider | undefined> {
  const node = nodeCrypto()
  if (node === undefined) return undefined
  const isDependable = (await agreesOnSecrets(node.x25519)) && (await agreesOnSignatures(node.ed25519))
  return isDependable ? node : undefined
}
