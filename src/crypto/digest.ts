import { sha256 } from '@noble/hashes/sha2.js'
import { builtinModule } from './builtin.js'
import { type Bytes, LONGEST_AT_ONCE, plainBytes } from './bytes.js'

const native = builtinModule('node:crypto')

/** Hashes as {@link digestOf} does. */
export type Digest = (bytes: Uint8Array) => Bytes

/** SHA-256 of a message, a key or a ciphertext, which can be long. Node hashes it several times as fast as JavaScript. */
export function digestOf(bytes: Uint8Array): Bytes {
  return typeof native?.hash === 'function' && bytes.length <= LONGEST_AT_ONCE
    ? new Uint8Array(native.hash('sha256', plainBytes(bytes), 'buffer'))
    : sha256(bytes)
}

/** A function that hashes each array once. Arrays must not change while it is in use. */
export function digestOnce(): Digest {
  const known = new Map<Uint8Array, Bytes>()
  return (bytes) => {
    let digest = known.get(bytes)
    if (digest === undefined) {
      digest = digestOf(bytes)
      known.set(bytes, digest)
    }
    return digest
  }
}
