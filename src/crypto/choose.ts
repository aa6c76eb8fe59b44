import { chachaSuite } from './chacha.js'
import { agreesOnAes, agreesOnHashes, agreesOnSecrets, agreesOnSignatures } from './known-answers.js'
import { nodeCrypto } from './node.js'
import type { Fallbacks, OwnProvider, SuiteName, SymmetricSuite } from './provider.js'
import { webAes, webCryptoWith } from './webcrypto.js'

/**
 * The fastest provider on this platform that has `suite`: Node's, otherwise WebCrypto's, otherwise the fallback. A suite that it
 * lacks is added to it. ChaCha20 does not come from the fallbacks: no browser has it, and a service worker cannot load it later.
 *
 * @throws {SecAggError} `unsupported` if something is missing that cannot be loaded.
 */
export async function chooseCrypto(suite: SuiteName, fallbacks: Fallbacks): Promise<OwnProvider> {
  const native = (await fastestNodeCrypto(suite)) ?? (await webCryptoWith(fallbacks))
  const provider = native ?? (await fallbacks.provider())
  if (provider.suites[suite] !== undefined) return provider
  const added = suite === 'chacha' ? chachaSuite : (await fallbacks.provider()).suites.aes
  const name = provider.name.endsWith('noble') ? provider.name : `${provider.name}+noble`
  return { ...provider, name, suites: { ...provider.suites, [suite]: added } }
}

/** Fallbacks for a program that has all of noble anyway. */
export function alreadyLoaded(noble: OwnProvider): Fallbacks {
  return { curves: async () => noble, provider: async () => noble }
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
  const other = webAes()
  // The keystream of WebCrypto must be the same, and some runtimes have a clock that only throws.
  if (other === undefined || !(await agreesOnAes(other))) return node
  const times = await timesOfKeystreams(aes, other).catch(() => undefined)
  if (times === undefined || (times[0] > 0 && times[0] <= MUCH_FASTER * times[1])) return node
  const faster = { ...aes, keystream: other.keystream }
  return { ...node, name: `${node.name}+webcrypto`, suites: { ...node.suites, aes: faster } }
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
 * Node's provider, if it gives the right answers. Runtimes that imitate Node, and Node with a restricted OpenSSL, may have the
 * module without the curves, or functions that only throw.
 */
async function dependableNodeCrypto(): Promise<OwnProvider | undefined> {
  const node = nodeCrypto()
  if (node === undefined) return undefined
  const { x25519, ed25519, sha256, suites } = node
  const isDependable =
    (await agreesOnSecrets(x25519)) &&
    (await agreesOnSignatures(ed25519)) &&
    (await agreesOnHashes(sha256)) &&
    (suites.aes === undefined || (await agreesOnAes(suites.aes)))
  return isDependable ? node : undefined
}
