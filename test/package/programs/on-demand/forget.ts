/** Makes this a platform with WebCrypto, but without X25519 and Ed25519. */
export function forgetCurves(): void {
  // Node's own cryptography has them.
  if ('process' in globalThis) Object.defineProperty(process, 'getBuiltinModule', { value: undefined })
  const { subtle } = globalThis.crypto
  const importKey = subtle.importKey.bind(subtle) as (...parameters: unknown[]) => Promise<CryptoKey>
  const refusing = (...parameters: unknown[]): Promise<CryptoKey> =>
    /25519$/.test(String(parameters[2]))
      ? Promise.reject(new DOMException('Unrecognized name.', 'NotSupportedError'))
      : importKey(...parameters)
  Object.defineProperty(subtle, 'importKey', { value: refusing })
}
