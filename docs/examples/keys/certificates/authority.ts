import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  type Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
  type X509Crl,
  X509CrlGenerator,
} from './x509.js'

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY = 24 * 60 * 60 * 1000

/** How long what an authority issues is valid. */
export interface Validity {
  readonly from: Date
  readonly days: number
}

/** A certificate authority, in place of your organization's. */
export class Authority {
  readonly certificate: X509Certificate
  readonly #keys: CryptoKeyPair
  readonly #revoked: { serialNumber: string; revocationDate: Date }[] = []

  private constructor(certificate: X509Certificate, keys: CryptoKeyPair) {
    this.certificate = certificate
    this.#keys = keys
  }

  static async createRoot(name: string, validity: Validity): Promise<Authority> {
    const keys = await crypto.subtle.generateKey(P256, false, ['sign', 'verify'])
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: `CN=${name}`,
      keys,
      ...during(validity),
      signingAlgorithm: P256,
      extensions: authorityExtensions(1),
    })
    return new Authority(certificate, keys)
  }

  /** An authority that this one has certified. It issues to clients, so that the root's key is seldom used. */
  async createIntermediate(name: string, validity: Validity): Promise<Authority> {
    const keys = await crypto.subtle.generateKey(P256, false, ['sign', 'verify'])
    const certificate = await this.certify(`CN=${name}`, keys.publicKey, validity, authorityExtensions(0))
    return new Authority(certificate, keys)
  }

  /**
   * Enrolls a client. The request proves that the client has the private key. That the client is `name` must be checked before,
   * for example by a login; the name in the request is not used.
   */
  async enroll(
    name: string,
    request: Pkcs10CertificateRequest,
    validity: Validity,
  ): Promise<X509Certificate> {
    if (!(await request.verify())) throw new Error('the request is not signed with its key')
    return this.certify(`CN=${name}`, await request.publicKey.export(), validity, clientExtensions())
  }

  /** A certificate for a server, so that clients recognize it. */
  async certifyServer(host: string, publicKey: CryptoKey, validity: Validity): Promise<X509Certificate> {
    return this.certify(`CN=${host}`, publicKey, validity, [
      new SubjectAlternativeNameExtension([{ type: 'dns', value: host }]),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    ])
  }

  async certify(
    subject: string,
    publicKey: CryptoKey,
    validity: Validity,
    extensions: Extension[],
  ): Promise<X509Certificate> {
    return X509CertificateGenerator.create({
      subject,
      issuer: this.certificate.subjectName.toString(),
      publicKey,
      ...during(validity),
      signingKey: this.#keys.privateKey,
      signingAlgorithm: P256,
      extensions,
    })
  }

  revoke({ serialNumber }: X509Certificate, revocationDate: Date): void {
    this.#revoked.push({ serialNumber, revocationDate })
  }

  /** The list of the certificates that were revoked so far. Until `days` are over, it counts as current. */
  async revocations({ from, days }: Validity): Promise<X509Crl> {
    return X509CrlGenerator.create({
      issuer: this.certificate.subjectName.toString(),
      thisUpdate: from,
      nextUpdate: new Date(from.getTime() + days * DAY),
      entries: this.#revoked,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: P256,
    })
  }
}

/** A client's request for a certificate. The private key stays with the client. */
export async function requestCertificate(keys: CryptoKeyPair): Promise<Pkcs10CertificateRequest> {
  const { name } = keys.privateKey.algorithm
  const signingAlgorithm = name === 'ECDSA' ? P256 : { name }
  return Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm })
}

export function clientExtensions(): Extension[] {
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
  ]
}

/** @param below - How many authorities may be between this one and a client. */
function authorityExtensions(below: number): Extension[] {
  return [
    new BasicConstraintsExtension(true, below, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  ]
}

function during({ from, days }: Validity): { notBefore: Date; notAfter: Date } {
  return { notBefore: from, notAfter: new Date(from.getTime() + days * DAY) }
}
