import { defaultCrypto, type VerifyIdentity } from 'secagg'
import { importPublicKey, p256Verifier } from '../p256/ecdsa.js'
import { checkChain, type Trust } from './chain.js'
import { X509Certificate, X509Crl } from './x509.js'

/** What the server sends to all clients before a round. They check it themselves. */
export interface Roster {
  /** By seat: the client's certificate and those of its issuers up to the anchor's, in DER. */
  readonly chains: readonly (readonly Uint8Array[])[]
  /** Revocations by each of the issuers, in DER. */
  readonly crls: readonly Uint8Array[]
  /** The time at which certificates have to be valid, in milliseconds since 1970. */
  readonly at: number
}

export interface OpenedRoster {
  readonly verifyIdentity: VerifyIdentity
  /** For the configuration of the round, so that all clients in a sum have the same roster. */
  readonly bytes: Uint8Array
  /** Why a seat belongs to nobody. Signatures of its client are refused. */
  readonly refused: ReadonlyMap<number, string>
}

/** How far the time of a roster may be from the clock of a party. Earlier, and the server could undo a revocation. */
const HOUR = 60 * 60 * 1000

/**
 * Checks each seat's certificate. A signature at a seat has to be by the key of that seat's certificate. The identity is the name
 * in the certificate, so it stays the same when the client gets a certificate for a new key.
 *
 * @param now - This party's clock, in milliseconds since 1970.
 * @throws if the time of the roster is wrong.
 */
export async function openRoster(
  { chains, crls, at }: Roster,
  anchors: readonly X509Certificate[],
  now: number = Date.now(),
): Promise<OpenedRoster> {
  if (!(Math.abs(at - now) <= HOUR)) throw new Error('the time of the roster is wrong')
  const trust = { anchors, crls: crls.map((crl) => new X509Crl(Uint8Array.from(crl))), at: new Date(at) }
  const seats = new Map<number, SeatKey>()
  const refused = new Map<number, string>()
  const keys = new Set<string>()
  for (const [seat, chain] of chains.entries()) {
    try {
      const key = await seatKeyOf(chain, trust)
      // Two names for one key would be two seats for one client.
      if (keys.has(key.hex)) throw new Error('another seat has this key')
      keys.add(key.hex)
      seats.set(seat, key)
    } catch (error) {
      refused.set(seat, error instanceof Error ? error.message : String(error))
    }
  }
  const list = { chains: chains.map((chain) => chain.map(hexOf)), crls: crls.map(hexOf), at }
  return {
    verifyIdentity: async (claim) => {
      const key = seats.get(claim.seat)
      return key !== undefined && (await key.verify(claim)) ? key.name : undefined
    },
    bytes: new TextEncoder().encode(JSON.stringify(list)),
    refused,
  }
}

type Claim = Parameters<VerifyIdentity>[0]

interface SeatKey {
  readonly name: string
  readonly hex: string
  verify(claim: Claim): Promise<boolean>
}

async function seatKeyOf(chain: readonly Uint8Array[], trust: Trust): Promise<SeatKey> {
  const certificates = chain.map((der) => new X509Certificate(Uint8Array.from(der)))
  await checkChain(certificates, trust)
  const { subjectName, publicKey } = certificates[0]!
  const [name, ...others] = subjectName.getField('CN')
  if (name === undefined || name === '' || others.length > 0)
    throw new Error('the certificate must have one name')
  const spki = new Uint8Array(publicKey.rawData)
  return { name, hex: hexOf(spki), verify: await verifierOf(publicKey.algorithm.name, spki) }
}

async function verifierOf(algorithm: string, spki: Uint8Array): Promise<SeatKey['verify']> {
  if (algorithm === 'Ed25519') {
    const { ed25519 } = await defaultCrypto()
    const key = spki.slice(-32)
    return ({ message, signature }) => ed25519.verify(key, message, signature)
  }
  const verify = p256Verifier([{ name: 'the client', publicKey: await importPublicKey({ spki }) }])
  return async (claim) => (await verify({ ...claim, seat: 0 })) !== undefined
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
