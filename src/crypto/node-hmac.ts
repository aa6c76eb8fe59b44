import { type Bytes, LONGEST_AT_ONCE, portionsOf, wipe } from './bytes.js'
import type { Native } from './node-keys.js'

const BLOCK_LENGTH = 64
const DIGEST_LENGTH = 32

/** The longest message that is hashed in one call: most are shorter, since they are the input of a key derivation. */
const SHORT = 1024

/**
 * A function that computes HMAC-SHA-256 (RFC 2104) of the concatenation of `parts`.
 *
 * Short messages are hashed with two calls of Node's `hash`. An `Hmac` object takes as long, but the garbage collector needs
 * as long again to free it, and a client makes several for every peer.
 */
export function authenticator(native: Native): (key: Uint8Array, ...parts: readonly Uint8Array[]) => Bytes {
  const inner = new Uint8Array(BLOCK_LENGTH + SHORT)
  const outer = new Uint8Array(BLOCK_LENGTH + DIGEST_LENGTH)
  return (key, ...parts) => {
    let end = BLOCK_LENGTH
    for (const part of parts) end += part.length
    if (typeof native.hash !== 'function' || key.length > BLOCK_LENGTH || end > inner.length) {
      return streamed(native, key, parts)
    }
    inner.fill(0x36, 0, BLOCK_LENGTH)
    outer.fill(0x5c, 0, BLOCK_LENGTH)
    for (let i = 0; i < key.length; i++) {
      inner[i]! ^= key[i]!
      outer[i]! ^= key[i]!
    }
    let at = BLOCK_LENGTH
    for (const part of parts) {
      inner.set(part, at)
      at += part.length
    }
    const digest = native.hash('sha256', inner.subarray(0, end), 'buffer')
    outer.set(digest, BLOCK_LENGTH)
    const result = plain(native.hash('sha256', outer, 'buffer'))
    digest.fill(0)
    inner.fill(0, 0, end)
    outer.fill(0)
    return result
  }
}

function streamed(native: Native, key: Uint8Array, parts: readonly Uint8Array[]): Bytes {
  const state = native.createHmac('sha256', key)
  for (const part of parts) {
    for (const portion of portionsOf(part, LONGEST_AT_ONCE)) state.update(portion)
  }
  return plain(state.digest())
}

/** The result of a native call, copied into a plain array. The original is overwritten with zeros. */
export function plain(buffer: Uint8Array): Bytes {
  const bytes = new Uint8Array(buffer)
  wipe(buffer)
  return bytes
}
