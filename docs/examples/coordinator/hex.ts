export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** @throws {Error} if the text is not that many bytes in hexadecimal. */
export function fromHex(text: unknown, length: number): Uint8Array {
  if (typeof text === 'string' && /^[0-9a-f]*$/.test(text) && text.length === 2 * length) {
    return Uint8Array.from(Buffer.from(text, 'hex'))
  }
  throw new Error(`not ${length} bytes in hexadecimal`)
}
