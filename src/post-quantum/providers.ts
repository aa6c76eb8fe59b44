import { sha256 } from '@noble/hashes/sha2.js'
import { partsOf, reading, requireMethods } from '../arguments.js'
import { bytesToHex, equalBytes } from '../crypto/bytes.js'
import { dependableProvider } from '../crypto/dependable.js'
import { dependableEncapsulation } from '../crypto/dependable-encapsulation.js'
import { KEM_CIPHERTEXT_LENGTH, KEM_SEED_LENGTH, type KeyEncapsulation } from '../crypto/encapsulation.js'
import type { CryptoProvider, HybridKeyAgreement } from '../crypto/provider.js'
import { SecAggError } from '../errors.js'
import { hybridKeyAgreement } from '../protocol/hybrid/index.js'
import { nobleEncapsulation } from './noble-encapsulation.js'
import { nodeEncapsulation } from './node-encapsulation.js'
import { type MlKemFunctions, packageEncapsulation } from './package-encapsulation.js'
import { webEncapsulation } from './web-encapsulation.js'

/**
 * What {@link withPostQuantum} adds to a provider.
 * @public
 */
export interface PostQuantum {
  /** ML-KEM-768. */
  readonly mlKem768: KeyEncapsulation
  /** The steps of hybrid key agreement. */
  readonly hybrid: HybridKeyAgreement
}

/**
 * Options of {@link withPostQuantum}.
 * @public
 */
export interface PostQuantumOptions {
  /** ML-KEM-768. Default: the provider's own, or one that `withPostQuantum` chooses. */
  readonly mlKem768?: KeyEncapsulation | undefined
}

/**
 * Adds hybrid key agreement to a provider, and ML-KEM-768 if it has none: Node's own if it has one (24.7 and later), otherwise
 * WebCrypto's, otherwise that of the package `@noble/post-quantum`, which must then be installed. An implementation of the
 * platform is used only if it gives known answers.
 *
 * Choosing takes a few milliseconds. Keep the result instead of calling this function for each round.
 *
 * @param crypto - A provider, such as the one from `defaultCrypto`.
 * @param options - What the caller decides. Default: `{}`.
 * @returns A provider that calls `crypto`, and has `mlKem768` and `hybrid`.
 * @throws {SecAggError} `unsupported` if the platform has no ML-KEM-768 and the package is not installed;
 *   `invalid-argument` if `crypto` or an option lacks a part.
 * @example
 * ```ts
 * import { defaultCrypto } from 'secagg/crypto'
 * import { withPostQuantum } from 'secagg/post-quantum'
 *
 * const crypto = await withPostQuantum(await defaultCrypto('chacha'))
 * const publicKey = await crypto.mlKem768.publicKey(crypto.randomBytes(64))
 * console.log(publicKey.length) // 1184
 * ```
 * @public
 */
export async function withPostQuantum<P extends CryptoProvider>(
  crypto: P,
  options: PostQuantumOptions = {},
): Promise<P & PostQuantum> {
  const { mlKem768: given } = partsOf('the options of withPostQuantum', options)
  if (given !== undefined) dependableEncapsulation(given) // checks that it has all methods
  // Its methods, bound: a provider may be an instance of a class.
  const bound = reading('a crypto provider', () => ({ ...dependableProvider(crypto) }))
  const mlKem768 =
    given ?? bound.mlKem768 ?? (await nodeMlKem768()) ?? (await webMlKem768()) ?? (await nobleMlKem768())
  return { ...(bound as P), mlKem768, hybrid: hybridKeyAgreement }
}

/**
 * ML-KEM-768 by Node's `crypto` module.
 *
 * @returns The functions; `undefined` if this is not Node, or its OpenSSL has no ML-KEM, or gives wrong answers.
 * @example
 * ```ts
 * import { nobleMlKem768, nodeMlKem768 } from 'secagg/post-quantum'
 *
 * const kem = (await nodeMlKem768()) ?? (await nobleMlKem768())
 * console.log((await kem.publicKey(new Uint8Array(64))).length) // 1184
 * ```
 * @public
 */
export async function nodeMlKem768(): Promise<KeyEncapsulation | undefined> {
  return ifCorrect(nodeEncapsulation())
}

/**
 * ML-KEM-768 by WebCrypto, which Chromium has from about version 150 on.
 *
 * @returns The functions; `undefined` if the platform does not have them, or they give wrong answers.
 * @example
 * ```ts
 * import { nobleMlKem768, webMlKem768 } from 'secagg/post-quantum'
 *
 * const kem = (await webMlKem768()) ?? (await nobleMlKem768())
 * console.log((await kem.publicKey(new Uint8Array(64))).length) // 1184
 * ```
 * @public
 */
