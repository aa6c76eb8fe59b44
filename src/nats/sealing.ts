import { ascii, bytesToHex, concatBytes, requireLength, wipe } from '../crypto/bytes.js'
import { defaultCrypto } from '../crypto/default.js'
import type { CryptoProvider, SymmetricSuite } from '../crypto/provider.js'
import { usageError } from '../errors.js'

/** What a sealed message is. It is part of the derivation of its key, so that no message passes for one of another kind. */
export type Purpose = 'task' | 'seeds' | 'result' | 'request' | 'reply'

/** Seals and opens the messages of a cluster, and names them. */
export interface Seal {
  /**
   * The name of something: a MAC over `parts`, as 32 hexadecimal digits. Whoever does not have the key cannot test a guess
   * of what was named.
   */
  name(label: string, ...parts: readonly Uint8Array[]): Promise<string>
  /** Encrypts and authenticates `plaintext`, bound to its purpose and its name. */
  seal(purpose: Purpose, name: string, plaintext: Uint8Array): Promise<Uint8Array>
  /** The plaintext, in memory of its own, or `undefined` if the message was not sealed for this purpose and name. */
  open(purpose: Purpose, name: string, sealed: Uint8Array): Promise<Uint8Array | undefined>
}

/** The length of a cluster key, in bytes. */
export const CLUSTER_KEY_BYTES = 32

/** Each message has its own key, because `SymmetricSuite.seal` uses a key once. The salt makes it so. */
const SALT_BYTES = 16

/** The number of bytes by which sealing makes a message longer. */
export const SEAL_BYTES: number = SALT_BYTES + 16

const NO_SALT = new Uint8Array(0)

/**
 * Derives everything from one key that the coordinator, the workers and nobody else have.
 * @throws {SecAggError} `invalid-argument` unless the key is 32 bytes.
 */
export async function createSeal(clusterKey: Uint8Array): Promise<Seal> {
  requireLength('the key of a cluster', clusterKey, CLUSTER_KEY_BYTES)
  const crypto = await defaultCrypto('aes')
  const aes = aesOf(crypto)
  const own = Uint8Array.from(clusterKey)
  const derive = (label: string, salt: Uint8Array, length: number): Promise<Uint8Array> =>
    crypto.sha256.hkdf(own, salt, ascii(`secagg cluster ${label}`), length)
  const naming = await derive('names', NO_SALT, 32)
  return {
    name: async (label, ...parts) => {
      // Every part comes after its length, so that no two lists of parts have the same bytes.
      const framed = [ascii(label), ...parts].flatMap((part) => [lengthOf(part), part])
      return bytesToHex((await crypto.sha256.hmac(naming, concatBytes(...framed))).subarray(0, 16))
    },
    seal: async (purpose, name, plaintext) => {
      const salt = crypto.randomBytes(SALT_BYTES)
      const key = await derive(purpose, salt, aes.keyLength)
      const sealed = await aes.seal(key, ascii(`${purpose} ${name}`), plaintext)
      wipe(key)
      return concatBytes(salt, sealed)
    },
    open: async (purpose, name, sealed) => {
      if (sealed.length < SEAL_BYTES) return undefined
      // What the client of the broker returns are views of memory that it uses for other messages too.
      const own = Uint8Array.from(sealed)
      const key = await derive(purpose, own.subarray(0, SALT_BYTES), aes.keyLength)
      const opened = await aes.open(key, ascii(`${purpose} ${name}`), own.subarray(SALT_BYTES))
      wipe(key)
      return opened
    },
  }
}

function lengthOf(part: Uint8Array): Uint8Array {
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, part.length)
  return length
}

function aesOf(crypto: CryptoProvider): SymmetricSuite {
  const { aes } = crypto.suites
  if (aes === undefined) throw usageError('unsupported', 'this host has no AES')
  return aes
}
