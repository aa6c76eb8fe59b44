import type { Bytes } from '../../src/crypto/bytes.js'
import { createMaskedSlice, createMessage } from '../../src/wire/index.js'
/** A masked input with these bytes. */
export function encodeMaskedInput(packed: Uint8Array): Bytes {
  const { message, content } = createMessage('maskedInput', packed.length)
  content.set(packed)
  return message
}

/** A slice of a masked input with these bytes. */
export function encodeMaskedSlice(slice: number, packed: Uint8Array): Bytes {
  const { message, content } = createMaskedSlice(slice, packed.length)
  content.set(packed)
  return message
}
