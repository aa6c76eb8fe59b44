import { SecAggError } from '../errors.js'
import { equalBytes, isBytes, requireLength } from './bytes.js'
import { dependableProvider } from './dependable.js'
import { AES_CTR, CHACHA20, type CounterMode, readForward } from './keystream.js'
import type { CryptoProvider, SuiteName, SymmetricSuite } from './provider.js'

/** The part of `node:ffi` that is used here. Pointers are integers. */
interface Ffi {
  dlopen(path: null, definitions: typeof FUNCTIONS): { readonly functions: OpenSsl }
  getRawPointer(source: ArrayBufferView | ArrayBufferLike): bigint
}

/** Functions of the OpenSSL that is part of Node. A context is freed when the process ends. */
interface OpenSsl {
  EVP_CIPHER_CTX_new(): bigint
  EVP_aes_128_ctr(): bigint
  EVP_chacha20(): bigint
  EVP_EncryptInit_ex(context: bigint, cipher: bigint, engine: bigint, key: bigint, iv: bigint): number
  EVP_EncryptUpdate(context: bigint, out: bigint, outLength: bigint, input: bigint, length: number): number
}

const FUNCTIONS = {
  EVP_CIPHER_CTX_new: { return: 'pointer', arguments: [] },
  EVP_aes_128_ctr: { return: 'pointer', arguments: [] },
  EVP_chacha20: { return: 'pointer', arguments: [] },
  EVP_EncryptInit_ex: { return: 'i32', arguments: ['pointer', 'pointer', 'pointer', 'pointer', 'pointer'] },
  EVP_EncryptUpdate: { return: 'i32', arguments: ['pointer', 'pointer', 'pointer', 'pointer', 'i32'] },
} as const

/** The length of the zeros that are encrypted in one call. */
const ZEROS = 2 ** 17

/** The memory that OpenSSL reads key and counter block from, and writes a length to. Memory of its own does not move. */
const SCRATCH = { key: 0, counter: 32, written: 48, length: 64 } as const

/** Bytes of both suites that are compared before the result is used. */
const SAMPLE = { offset: 64 * 0x01020304, length: 192 } as const

/**
 * Makes the masks of a provider faster on Node 26 and later: OpenSSL writes the keystreams directly to where they are added,
 * through `node:ffi`. The bytes are the same.
 *
 * That module is experimental, and Node prints a warning when it is loaded. A program that uses Node's permission model has
 * to allow it with `--allow-ffi`. The workers of a pool do the same as the provider with which the pool is called.
 *
 * @param provider - A provider, usually `nodeCrypto()`.
 * @returns A provider with the same functions, except for the keystreams. The provider itself if the host does not have
 *   `node:ffi` or forbids it, or if the keystreams differ.
 * @throws {SecAggError} `invalid-argument` if `provider` is not a crypto provider.
 * @example
 * ```ts
 * import { defaultCrypto, withNodeFfi } from 'secagg/crypto'
 *
 * const crypto = withNodeFfi(await defaultCrypto())
 * console.log(crypto.suites.aes?.keyLength) // 16
 * ```
 * @experimental
 */
export function withNodeFfi<P extends CryptoProvider>(provider: P): P {
  dependableProvider(provider) // checks it, even where it is returned as it is
  const cipher = openCipher()
  if (cipher === undefined) return provider
  const { aes, chacha } = provider.suites
  const suites = { ...provider.suites }
  if (aes !== undefined) suites.aes = faster(aes, 'aes', AES_CTR, cipher)
  if (chacha !== undefined) suites.chacha = faster(chacha, 'chacha', CHACHA20, cipher)
  return { ...provider, suites }
}

/** Fills memory with the keystream that begins at a counter block. */
type Cipher = (suite: SuiteName, key: Uint8Array, block: Uint8Array, target: Uint8Array) => void

