import { poly1305 } from '@noble/ciphers/_poly1305.js'
import { type Bytes, equalBytes, requireLength, requireSealing, wipe } from './bytes.js'
import { CHACHA20, readForward } from './keystream.js'
import type { SymmetricSuite } from './provider.js'

/** ChaCha20-Poly1305 and ChaCha20 (RFC 8439). */
export const chachaSuite: SymmetricSuite = {
  keyLength: 32,
  async seal(key, associatedData, plaintext) {
    requireLength('a ChaCha20 key', key, 32)
    requireSealing(associatedData, plaintext)
    return sealWithChaCha20(key, associatedData, plaintext)
  },
  async open(key, associatedData, sealed) {
    requireLength('a ChaCha20 key', key, 32)
    requireSealing(associatedData, sealed)
    return openWithChaCha20(key, associatedData, sealed)
  },
  keystream(seed, offset) {
    requireLength('a ChaCha20 key', seed, 32)
    const key = Uint8Array.from(seed)
    const words = new Int32Array(key.buffer)
    const reader = readForward(CHACHA20, offset, (position, length) => {
      const blocks = new Int32Array(16 * Math.ceil(length / 64))
      fillWithChaCha20(blocks, words, position / 64)
      return new Uint8Array(blocks.buffer, 0, length)
    })
    return { ...reader, chacha20Key: key }
  },
}

/** The words of "expand 32-byte k" (RFC 8439, section 2.3). */
const C0 = 0x61707865
const C1 = 0x3320646e
const C2 = 0x79622d32
const C3 = 0x6b206574

/** The words of a key. */
type Words = readonly [number, number, number, number, number, number, number, number]

/**
 * Fills `out` with ChaCha20 keystream (RFC 8439, section 2.3, nonce 0) from block `counter` on. `key` has 8 words, and `out` a
 * multiple of 16. The rotations are written out: in an engine that only interprets, as on phones, calls of functions take
 * most of the time of noble's ChaCha20.
 */
function fillWithChaCha20(out: Int32Array, key: Int32Array, counter: number): void {
  const [k0, k1, k2, k3, k4, k5, k6, k7] = key as unknown as Words
  // biome-ignore format: a line is half a quarter round.
  for (let at = 0, block = counter | 0; at < out.length; at += 16, block++) {
    let x0 = C0, x1 = C1, x2 = C2, x3 = C3, x4 = k0, x5 = k1, x6 = k2, x7 = k3
    let x8 = k4, x9 = k5, x10 = k6, x11 = k7, x12 = block, x13 = 0, x14 = 0, x15 = 0
    for (let round = 0; round < 20; round += 2) {
      x0 = (x0 + x4) | 0; x12 ^= x0; x12 = (x12 << 16) | (x12 >>> 16); x8 = (x8 + x12) | 0; x4 ^= x8; x4 = (x4 << 12) | (x4 >>> 20)
      x0 = (x0 + x4) | 0; x12 ^= x0; x12 = (x12 << 8) | (x12 >>> 24); x8 = (x8 + x12) | 0; x4 ^= x8; x4 = (x4 << 7) | (x4 >>> 25)
      x1 = (x1 + x5) | 0; x13 ^= x1; x13 = (x13 << 16) | (x13 >>> 16); x9 = (x9 + x13) | 0; x5 ^= x9; x5 = (x5 << 12) | (x5 >>> 20)
      x1 = (x1 + x5) | 0; x13 ^= x1; x13 = (x13 << 8) | (x13 >>> 24); x9 = (x9 + x13) | 0; x5 ^= x9; x5 = (x5 << 7) | (x5 >>> 25)
      x2 = (x2 + x6) | 0; x14 ^= x2; x14 = (x14 << 16) | (x14 >>> 16); x10 = (x10 + x14) | 0; x6 ^= x10; x6 = (x6 << 12) | (x6 >>> 20)
      x2 = (x2 + x6) | 0; x14 ^= x2; x14 = (x14 << 8) | (x14 >>> 24); x10 = (x10 + x14) | 0; x6 ^= x10; x6 = (x6 << 7) | (x6 >>> 25)
      x3 = (x3 + x7) | 0; x15 ^= x3; x15 = (x15 << 16) | (x15 >>> 16); x11 = (x11 + x15) | 0; x7 ^= x11; x7 = (x7 << 12) | (x7 >>> 20)
      x3 = (x3 + x7) | 0; x15 ^= x3; x15 = (x15 << 8) | (x15 >>> 24); x11 = (x11 + x15) | 0; x7 ^= x11; x7 = (x7 << 7) | (x7 >>> 25)
      x0 = (x0 + x5) | 0; x15 ^= x0; x15 = (x15 << 16) | (x15 >>> 16); x10 = (x10 + x15) | 0; x5 ^= x10; x5 = (x5 << 12) | (x5 >>> 20)
      x0 = (x0 + x5) | 0; x15 ^= x0; x15 = (x15 << 8) | (x15 >>> 24); x10 = (x10 + x15) | 0; x5 ^= x10; x5 = (x5 << 7) | (x5 >>> 25)
      x1 = (x1 + x6) | 0; x12 ^= x1; x12 = (x12 << 16) | (x12 >>> 16); x11 = (x11 + x12) | 0; x6 ^= x11; x6 = (x6 << 12) | (x6 >>> 20)
      x1 = (x1 + x6) | 0; x12 ^= x1; x12 = (x12 << 8) | (x12 >>> 24); x11 = (x11 + x12) | 0; x6 ^= x11; x6 = (x6 << 7) | (x6 >>> 25)
      x2 = (x2 + x7) | 0; x13 ^= x2; x13 = (x13 << 16) | (x13 >>> 16); x8 = (x8 + x13) | 0; x7 ^= x8; x7 = (x7 << 12) | (x7 >>> 20)
      x2 = (x2 + x7) | 0; x13 ^= x2; x13 = (x13 << 8) | (x13 >>> 24); x8 = (x8 + x13) | 0; x7 ^= x8; x7 = (x7 << 7) | (x7 >>> 25)
      x3 = (x3 + x4) | 0; x14 ^= x3; x14 = (x14 << 16) | (x14 >>> 16); x9 = (x9 + x14) | 0; x4 ^= x9; x4 = (x4 << 12) | (x4 >>> 20)
      x3 = (x3 + x4) | 0; x14 ^= x3; x14 = (x14 << 8) | (x14 >>> 24); x9 = (x9 + x14) | 0; x4 ^= x9; x4 = (x4 << 7) | (x4 >>> 25)
    }
    out[at] = x0 + C0; out[at + 1] = x1 + C1; out[at + 2] = x2 + C2; out[at + 3] = x3 + C3
    out[at + 4] = x4 + k0; out[at + 5] = x5 + k1; out[at + 6] = x6 + k2; out[at + 7] = x7 + k3
    out[at + 8] = x8 + k4; out[at + 9] = x9 + k5; out[at + 10] = x10 + k6; out[at + 11] = x11 + k7
    out[at + 12] = x12 + block; out[at + 13] = x13; out[at + 14] = x14; out[at + 15] = x15
  }
}

