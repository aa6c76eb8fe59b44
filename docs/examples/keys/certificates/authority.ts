import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
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

/** RFC 5280 allows 64 characters. Other alphabets have letters that look like these, so that two names could look the same. */
const PLAIN = /^(?=.{1,64}$)[A-Za-z0-9._@-]+(?: [A-Za-z0-9._@-]+)*$/

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
      name: nameOf(name),
      keys,
      ...during(validity),
      signingAlgorithm: P256,
      extensions: authorityExtensions(1),
    })
    return new Authority(certificate, keys)
  }

  /**
   * An authority that this one has certified. It issues to clients, so that the root's key is seldom used.
   *
   * @param restrictions - Further extensions, for example what all keys below this authority are for.
   */
  async createIntermediate(
    name: string,
    validity: Validity,
    ...restrictions: Extension[]
  ): Promise<Authority> {
    const keys = await crypto.subtle.generateKey(P256, false, ['sign', 'verify'])
    const extensions = [...authorityExtensions(0), ...restrictions]
    const certificate = await this.certify(nameOf(name), keys.publicKey, validity, extensions)
    return new Authority(certificate, keys)
  }

  /**
   * Enrolls a client. The request proves that the client has the private key. That the client is `name` must be checked before,
   * for example by a login; the name in the request is not used.
   *
   * @throws if `name` has other characters than letters and digits of ASCII, spaces, and `. _ @ -`.
   */
  async enroll(
    name: string,
    request: Pkcs10CertificateRequest,
    validity: Validity,
  ): Promise<X509Certificate> {
    if (!(await request.verify())) throw new Error('the request is not signed with its key')
    return this.certify(nameOf(name), await request.publicKey.export(), validity, clientExtensions())
  }

  /** A certificate for a server, so that clients recognize it. */
  async certifyServer(host: string, publicKey: CryptoKey, validity: Validity): Promise<X509Certificate> {
    return this.certify(nameOf(host), publicKey, validity, [
      new SubjectAlternativeNameExtension([{ type: 'dns', value: host }]),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    ])
  }

  async certify(
    subject: Name,
    publicKey: CryptoKey,
    validity: Validity,
    extensions: Extension[],
  ): Promise<X509Certificate> {
    return X509CertificateGenerator.create({
      subject,
      issuer: this.certificate.subjectName,
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
      issuer: this.certificate.subjectName,
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

/**
 * A subject that has this common name and nothing else. It is not made from text, in which `ben,O=mallory` would be the common
 * name `ben` and an organization.
 */
function nameOf(name: string): Name {
  if (!PLAIN.test(name)) throw new Error(`${JSON.stringify(name)} is not a plain name`)
  return new Name([{ CN: [name] }])
}

function during({ from, days }: Validity): { notBefore: Date; notAfter: Date } {
  return { notBefore: from, notAfter: new Date(from.getTime() + days * DAY) }
}
