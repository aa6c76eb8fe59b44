import { shown } from '../arguments.js'
import { usageError } from '../errors.js'
import { agreesOnSecrets, agreesOnSignatures } from './known-answers.js'
import { nobleCrypto } from './noble.js'
import { nodeCrypto } from './node.js'
import type { OwnProvider, SuiteName, SymmetricSuite } from './provider.js'
import { webCrypto } from './webcrypto.js'

/**
 * The fastest provider on this platform that has `suite`: Node's native cryptography if available, otherwise WebCrypto,
 * otherwise noble. If WebCrypto makes the keystream of `aes` faster than Node's module, as in Deno and workerd, it makes that
 * one; this is measured, in less than a millisecond on most machines. If the native provider lacks the suite, as WebCrypto lacks
 * `chacha`, noble's implementation of the suite is added to it.
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
  const native = (await fastestNodeCrypto(suite)) ?? (await webCrypto())
  const noble = nobleCrypto()
  if (native === undefined) return noble
  if (native.suites[suite] !== undefined) return native
  return {
    ...native,
    name: `${native.name}+${noble.name}`,
    suites: { ...native.suites, [suite]: noble.suites[suite] },
  }
}

/** How many bytes of keystream are timed at a time. */
const TIMED_BYTES = 65_536

/** How often. On a busy machine, few samples are not interrupted. So a difference that is not clear is looked at for longer. */
const FEWEST_SAMPLES = 4
const MOST_SAMPLES = 16

/** The times differ by more than this if the difference is clear. */
const CLEARLY = 2

/**
 * How much faster WebCrypto has to be, so that chance does not decide between providers that are about equally fast. In Node
 * itself it takes three times as long as the module.
 */
const MUCH_FASTER = 1.25

/**
 * Node's provider, with the keystream of WebCrypto for `aes` if that is faster: some runtimes imitate Node slowly. If the clock
 * stands still during work, as in Cloudflare's network, this is such a runtime.
 */
async function fastestNodeCrypto(suite: SuiteName): Promise<OwnProvider | undefined> {
  const node = await dependableNodeCrypto()
  const { aes } = node?.suites ?? {}
  if (node === undefined || suite !== 'aes' || aes === undefined) return node
  const web = typeof performance === 'undefined' ? undefined : await webCrypto()
  const other = web?.suites.aes
  if (web === undefined || other === undefined) return node
  const [ofNode, ofWeb] = await timesOfKeystreams(aes, other)
  if (ofNode > 0 && ofNode <= MUCH_FASTER * ofWeb) return node
  const faster = { ...aes, keystream: other.keystream }
  return { ...node, name: `${node.name}+${web.name}`, suites: { ...node.suites, aes: faster } }
}

/** The minimum of some samples of each, in turns, in milliseconds. */
async function timesOfKeystreams(
  ...suites: readonly [SymmetricSuite, SymmetricSuite]
): Promise<[number, number]> {
  const streams = suites.map(({ keystream, keyLength }) => keystream(new Uint8Array(keyLength), 0))
  const times: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let sample = 0; sample < MOST_SAMPLES; sample++) {
    for (const [index, stream] of streams.entries()) {
      const start = performance.now()
      const piece = await stream.next(TIMED_BYTES)
      times[index] = Math.min(times[index]!, performance.now() - start)
      stream.release?.(piece)
    }
    if (sample + 1 >= FEWEST_SAMPLES && Math.max(...times) > CLEARLY * Math.min(...times)) break
  }
  return times
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