function openCipher(): Cipher | undefined {
  try {
    // The types of Node do not know it yet.
    const load = globalThis.process?.getBuiltinModule as ((name: string) => unknown) | undefined
    const ffi = load?.('node:ffi') as Ffi | undefined
    return ffi && cipherOf(ffi)
  } catch {
    return undefined // an OpenSSL without these functions, or a process that may not use the module
  }
}

/** The providers of a thread share a cipher: it has 128 KiB of zeros, and its OpenSSL context is never freed. */
const ciphers = new WeakMap<Ffi, Cipher>()

function cipherOf(ffi: Ffi): Cipher {
  const cipher = ciphers.get(ffi) ?? createCipher(ffi)
  ciphers.set(ffi, cipher)
  return cipher
}

function createCipher(ffi: Ffi): Cipher {
  const { functions: openssl } = ffi.dlopen(null, FUNCTIONS)
  const context = openssl.EVP_CIPHER_CTX_new()
  const kinds = { aes: openssl.EVP_aes_128_ctr(), chacha: openssl.EVP_chacha20() }
  const zeros = new Uint8Array(new ArrayBuffer(ZEROS))
  const scratch = new Uint8Array(new ArrayBuffer(SCRATCH.length))
  const written = new Int32Array(scratch.buffer, SCRATCH.written, 1)
  const input = ffi.getRawPointer(zeros)
  const at = ffi.getRawPointer(scratch)
  const [key, counter, length] = [at, at + BigInt(SCRATCH.counter), at + BigInt(SCRATCH.written)]
  if (context === 0n || kinds.aes === 0n || kinds.chacha === 0n) throw failure()
  return (suite, seed, block, target) => {
    scratch.set(seed, SCRATCH.key)
    scratch.set(block, SCRATCH.counter)
    const begun = openssl.EVP_EncryptInit_ex(context, kinds[suite], 0n, key, counter)
    scratch.fill(0)
    if (begun !== 1) throw failure()
    let out = target.length === 0 ? 0n : ffi.getRawPointer(target)
    for (let left = target.length; left > 0; left -= written[0]!, out += BigInt(written[0]!)) {
      // A pointer does not keep memory alive. That the zeros are used here does.
      const wanted = Math.min(left, zeros.length)
      if (openssl.EVP_EncryptUpdate(context, out, length, input, wanted) !== 1) throw failure()
      if (written[0] !== wanted) throw failure()
    }
  }
}

function faster(suite: SymmetricSuite, name: SuiteName, mode: CounterMode, cipher: Cipher): SymmetricSuite {
  const keystream: SymmetricSuite['keystream'] = (seed, offset) => {
    requireLength('a seed', seed, suite.keyLength)
    const key = Uint8Array.from(seed)
    let target: Uint8Array | undefined
    const { next } = readForward(mode, offset, (position, length) => {
      const piece = target ?? new Uint8Array(length)
      cipher(name, key, mode.block(position), piece)
      return piece
    })
    return {
      next,
      fill: (piece) => {
        target = piece
        try {
          next(piece.length)
        } finally {
          target = undefined // also if the call is refused or fails, so that no later call writes there
        }
      },
    }
  }
  const own = { ...suite, keystream }
  return isSame(own, suite) ? own : suite
}

/** Whether two suites make the same keystream. One that makes it asynchronously is not replaced. */
function isSame(own: SymmetricSuite, other: SymmetricSuite): boolean {
  const seed = Uint8Array.from({ length: own.keyLength }, (_, index) => 7 * index)
  const expected = other.keystream(seed, SAMPLE.offset).next(SAMPLE.length)
  const filled = new Uint8Array(SAMPLE.length + 1).subarray(1)
  own.keystream(seed, SAMPLE.offset).fill?.(filled)
  return isBytes(expected) && equalBytes(filled, expected)
}

function failure(): SecAggError {
  return new SecAggError('crypto-failure', 'crypto', 'OpenSSL did not make a keystream')
}
