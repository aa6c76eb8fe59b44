import { importPublicKey, type PublicKey, rawSignature } from '../p256/ecdsa.js'

const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
/** The number of this algorithm in WebAuthn: ECDSA with P-256 and SHA-256. */
const ES256 = -7
const USER_PRESENT = 1
const USER_VERIFIED = 4

/** A user's passkey, as enrolled. */
export interface Passkey {
  readonly id: Uint8Array
  /** DER with its algorithm (SPKI). */
  readonly publicKey: Uint8Array
}

/** A passkey's statement that the holder of a device's key may take part for its user. */
export interface Endorsement {
  /** DER with its algorithm (SPKI). */
  readonly deviceKey: Uint8Array
  /** Milliseconds since 1970. */
  readonly validUntil: number
  readonly authenticatorData: Uint8Array
  readonly clientData: Uint8Array
  /** DER. */
  readonly signature: Uint8Array
}

/** Makes a passkey. The user confirms it, for example with a fingerprint. */
export async function createPasskey(user: string): Promise<Passkey> {
  const credential = (await navigator.credentials.create({
    publicKey: {
      rp: { name: 'secagg example' },
      user: { id: crypto.getRandomValues(new Uint8Array(16)), name: user, displayName: user },
      // Nobody checks an attestation here, so nothing needs to be challenged.
      challenge: new Uint8Array(32),
      pubKeyCredParams: [{ type: 'public-key', alg: ES256 }],
      authenticatorSelection: { userVerification: 'required', residentKey: 'preferred' },
    },
  })) as PublicKeyCredential
  const publicKey = (credential.response as AuthenticatorAttestationResponse).getPublicKey()
  if (publicKey === null) throw new Error('this browser does not give the public key')
  return { id: new Uint8Array(credential.rawId), publicKey: new Uint8Array(publicKey) }
}

/** Has the passkey sign the device's key. The user confirms it. */
export async function endorse(
  passkey: Passkey,
  deviceKey: Uint8Array,
  validUntil: number,
): Promise<Endorsement> {
  const credential = (await navigator.credentials.get({
    publicKey: {
      challenge: await challengeOf(deviceKey, validUntil),
      allowCredentials: [{ type: 'public-key', id: Uint8Array.from(passkey.id) }],
      userVerification: 'required',
    },
  })) as PublicKeyCredential
  const response = credential.response as AuthenticatorAssertionResponse
  return {
    deviceKey,
    validUntil,
    authenticatorData: new Uint8Array(response.authenticatorData),
    clientData: new Uint8Array(response.clientDataJSON),
    signature: new Uint8Array(response.signature),
  }
}

/** What the parties expect of an endorsement. */
export interface Site {
  /** For example `https://health.example`. */
  readonly origin: string
  /** The domain that passkeys are bound to, for example `health.example`. */
  readonly domain: string
  /** The time of the round, the same for all parties, in milliseconds since 1970. */
  readonly at: number
}

/**
 * Checks an endorsement on any machine. Returns the device's public key, for the verifier.
 * @throws if the passkey did not endorse this key for this site and time.
 */
export async function checkEndorsement(
  { publicKey }: Pick<Passkey, 'publicKey'>,
  { deviceKey, validUntil, authenticatorData, clientData, signature }: Endorsement,
  { origin, domain, at }: Site,
): Promise<CryptoKey> {
  const client: unknown = JSON.parse(new TextDecoder().decode(clientData))
  const challenge = base64url(await challengeOf(deviceKey, validUntil))
  if (!isRecord(client) || client.type !== 'webauthn.get' || client.challenge !== challenge) {
    throw new Error('the passkey signed something else')
  }
  if (client.origin !== origin || client.crossOrigin === true)
    throw new Error('the passkey signed on another site')
  // The hash of the domain, a byte of flags, and four bytes of a counter.
  const domainHash = await sha256(new TextEncoder().encode(domain))
  const flags = authenticatorData[32] ?? 0
  if (authenticatorData.length < 37 || domainHash.some((byte, index) => byte !== authenticatorData[index])) {
    throw new Error('the passkey belongs to another site')
  }
  if ((flags & USER_PRESENT) === 0 || (flags & USER_VERIFIED) === 0)
    throw new Error('the user did not confirm')
  if (!(at <= validUntil)) throw new Error('the endorsement has expired')
  const signed = Uint8Array.of(...authenticatorData, ...(await sha256(clientData)))
  const key = await importPublicKey({ spki: publicKey } satisfies PublicKey)
  const raw = Uint8Array.from(rawSignature(signature))
  if (!(await crypto.subtle.verify(P256, key, raw, signed)))
    throw new Error('the signature is not by the passkey')
  return importPublicKey({ spki: deviceKey })
}

async function challengeOf(deviceKey: Uint8Array, validUntil: number): Promise<Uint8Array<ArrayBuffer>> {
  const label = new TextEncoder().encode(`secagg device key, valid until ${validUntil}\0`)
  return sha256(Uint8Array.of(...label, ...deviceKey))
}

async function sha256(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(bytes)))
}

function base64url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes))
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
