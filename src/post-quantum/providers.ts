import { sha256 } from '@noble/hashes/sha2.js'
import { reading } from '../arguments.js'
import { bytesToHex, equalBytes } from '../crypto/bytes.js'
import { dependableProvider } from '../crypto/dependable.js'
import { KEM_CIPHERTEXT_LENGTH, KEM_SEED_LENGTH, type KeyEncapsulation } from '../crypto/encapsulation.js'
import type { CryptoProvider, HybridKeyAgreement } from '../crypto/provider.js'
import { SecAggError } from '../errors.js'
import { hybridKeyAgreement } from '../protocol/hybrid/index.js'
import { nobleEncapsulation } from './noble-encapsulation.js'
import { nodeEncapsulation } from './node-encapsulation.js'
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
 * Adds hybrid key agreement to a provider, and ML-KEM-768 if it has none: Node's own if it has one (24.7 and later), otherwise
 * WebCrypto's, otherwise that of the package `@noble/post-quantum`, which must then be installed. An implementation of the
 * platform is used only if it gives known answers.
 *
 * Choosing takes a few milliseconds. Keep the result instead of calling this function for each round.
 *
 * @param crypto - A provider, such as the one from `defaultCrypto`.
 * @returns A provider that calls `crypto`, and has `mlKem768` and `hybrid`.
 * @throws {SecAggError} `unsupported` if the platform has no ML-KEM-768 and the package is not installed;
 *   `invalid-argument` if `crypto` lacks a part.
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
export async function withPostQuantum<P extends CryptoProvider>(crypto: P): Promise<P & PostQuantum> {
  // Its methods, bound: a provider may be an instance of a class.
  const bound = reading('a crypto provider', () => ({ ...dependableProvider(crypto) }))
  const mlKem768 =
    bound.mlKem768 ?? (await nodeMlKem768()) ?? (await webMlKem768()) ?? (await nobleMlKem768())
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

/** SHA-256 of the public key of a seed of zeros, and the secret that it gives for a ciphertext of zeros. */
const KNOWN = {
  publicKey: 'f95c185fe5b2335d2fc938dd889c6425944acd74376b6952bf1130f720f6ba99',
  secret: '0419c6fa226891f68d792ae5e5a2929f2876ecf86dc7bb27ee0b3563320adb8f',
} as const

/** Returns `kem` if it gives known answers, the one for a rejected ciphertext included, and agrees with itself. */
async function ifCorrect(kem: KeyEncapsulation | undefined): Promise<KeyEncapsulation | undefined> {
  if (kem === undefined) return undefined
  const seed = new Uint8Array(KEM_SEED_LENGTH)
  try {
    const publicKey = await kem.publicKey(seed)
    const [sent] = await kem.encapsulate([publicKey])
    const ciphertexts = [sent!.ciphertext, new Uint8Array(KEM_CIPHERTEXT_LENGTH)]
    const [received, rejected] = await kem.decapsulate(seed, ciphertexts)
    const isCorrect =
      bytesToHex(sha256(publicKey)) === KNOWN.publicKey &&
      equalBytes(received!, sent!.secret) &&
      bytesToHex(rejected!) === KNOWN.secret
    return isCorrect ? kem : undefined
  } catch {
    return undefined // the platform does not know the algorithm
  }
}
