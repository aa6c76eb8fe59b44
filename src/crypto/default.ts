import { partsOf, shown } from '../arguments.js'
import { SecAggError, usageError } from '../errors.js'
import { alreadyLoaded, chooseCrypto } from './choose.js'
import { dependableProvider } from './dependable.js'
import type { Fallbacks, OwnProvider, SuiteName } from './provider.js'
import { webCryptoWith } from './webcrypto.js'

/**
 * Options of {@link defaultCrypto} and {@link webCrypto}.
 * @public
 */
export interface FallbackOptions {
  /**
   * Replaces the primitives that the platform lacks: the result of {@link nobleCrypto}. By default, the library loads its own
   * modules for that, with `import()`, and only on platforms that lack something. Set this option where `import()` fails: in a
   * service worker whose bundler splits code, or if the bundle has to be one file and the bundler does not inline `import()`.
   */
  readonly fallback?: OwnProvider | undefined
}

/**
 * The fastest provider on this platform that has `suite`: Node's native cryptography if available, otherwise WebCrypto,
 * otherwise noble. If WebCrypto makes the keystream of `aes` faster than Node's module, as in Deno and workerd, it makes that
 * one; this is measured, in less than a millisecond on most machines. If the native provider lacks the suite, as WebCrypto lacks
 * `chacha`, noble's implementation of the suite is added to it.
 *
 * The modules for platforms without native X25519, Ed25519 or AES are loaded with `import()` when they are needed. Bundlers that
 * split code make a chunk of them, which most pages never load.
 *
 * Choosing a provider takes a few milliseconds. Keep the result instead of calling this function for each round.
 *
 * @param suite - The suite that the round uses. Default: `aes`.
 * @param options - What replaces the primitives that the platform lacks. Default: `{}`.
 * @returns A provider whose `suites` include `suite`, unless the platform lacks AES and so does the given fallback.
 * @throws {SecAggError} `invalid-argument` if `suite` is neither `aes` nor `chacha`, or an option is of the wrong kind.
 *   `unsupported` if the platform lacks a primitive, and what replaces it cannot be loaded; see {@link FallbackOptions}.
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
export async function defaultCrypto(
  suite: SuiteName = 'aes',
  options: FallbackOptions = {},
): Promise<OwnProvider> {
  if (suite !== 'aes' && suite !== 'chacha') {
    throw usageError('invalid-argument', "the suite must be 'aes' or 'chacha'", { got: shown(suite) })
  }
  return chooseCrypto(suite, fallbacksOf(options))
}

/**
 * The provider built on WebCrypto. It has the suite `aes` if the platform has AES. For X25519 and for Ed25519 it uses
 * the platform's implementation if that gives the answers stated in the RFCs, otherwise noble's, which it loads then.
 *
 * @param options - What replaces the curves that the platform lacks. Default: `{}`.
 * @returns The provider; `undefined` if the platform has no `crypto.subtle`, as in a page that is not a secure context, or one
 *   without HMAC or HKDF.
 * @throws {SecAggError} `unsupported` if the platform has no suitable X25519 and noble's cannot be loaded; see
 *   {@link FallbackOptions}. If only Ed25519 is missing, each of its functions tries again and throws this error, because the
 *   honest-but-curious model does not call them. `invalid-argument` if an option is of the wrong kind.
 * @example
 * ```ts
 * import { webCrypto } from 'secagg/crypto'
 *
 * const crypto = await webCrypto()
 * console.log(Object.keys(crypto?.suites ?? {})) // [ 'aes' ]
 * ```
 * @public
 */
export async function webCrypto(options: FallbackOptions = {}): Promise<OwnProvider | undefined> {
  return webCryptoWith(fallbacksOf(options))
}

/** @throws {SecAggError} `invalid-argument` if the fallback is not a crypto provider. */
function fallbacksOf(options: FallbackOptions): Fallbacks {
  const { fallback } = partsOf('the options of a crypto provider', options)
  if (fallback === undefined) return ON_DEMAND
  dependableProvider(fallback)
  return alreadyLoaded(fallback)
}

// The names are written out, because bundlers look for them. They put each module into a chunk, or into their only file.
const ON_DEMAND: Fallbacks = {
  async curves() {
    return (await loaded('X25519 or Ed25519', () => import('./noble-curves.js'))).nobleCurves
  },
  async provider() {
    return (await loaded('native cryptography', () => import('./noble.js'))).nobleCrypto()
  },
}

async function loaded<T>(what: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    throw new SecAggError(
      'unsupported',
      'crypto',
      `the platform lacks ${what}, and import() of what replaces it failed. Import nobleCrypto from 'secagg/crypto', ` +
        'and pass crypto: await defaultCrypto(suite, { fallback: nobleCrypto() })',
      { cause },
    )
  }
}
