import { generateKeyPairSync, sign } from 'node:crypto'
import type { Signer } from 'secagg'
import { importPublicKey, type Member, type PublicKey, p256Signer } from './ecdsa.js'

/** A key management service, which never gives out the private key. In production, `sign` is a request to it. */
export interface KeyService {
  readonly publicKey: PublicKey
  readonly form: 'der' | 'raw'
  sign(message: Uint8Array): Promise<Uint8Array>
}

// Each of these stands in for services, with a key in memory. Public keys and signatures have the form that the services use.

/** As AWS KMS and Google Cloud KMS: the public key is DER (Google puts it in PEM), and so is the signature. */
export function derService(): KeyService {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    publicKey: { spki: publicKey.export({ type: 'spki', format: 'der' }) },
    form: 'der',
    sign: async (message) => sign('sha256', message, privateKey),
  }
}

/** As Azure Key Vault with ES256: the public key is a JSON web key, and the signature is r ‖ s. */
export function jwkService(): KeyService {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x, y } = publicKey.export({ format: 'jwk' })
  return {
    publicKey: { jwk: { x: x!, y: y! } },
    form: 'raw',
    sign: async (message) => sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  }
}

/** As WebCrypto: the public key is a point, and the signature is r ‖ s. */
export async function pointService(): Promise<KeyService> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const { publicKey, privateKey } = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
  return {
    publicKey: { raw: new Uint8Array(await crypto.subtle.exportKey('raw', publicKey)) },
    form: 'raw',
    sign: async (message) =>
      new Uint8Array(await crypto.subtle.sign(algorithm, privateKey, Uint8Array.from(message))),
  }
}

/** What a client of the service signs with, and its entry in the roster. */
export async function enroll(
  name: string,
  { publicKey, form, sign }: KeyService,
): Promise<{ readonly signer: Signer; readonly member: Member }> {
  return { signer: p256Signer(sign, form), member: { name, publicKey: await importPublicKey(publicKey) } }
}
