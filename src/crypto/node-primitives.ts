import { type Bytes, equalBytes, LONGEST_AT_ONCE, portionsOf, requireLength, wipe } from './bytes.js'
import { type Curve, fromJwk, toBase64url, toPkcs8 } from './encodings.js'

export type Native = ReturnType<typeof process.getBuiltinModule<'node:crypto'>>
export type PrivateKey = ReturnType<Native['createPrivateKey']>
export type PublicKey = ReturnType<Native['createPublicKey']>

export function publicKeyOf(native: Native, privateKey: PrivateKey): Bytes {
  return fromJwk(native.createPublicKey(privateKey).export({ format: 'jwk' }))
}

/** A function that imports private keys. Importing takes as long as an agreement, and ten times as long on Node 20. */
export function privateKeys(
  native: Native,
  curve: Curve,
  asText: boolean,
): (privateKey: Uint8Array) => PrivateKey {
  const importKey = asText ? importPrivateText : importPrivateKey
  const imported = importedOnce(native, (privateKey) => importKey(native, curve, privateKey))
  return (privateKey) => {
    requireLength(`an ${curve} private key`, privateKey, 32)
    return imported(privateKey)
  }
}

/** Imports a private key again only if another array holds it, or the array has changed, which its digest shows. */
export function importedOnce(
  native: Native,
  importKey: (privateKey: Uint8Array) => PrivateKey,
): (privateKey: Uint8Array) => PrivateKey {
  const known = new WeakMap<Uint8Array, { readonly digest: Bytes; readonly key: PrivateKey }>()
  return (privateKey) => {
    const digest = new Uint8Array(native.createHash('sha256').update(privateKey).digest())
    const found = known.get(privateKey)
    if (found !== undefined && equalBytes(found.digest, digest)) return found.key
    const key = importKey(privateKey)
    known.set(privateKey, { digest, key })
    return key
  }
}

function importPrivateKey(native: Native, curve: Curve, privateKey: Uint8Array): PrivateKey {
  const encoded = toPkcs8(curve, privateKey)
  // Node's types require a Buffer, but Node itself accepts any Uint8Array.
  const key = native.createPrivateKey({ key: encoded as Buffer, format: 'der', type: 'pkcs8' })
  wipe(encoded)
  return key
}

/** Imports a private key as a JWK that states zeros as its public key. Only versions that do not compare the two accept it. */
function importPrivateText(native: Native, curve: Curve, privateKey: Uint8Array): PrivateKey {
  const jwk = { kty: 'OKP', crv: curve, x: toBase64url(new Uint8Array(32)), d: toBase64url(privateKey) }
  return native.createPrivateKey({ key: jwk, format: 'jwk' })
}

/** Whether this version imports such a JWK, and derives the public key itself. */
export function readsPrivateText(native: Native): boolean {
  const privateKey = new Uint8Array(32).fill(1)
  try {
    const [text, encoded] = [importPrivateText, importPrivateKey].map((importKey) =>
      publicKeyOf(native, importKey(native, 'X25519', privateKey)),
    ) as [Bytes, Bytes]
    return equalBytes(text, encoded)
  } catch {
    return false
  }
}

/** Imports the key as a JWK (RFC 8037, section 2), which is fifteen times as fast in Node as importing DER. */
export function importPublicKey(native: Native, curve: Curve, publicKey: Uint8Array): PublicKey {
  return native.createPublicKey({ key: { kty: 'OKP', crv: curve, x: toBase64url(publicKey) }, format: 'jwk' })
}

/** How many imported keys are kept at least. Each has about a kilobyte. */
const KEPT = 2048

/**
 * A function that imports public keys, and keeps those that it has imported last: in a round, the same identities sign
 * several statements.
 */
export function publicKeys(native: Native, curve: Curve): (publicKey: Uint8Array) => PublicKey {
  let recent = new Map<string, PublicKey>()
  let older = recent
  return (publicKey) => {
    const name = String.fromCharCode.apply(undefined, publicKey as unknown as number[])
    let key = recent.get(name)
    if (key !== undefined) return key
    key = older.get(name) ?? importPublicKey(native, curve, publicKey)
    if (recent.size === KEPT) {
      older = recent
      recent = new Map()
    }
    recent.set(name, key)
    return key
  }
}

/** HMAC-SHA-256 (RFC 2104) of the concatenation of `parts`. */
export function authenticate(native: Native, key: Uint8Array, ...parts: readonly Uint8Array[]): Bytes {
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