export async function webMlKem768(): Promise<KeyEncapsulation | undefined> {
  return ifCorrect(webEncapsulation())
}

/** What {@link nobleMlKem768} has returned. */
let noble: KeyEncapsulation | undefined

/**
 * ML-KEM-768 by the package `@noble/post-quantum`, in plain JavaScript. It runs everywhere and takes about half a millisecond
 * for an operation.
 *
 * @returns The functions.
 * @throws {SecAggError} `unsupported` if the package is not installed.
 * @example
 * ```ts
 * import { nobleMlKem768 } from 'secagg/post-quantum'
 *
 * const kem = await nobleMlKem768()
 * const seed = new Uint8Array(64)
 * const [sent] = await kem.encapsulate([await kem.publicKey(seed)])
 * const [received] = await kem.decapsulate(seed, [sent!.ciphertext])
 * console.log(received!.every((byte, index) => byte === sent!.secret[index])) // true
 * ```
 * @public
 */
export async function nobleMlKem768(): Promise<KeyEncapsulation> {
  try {
    // Imported here, and not where it is used, so that bundles can be made without the package.
    const { ml_kem768 } = await import('@noble/post-quantum/ml-kem.js')
    noble ??= nobleEncapsulation(ml_kem768)
    return noble
  } catch (cause) {
    const text = 'this platform does not have ML-KEM-768: install the package @noble/post-quantum'
    throw new SecAggError('unsupported', 'crypto', text, { cause })
  }
}

/**
 * ML-KEM-768 by the functions of a package, such as one in WebAssembly, for platforms that do not have it themselves. The
 * functions must give known answers. Pass the result to {@link withPostQuantum} as `mlKem768`.
 *
 * @param functions - The functions. Packages name them and their results differently, so they usually need a few lines.
 * @returns The functions that a provider has, with checks of arguments and results.
 * @throws {SecAggError} `invalid-argument` if a function is missing; `crypto-failure` if one throws or gives a wrong answer.
 * @example
 * ```ts
 * import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
 * import { customMlKem768 } from 'secagg/post-quantum'
 *
 * const kem = await customMlKem768({
 *   keygen: ml_kem768.keygen,
 *   encapsulate: (publicKey) => {
 *     const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey)
 *     return { ciphertext: cipherText, sharedSecret }
 *   },
 *   decapsulate: ml_kem768.decapsulate,
 * })
 * console.log((await kem.publicKey(new Uint8Array(64))).length) // 1184
 * ```
 * @public
 */
export async function customMlKem768(functions: MlKemFunctions): Promise<KeyEncapsulation> {
  requireMethods('the functions of ML-KEM-768', functions, 'keygen', 'encapsulate', 'decapsulate')
  const kem = dependableEncapsulation(packageEncapsulation(functions))
  if (await isCorrect(kem)) return kem
  throw new SecAggError('crypto-failure', 'crypto', 'the functions of ML-KEM-768 give wrong answers')
}

/** SHA-256 of the public key of a seed of zeros, and the secret that it gives for a ciphertext of zeros. */
const KNOWN = {
  publicKey: 'f95c185fe5b2335d2fc938dd889c6425944acd74376b6952bf1130f720f6ba99',
  secret: '0419c6fa226891f68d792ae5e5a2929f2876ecf86dc7bb27ee0b3563320adb8f',
} as const

/** Returns `kem` if it gives right answers. */
async function ifCorrect(kem: KeyEncapsulation | undefined): Promise<KeyEncapsulation | undefined> {
  try {
    return kem !== undefined && (await isCorrect(kem)) ? kem : undefined
  } catch {
    return undefined // the platform does not know the algorithm
  }
}

/**
 * Whether `kem` gives known answers, the one for a rejected ciphertext included, and agrees with itself. Two secrets for the same
 * key differ, unless it has no randomness, or gives out memory that it uses again.
 */
async function isCorrect(kem: KeyEncapsulation): Promise<boolean> {
  const seed = new Uint8Array(KEM_SEED_LENGTH)
  const publicKey = await kem.publicKey(seed)
  const [sent, other] = await kem.encapsulate([publicKey, publicKey])
  const ciphertexts = [sent!.ciphertext, other!.ciphertext, new Uint8Array(KEM_CIPHERTEXT_LENGTH)]
  const [received, second, rejected] = await kem.decapsulate(seed, ciphertexts)
  return (
    bytesToHex(sha256(publicKey)) === KNOWN.publicKey &&
    equalBytes(received!, sent!.secret) &&
    equalBytes(second!, other!.secret) &&
    !equalBytes(received!, second!) &&
    bytesToHex(rejected!) === KNOWN.secret
  )
}
