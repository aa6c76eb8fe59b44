/** UTF-16, low bytes first: unlike in UTF-8, unpaired surrogates of different strings stay different. */
export function codeUnits(text: string): Uint8Array {
  const bytes = new Uint8Array(2 * text.length)
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    bytes[2 * index] = unit
    bytes[2 * index + 1] = unit >>> 8
  }
  return bytes
}
