import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { enrol, readEnrolment, readPrivateKey } from '../../coordinator/enrolment.js'
import { Authority, requestCertificate, type Validity } from '../certificates/authority.js'
import type { X509Certificate } from '../certificates/x509.js'

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const ED25519 = { name: 'Ed25519' } as const

/** A folder for the option `--tls` of the coordinator and its clients, and the authority that fills it. */
export interface TlsFolder {
  readonly path: string
  readonly authority: Authority
  readonly certificates: readonly X509Certificate[]
  /** Revokes a client's certificate, and writes the new list. */
  revoke(seat: number): Promise<void>
}

/** Makes identities for the coordinator's clients in `data`, and certificates for them and for the server in `data/tls`. */
export async function certifyAll(data: string, clients: number, server: string): Promise<TlsFolder> {
  const keys = join(data, 'clients')
  await enrol(keys, clients)
  const path = join(data, 'tls')
  mkdirSync(path, { recursive: true })
  const validity: Validity = { from: new Date(), days: 30 }
  const authority = await Authority.createRoot('Example clients', validity)
  write(join(path, 'ca.pem'), authority.certificate.toString('pem'))

  const pair = await crypto.subtle.generateKey(P256, true, ['sign', 'verify'])
  const certificate = await authority.certifyServer(server, pair.publicKey, validity)
  write(join(path, 'server.pem'), certificate.toString('pem'))
  write(join(path, 'server.key'), pem('PRIVATE KEY', await crypto.subtle.exportKey('pkcs8', pair.privateKey)))

  const certificates: X509Certificate[] = []
  for (const name of readEnrolment(keys).names) {
    const request = await requestCertificate(await pairOf(readPrivateKey(keys, name)))
    const issued = await authority.enroll(name, request, validity)
    certificates.push(issued)
    write(join(path, `${name}.pem`), issued.toString('pem'))
  }
  const publish = async (): Promise<void> => {
    const list = await authority.revocations({ from: new Date(), days: 1 })
    // The library's own PEM of a list says CRL, which OpenSSL does not read.
    write(join(path, 'crl.pem'), pem('X509 CRL', list.rawData))
  }
  await publish()
  return {
    path,
    authority,
    certificates,
    revoke: (seat) => {
      authority.revoke(certificates[seat]!, new Date())
      return publish()
    },
  }
}

/** A client's identity key as a pair, to request a certificate with. */
export async function pairOf(privateKey: Uint8Array): Promise<CryptoKeyPair> {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), privateKey])
  const key = await crypto.subtle.importKey('pkcs8', der, ED25519, true, ['sign'])
  const { x } = await crypto.subtle.exportKey('jwk', key)
  const publicKey = await crypto.subtle.importKey(
    'jwk',
    { kty: 'OKP', crv: 'Ed25519', x: x! },
    ED25519,
    true,
    ['verify'],
  )
  return { privateKey: key, publicKey }
}

function pem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/** Nobody sees half a file. */
function write(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}
