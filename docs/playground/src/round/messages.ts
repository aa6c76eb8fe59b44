/**
 * The few fields that the page itself reads from messages. Every message begins with its version and type, one byte each;
 * the body follows.
 */
const HEADER_LENGTH = 2
const HASH_LENGTH = 32
const KEY_LENGTH = 32

/** A hue, 0 to 359, of the mask key in a message of AdvertiseKeys: configuration hash, cipher key, mask key. */
export function keyHue(advertised: Uint8Array): number {
  const at = HEADER_LENGTH + HASH_LENGTH + KEY_LENGTH
  return ((advertised[at]! * 256 + advertised[at + 1]!) * 360) >>> 16
}

/** The seats in the server's message of keys on the sparse graph: a count, then for each a seat and its keys. */
export function neighborsTold(published: Uint8Array): readonly number[] {
  const view = new DataView(published.buffer, published.byteOffset, published.length)
  const count = view.getUint16(HEADER_LENGTH, true)
  const entries = HEADER_LENGTH + 2
  const entryLength = (published.length - entries) / count
  return Array.from({ length: count }, (_, index) => view.getUint32(entries + index * entryLength, true))
}
