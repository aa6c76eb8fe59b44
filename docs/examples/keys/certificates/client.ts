import type { Signer } from 'secagg'
import { p256Signer } from '../p256/ecdsa.js'
import { type Authority, requestCertificate, type Validity } from './authority.js'
import type { X509Certificate } from './x509.js'

const ALGORITHMS = {
  ed25519: { name: 'Ed25519' },
  p256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
} as const

/** A client with its certificate. */
export interface CertifiedClient {
  readonly keys: CryptoKeyPair
  readonly certificate: X509Certificate
  /** In DER, for the roster. */
  readonly chain: readonly Uint8Array[]
  readonly signer: Signer
}

/** Makes a key, and has the authority certify it. Call it again for a new key: the name stays. */
export async function enrollClient(
  authority: Authority,
  name: string,
  validity: Validity,
  kind: keyof typeof ALGORITHMS = 'ed25519',
): Promise<CertifiedClient> {
  const algorithm = ALGORITHMS[kind]
  const keys = (await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])) as CryptoKeyPair
  const certificate = await authority.enroll(name, await requestCertificate(keys), validity)
  const sign = async (message: Uint8Array): Promise<Uint8Array> =>
    new Uint8Array(await crypto.subtle.sign(algorithm, keys.privateKey, Uint8Array.from(message)))
  return {
    keys,
    certificate,
    chain: [certificate, authority.certificate].map(({ rawData }) => new Uint8Array(rawData)),
    // Both kinds of signatures have 64 bytes.
    signer: p256Signer(sign, 'raw'),
  }
}
