import { ascii, concatBytes, requireBytes, wipe } from '../crypto/bytes.js'
import type { CryptoProvider, SymmetricSuite } from '../crypto/provider.js'
import { SecAggError } from '../errors.js'
import { choiceLength, publishableSeats } from '../graph/index.js'
import {
  ACKNOWLEDGEMENT_LENGTH,
  type AdvertiseKeys,
  advertiseKeysCoder,
  decodeMessage,
  PROTOCOL_VERSION,
  type PublishedKeys,
  publishedKeysCoder,
} from '../wire/index.js'
import { blamePeer, blameServer, requireConfig, requireSeatNumber } from './checks.js'
import type { RoundConfig } from './config.js'

/**
 * The public keys in a client's first message (AdvertiseKeys, round 0 in the paper), for tools that show a round. It checks the form of
 * the message only: neither the signature, nor the configuration hash, nor whether the keys are valid.
 *
 * @param config - The configuration of the round, which gives the length of a signature.
 * @param seat - The seat that sent the message, for the error's `culprits`.
 * @param bytes - The message.
 * @returns The keys, the signature over them (empty in the honest-but-curious model) and the configuration hash.
 * @throws {SecAggError} fault `peer`: `malformed-message`, `unexpected-message` or `unsupported-version`; fault `usage`:
 *   `invalid-argument`.
 *
 * @example
 * ```ts
 * import { ClientSession } from 'secagg'
 * import { createRoundConfig, decodeAdvertiseKeys } from 'secagg/protocol'
 *
 * const config = createRoundConfig({
 *   sessionId: new Uint8Array(32).fill(7),
 *   clients: 3,
 *   adversary: 'honest-but-curious',
 *   segments: [{ length: 2, bits: 16, bound: 100 }],
 * })
 * const client = new ClientSession({ config, seat: 0, input: Uint16Array.of(1, 2) })
 * const { maskKey, signature } = decodeAdvertiseKeys(config, 0, await client.start())
 * console.log(maskKey.length, signature.length) // 32 0
 * ```
 * @public
 */
export function decodeAdvertiseKeys(config: RoundConfig, seat: number, bytes: Uint8Array): AdvertiseKeys {
  requireConfig(config)
  requireSeatNumber(seat)
  requireBytes('a message', bytes)
  const blame = blamePeer('advertise-keys', seat)
  return decodeMessage(
    'advertiseKeys',
    advertiseKeysCoder(config.signatureLength, choiceLength(config.graph), isHybrid(config)),
    bytes,
    blame,
  )
}

/**
 * The seats and public keys that the server sends to a client (at the end of the paper's round 0). On the complete graph these
 * are all clients of U1; on the sparse graph, the receiver and its neighbors. It checks the form of the message only:
 * neither signatures, nor whether the keys are valid, nor whether the seats are those of the round.
 *
 * @param config - The configuration of the round.
 * @param bytes - The message, as `messageFor` of the server's session returns it.
 * @returns One entry for each seat, ascending.
 * @throws {SecAggError} fault `server`: `malformed-message`, `unexpected-message` or `unsupported-version`; fault `usage`:
 *   `invalid-argument`.
 *
 * @example
 * ```ts
 * import { ClientSession, ServerSession } from 'secagg'
 * import { createRoundConfig, decodePublishedKeys } from 'secagg/protocol'
 *
 * const config = createRoundConfig({
 *   sessionId: new Uint8Array(32).fill(7),
 *   clients: 3,
 *   adversary: 'honest-but-curious',
 *   segments: [{ length: 1, bits: 16, bound: 100 }],
 * })
 * const server = new ServerSession({ config })
 * for (const seat of [0, 1, 2]) {
 *   const client = new ClientSession({ config, seat, input: Uint16Array.of(seat) })
 *   await server.receive(seat, await client.start())
 * }
 * await server.closePhase()
 * const keys = decodePublishedKeys(config, server.messageFor(0)!)
 * console.log(keys.map(({ seat }) => seat)) // [ 0, 1, 2 ]
 * ```
 * @public
 */
export function decodePublishedKeys(config: RoundConfig, bytes: Uint8Array): PublishedKeys {
  requireConfig(config)
  requireBytes('a message', bytes)
  const { graph, clients, signatureLength } = config
  const published = publishableSeats(graph, clients)
  const coder = publishedKeysCoder(published, signatureLength, choiceLength(graph), isHybrid(config))
  return decodeMessage('publishedKeys', coder, bytes, blameServer('share-keys'))
}

/** A seat and its public key for one purpose. */
export interface KeyHolder {
  readonly seat: number
  readonly publicKey: Uint8Array
  /** SHA-256 of its key of ML-KEM-768 for the same purpose; with hybrid key agreement only. */
  readonly kemDigest?: Uint8Array | undefined
}

/** With hybrid key agreement: a secret that ML-KEM-768 protects, and the ciphertext that it came with. */
export interface SecondSecret {
  /** 32 bytes. */
  readonly secret: Uint8Array
  /** SHA-256 of the ciphertext. */
  readonly digest: Uint8Array
}

/** Whether keys follow from X25519 and ML-KEM-768 together. */
export function isHybrid({ keyAgreement }: Pick<RoundConfig, 'keyAgreement'>): boolean {
  return keyAgreement === 'x25519-ml-kem-768'
}

/** The provider's implementation of the configured suite. Throws `unsupported` if it has none. */
export function suiteOf(config: RoundConfig, crypto: CryptoProvider): SymmetricSuite {
  const suite = crypto.suites[config.suite]
  if (suite === undefined) {
    throw new SecAggError('unsupported', 'crypto', `provider ${crypto.name} lacks the suite ${config.suite}`)
  }
  return suite
}

