/**
 * Compiles a binary in hexadecimal digits when it is first asked for, and keeps the module, which depends on nothing.
 * The result gives `undefined` where the host cannot or will not compile it.
 */
export function compileOnce(hex: string): () => WebAssembly.Module | undefined {
  let compiled: WebAssembly.Module | null | undefined
  return () => {
    if (compiled === undefined) {
      try {
        compiled = new WebAssembly.Module(decodeHex(hex))
      } catch {
        compiled = null
      }
    }
    return compiled ?? undefined
  }
}

function decodeHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) =>
    Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16),
  )
}
