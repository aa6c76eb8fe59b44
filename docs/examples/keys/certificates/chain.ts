import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  type X509Certificate,
  type X509Crl,
} from './x509.js'

/** What a party trusts. */
export interface Trust {
  /** The certificates of the authorities at the end of every chain, from a source that the server cannot change. */
  readonly anchors: readonly X509Certificate[]
  /** A list for each authority in a chain. They are signed, so anybody may deliver them. */
  readonly crls: readonly X509Crl[]
  readonly at: Date
}

/** Extensions that the checks below take into account, or that restrict nothing. RFC 5280 refuses others if they are critical. */
const UNDERSTOOD = new Set(['2.5.29.15', '2.5.29.17', '2.5.29.19', '2.5.29.37'])

/**
 * Checks a client's certificate as RFC 5280 demands. The library checks single signatures; its chain builder checks neither dates
 * nor whether an issuer is an authority.
 *
 * @param chain - The client's certificate, then that of its issuer, and so on up to the one that an anchor has issued.
 * @throws if the certificate is not valid at this time for a client, or if that cannot be known.
 */
export async function checkChain(chain: readonly X509Certificate[], trust: Trust): Promise<void> {
  const [client, ...authorities] = chain
  const last = chain.at(-1)
  if (client === undefined || last === undefined) throw new Error('there is no certificate')
  const anchor = await issuerOf(last, trust.anchors)
  const issuers = [...authorities, anchor]
  for (const [below, certificate] of chain.entries()) {
    await checkIssued(certificate, issuers[below]!, below, trust)
  }
  checkDates(anchor, trust.at)
  requireUsage(client, KeyUsageFlags.digitalSignature)
  // An authority may leave open what it is for, a client may not.
  if (client.getExtension(ExtendedKeyUsageExtension) === null) {
    throw new Error(`${client.subject} is not for clients`)
  }
}

/** An authority that gets a new key may keep its name, so the name alone does not identify it. */
async function issuerOf(
  certificate: X509Certificate,
  anchors: readonly X509Certificate[],
): Promise<X509Certificate> {
  for (const anchor of anchors) {
    if (anchor.subject !== certificate.issuer) continue
    if (await certificate.verify({ publicKey: anchor, signatureOnly: true })) return anchor
  }
  throw new Error(`${certificate.issuer} is not trusted`)
}

/** @param below - How many authorities are between the issuer and the client. */
async function checkIssued(
  certificate: X509Certificate,
  issuer: X509Certificate,
  below: number,
  trust: Trust,
): Promise<void> {
  const { subject } = certificate
  if (certificate.issuer !== issuer.subject) throw new Error(`${subject} is not issued by ${issuer.subject}`)
  const constraints = issuer.getExtension(BasicConstraintsExtension)
  if (constraints?.ca !== true) throw new Error(`${issuer.subject} is not an authority`)
  if (below > (constraints.pathLength ?? Number.POSITIVE_INFINITY)) throw new Error('the chain is too long')
  requireUsage(issuer, KeyUsageFlags.keyCertSign)
  if (!(await certificate.verify({ publicKey: issuer, signatureOnly: true }))) {
    throw new Error(`${subject} is not signed by ${issuer.subject}`)
  }
  checkDates(certificate, trust.at)
  const unknown = certificate.extensions.find(({ critical, type }) => critical && !UNDERSTOOD.has(type))
  if (unknown !== undefined) throw new Error(`${subject} has the unknown extension ${unknown.type}`)
  checkPurpose(certificate)
  await checkRevocation(certificate, issuer, trust)
}

/** An authority whose certificate says what it is for certifies keys for nothing else. */
function checkPurpose(certificate: X509Certificate): void {
  const purposes = certificate.getExtension(ExtendedKeyUsageExtension)?.usages
  if (purposes === undefined || purposes.includes(ExtendedKeyUsage.clientAuth)) return
  throw new Error(`${certificate.subject} is not for clients`)
}

/** Without a current list, nobody knows whether the certificate is revoked, so it is refused. */
async function checkRevocation(
  certificate: X509Certificate,
  issuer: X509Certificate,
  { crls, at }: Trust,
): Promise<void> {
  let isKnown = false
  for (const crl of crls) {
    if (crl.issuer !== issuer.subject || !(await crl.verify({ publicKey: issuer }))) continue
    requireUsage(issuer, KeyUsageFlags.cRLSign)
    // For example, that this list is not complete.
    if (crl.extensions.some(({ critical }) => critical)) continue
    if (crl.findRevoked(certificate.serialNumber) !== null)
      throw new Error(`${certificate.subject} is revoked`)
    if (crl.thisUpdate <= at && crl.nextUpdate !== undefined && at < crl.nextUpdate) isKnown = true
  }
  if (!isKnown) throw new Error(`no current revocations of ${issuer.subject}`)
}

function checkDates({ notBefore, notAfter, subject }: X509Certificate, at: Date): void {
  if (at < notBefore || at > notAfter) throw new Error(`${subject} is not valid at ${at.toISOString()}`)
}

function requireUsage(certificate: X509Certificate, usage: KeyUsageFlags): void {
  const usages = certificate.getExtension(KeyUsagesExtension)?.usages ?? 0
  if ((usages & usage) === 0) throw new Error(`the key of ${certificate.subject} is for other uses`)
}
