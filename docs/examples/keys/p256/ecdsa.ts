import type { Signer, VerifyIdentity } from 'secagg'

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/** The form of a public key: DER with its algorithm, the point of 65 bytes that begins with 4, or a JSON web key. */
export type PublicKey =
  | { readonly spki: Uint8Array }
  | { readonly raw: Uint8Array }
  | { readonly jwk: { readonly x: string; readonly y: string } }

/** Reads a public key. Throws if it is not a point of P-256. */
export async function importPublicKey(key: PublicKey): Promise<CryptoKey> {
  const { subtle } = crypto
  if ('jwk' in key) {
    const { x, y } = key.jwk
    return subtle.importKey('jwk', { kty: 'EC', crv: 'P-256', x, y }, P256, true, ['verify'])
  }
  const [form, bytes] = 'spki' in key ? (['spki', key.spki] as const) : (['raw', key.raw] as const)
  return subtle.importKey(form, Uint8Array.from(bytes), P256, true, ['verify'])
}

/**
 * A signer for a service that signs with P-256 and SHA-256.
 *
 * @param sign - Asks the service for a signature of a message.
 * @param form - How the service encodes signatures. It is not guessed, because a raw signature can look like DER.
 */
export function p256Signer(sign: (message: Uint8Array) => Promise<Uint8Array>, form: 'der' | 'raw'): Signer {
  return { sign: async (message) => (form === 'der' ? rawSignature(await sign(message)) : sign(message)) }
}

/** A client of the roster. The name stays the same when the client gets a new key. */
export interface Member {
  readonly name: string
  readonly publicKey: CryptoKey
}

/** Checks signatures of 64 bytes against the roster, in which a member's position is its seat. */
export function p256Verifier(roster: readonly Member[]): VerifyIdentity {
  return async ({ seat, message, signature }) => {
    const member = roster[seat]
    if (member === undefined) return undefined
    const [signed, statement] = [Uint8Array.from(signature), Uint8Array.from(message)]
    return (await crypto.subtle.verify(P256, member.publicKey, signed, statement)) ? member.name : undefined
  }
}

/** The roster as bytes, for the configuration of the round. */
export async function rosterBytes(roster: readonly Member[]): Promise<Uint8Array> {
  const entries = roster.map(async ({ name, publicKey }) => {
    const spki = new Uint8Array(await crypto.subtle.exportKey('spki', publicKey))
    return [name, Array.from(spki)]
  })
  return new TextEncoder().encode(JSON.stringify(await Promise.all(entries)))
}

/**
 * The 64 bytes r ‖ s of a signature in DER, which is SEQUENCE { INTEGER r, INTEGER s }: 8 to 72 bytes. Leading zeros of r and s
 * are left out there, and one is added in front of a first bit that would make the number negative.
 */
export function rawSignature(der: Uint8Array): Uint8Array {
  const malformed = new TypeError('not a P-256 signature in DER')
  if (der[0] !== 0x30 || der[1] !== der.length - 2) throw malformed
  const raw = new Uint8Array(64)
  let at = 2
  for (const end of [32, 64]) {
    const length = der[at + 1] ?? 0
    const number = der.subarray(at + 2, at + 2 + length)
    if (der[at] !== 0x02 || length === 0 || number.length !== length) throw malformed
    const isNegative = number[0]! >= 0x80
    const isPadded = length > 1 && number[0] === 0 && number[1]! < 0x80
    const digits = number[0] === 0 ? number.subarray(1) : number
    if (isNegative || isPadded || digits.length > 32) throw malformed
    raw.set(digits, end - digits.length)
    at += 2 + length
  }
  if (at !== der.length) throw malformed
  return raw
}