/** The bytes of a tag. */
const TAG_BYTES = 16

/** ChaCha20-Poly1305 with nonce 0 (RFC 8439, section 2.8): the ciphertext, then the tag. */
function sealWithChaCha20(key: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Bytes {
  const stream = streamOf(key, plaintext.length)
  const sealed = new Uint8Array(plaintext.length + TAG_BYTES)
  addStream(sealed, plaintext, stream)
  const ciphertext = sealed.subarray(0, plaintext.length)
  sealed.set(tagOf(stream, associatedData, ciphertext), plaintext.length)
  wipe(stream)
  return sealed
}

/** The plaintext; `undefined` if the tag is wrong, or `sealed` is too short to have one. */
function openWithChaCha20(
  key: Uint8Array,
  associatedData: Uint8Array,
  sealed: Uint8Array,
): Bytes | undefined {
  const length = sealed.length - TAG_BYTES
  if (length < 0) return undefined
  const ciphertext = sealed.subarray(0, length)
  const stream = streamOf(key, length)
  const plaintext = new Uint8Array(length)
  const isRight = equalBytes(tagOf(stream, associatedData, ciphertext), sealed.subarray(length))
  if (isRight) addStream(plaintext, ciphertext, stream)
  wipe(stream)
  return isRight ? plaintext : undefined
}

/** Block 0, which begins with the key of the tag, and the keystream for `length` bytes of text. */
function streamOf(key: Uint8Array, length: number): Uint8Array {
  const words = new Int32Array(16 + 16 * Math.ceil(length / 64))
  const own = Uint8Array.from(key)
  fillWithChaCha20(words, new Int32Array(own.buffer), 0)
  wipe(own)
  return new Uint8Array(words.buffer)
}

function addStream(target: Uint8Array, text: Uint8Array, stream: Uint8Array): void {
  for (let i = 0; i < text.length; i++) target[i] = text[i]! ^ stream[64 + i]!
}

function tagOf(stream: Uint8Array, associatedData: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  const start = 16 * Math.ceil(associatedData.length / 16)
  const end = start + 16 * Math.ceil(ciphertext.length / 16)
  const input = new Uint8Array(end + 16)
  input.set(associatedData)
  input.set(ciphertext, start)
  const lengths = new DataView(input.buffer, end)
  lengths.setBigUint64(0, BigInt(associatedData.length), true)
  lengths.setBigUint64(8, BigInt(ciphertext.length), true)
  return poly1305(input, stream.subarray(0, 32))
}