/**
 * The key with which `sender` seals shares to `receiver`, from the raw agreement of their c keys (phase ShareKeys). The key
 * depends on the direction, so a ciphertext cannot be sent back to its sender.
 */
export function deriveSealingKey(
  config: RoundConfig,
  crypto: CryptoProvider,
  agreement: Uint8Array,
  sender: KeyHolder,
  receiver: KeyHolder,
  second?: SecondSecret,
): Promise<Uint8Array> {
  const info = derivationInfo(LABELS.sealShares, sender, receiver, second)
  return deriveKey(config, crypto, agreement, second, info, suiteOf(config, crypto).keyLength)
}

/** The seed s_{u,v} of a pairwise mask, from the raw agreement of two s keys. Both clients derive the same seed. */
export function derivePairwiseSeed(
  config: RoundConfig,
  crypto: CryptoProvider,
  agreement: Uint8Array,
  one: KeyHolder,
  other: KeyHolder,
  second?: SecondSecret,
): Promise<Uint8Array> {
  const { keyLength } = suiteOf(config, crypto)
  return deriveKey(config, crypto, agreement, second, pairwiseSeedInfo(one, other, second), keyLength)
}

/** What the derivation of a pairwise seed is bound to, besides the hash of the configuration. */
export function pairwiseSeedInfo(one: KeyHolder, other: KeyHolder, second?: SecondSecret): Uint8Array {
  const [lower, upper] = one.seat < other.seat ? [one, other] : [other, one]
  return derivationInfo(LABELS.pairwiseMask, lower, upper, second)
}

/** The seed of the self-mask of `owner`, from its secret b. The owner derives it, and the server when it has recovered b. */
export function deriveSelfMaskSeed(
  config: RoundConfig,
  crypto: CryptoProvider,
  secret: Uint8Array,
  owner: number,
): Promise<Uint8Array> {
  const info = concatBytes(LABELS.selfMask, seatBytes(owner))
  return crypto.sha256.hkdf(secret, config.hash, info, suiteOf(config, crypto).keyLength)
}

/**
 * The acknowledgement with which `holder` tells `owner` that it counts the owner as alive (phase 3 on the chosen graph). It is
 * a pseudorandom value, derived from the raw agreement of their c keys. Only these two can compute it, and only in this run,
 * because both keys are new. It says nothing else, so no separate key is needed.
 */
export function deriveAcknowledgement(
  config: RoundConfig,
  crypto: CryptoProvider,
  agreement: Uint8Array,
  holder: KeyHolder,
  owner: KeyHolder,
  second?: SecondSecret,
): Promise<Uint8Array> {
  const info = derivationInfo(LABELS.acknowledgement, holder, owner, second)
  return deriveKey(config, crypto, agreement, second, info, ACKNOWLEDGEMENT_LENGTH)
}

/** A commitment to b, with which the server checks whether it has reconstructed b correctly. */
export function commitToSelfMask(
  config: RoundConfig,
  crypto: CryptoProvider,
  secret: Uint8Array,
  owner: number,
): Promise<Uint8Array> {
  return crypto.sha256.hkdf(secret, config.hash, concatBytes(LABELS.commitment, seatBytes(owner)), 32)
}

/** The associated data of a ciphertext of shares. */
export function sharesAssociatedData(config: RoundConfig, sender: number, receiver: number): Uint8Array {
  return concatBytes(LABELS.shares, config.hash, seatBytes(sender), seatBytes(receiver))
}

/** A label of this protocol. Its length comes first, so that no label is a prefix of another. */
export function label(name: string): Uint8Array {
  const bytes = ascii(`secagg ${PROTOCOL_VERSION} ${name}`)
  return concatBytes(Uint8Array.of(bytes.length), bytes)
}

/** A seat as four bytes, little-endian. */
export function seatBytes(seat: number): Uint8Array {
  // Several times as fast as `Uint8Array.of`, and needed several times for every pair of clients.
  const bytes = new Uint8Array(4)
  for (let i = 0; i < 4; i++) bytes[i] = seat >>> (8 * i)
  return bytes
}

/** Encoded once, because every pair of clients uses several labels. */
const LABELS = {
  sealShares: label('seal shares'),
  pairwiseMask: label('pairwise mask'),
  selfMask: label('self mask'),
  commitment: label('commitment'),
  acknowledgement: label('acknowledge'),
  shares: label('shares'),
} as const

/** Derives a key that is secret while the agreement or the second secret is. */
export async function deriveKey(
  { hash }: RoundConfig,
  crypto: CryptoProvider,
  agreement: Uint8Array,
  second: SecondSecret | undefined,
  info: Uint8Array,
  length: number,
): Promise<Uint8Array> {
  if (second === undefined) return crypto.sha256.hkdf(agreement, hash, info, length)
  const both = concatBytes(agreement, second.secret)
  try {
    return await crypto.sha256.hkdf(both, hash, info, length)
  } finally {
    wipe(both)
  }
}

/** What a derived key depends on, besides secrets: its purpose, who shares it, all their public keys and the ciphertext. */
export function derivationInfo(
  what: Uint8Array,
  one: KeyHolder,
  other: KeyHolder,
  second?: SecondSecret,
): Uint8Array {
  const keys = [seatBytes(one.seat), seatBytes(other.seat), one.publicKey, other.publicKey]
  const { kemDigest = NOTHING } = one
  return concatBytes(what, ...keys, kemDigest, other.kemDigest ?? NOTHING, second?.digest ?? NOTHING)
}

const NOTHING = new Uint8Array(0)
