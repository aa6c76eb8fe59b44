import { ascii, concatBytes } from '../crypto/bytes.js'
import type { CryptoProvider, SymmetricSuite } from '../crypto/provider.js'
import { SecAggError } from '../errors.js'
import { PROTOCOL_VERSION } from '../wire/index.js'
import type { RoundConfig } from './config.js'

/** A seat and the public key it uses for one purpose. */
export interface KeyHolder {
  readonly seat: number
  readonly publicKey: Uint8Array
}

/** The suite that the configuration names, from a provider that must have it. */
export function suiteOf(config: RoundConfig, crypto: CryptoProvider): SymmetricSuite {
  const suite = crypto.suites[config.suite]
  if (suite === undefined) {
    throw new SecAggError('unsupported', 'crypto', `provider ${crypto.name} lacks the suite ${config.suite}`)
  }
  return suite
}

/**
 * The key under which `sender` seals shares to `receiver`, from the raw agreement of their c keys (round 1). The order
 * of the two gives the direction, so what is sealed one way never opens the other way.
 */
export function deriveSealingKey(
  config: RoundConfig,
  crypto: CryptoProvider,
  agreement: Uint8Array,
  sender: KeyHolder,
  receiver: KeyHolder,
): Promise<Uint8Array> {
  const info = derivationInfo(LABELS.sealShares, sender, receiver)
  return crypto.sha256.hkdf(agreement, config.hash, info, suiteOf(config, crypto).keyLength)
}

/** The seed s_{u,v} of a pairwise mask, from the raw agreement of two s keys; the same for both (round 2). */
export function derivePairwiseSeed(
  config: RoundConfig,
  crypto: CryptoProvider,
  agreement: Uint8Array,
  one: KeyHolder,
  other: KeyHolder,
): Promise<Uint8Array> {
  const [lower, upper] = one.seat < other.seat ? [one, other] : [other, one]
  const info = derivationInfo(LABELS.pairwiseMask, lower, upper)
  return crypto.sha256.hkdf(agreement, config.hash, info, suiteOf(config, crypto).keyLength)
}

/** The generator seed that the shared secret b of `owner` stands for (rounds 2 and 4). */
export function deriveSelfMaskSeed(
  config: RoundConfig,
  crypto: CryptoProvider,
  secret: Uint8Array,
  owner: number,
): Promise<Uint8Array> {
  const info = concatBytes(LABELS.selfMask, seatBytes(owner))
  return crypto.sha256.hkdf(secret, config.hash, info, suiteOf(config, crypto).keyLength)
}

/** The server's means to tell a wrongly reconstructed b from the right one. */
export function commitToSelfMask(
  config: RoundConfig,
  crypto: CryptoProvider,
  secret: Uint8Array,
  owner: number,
): Promise<Uint8Array> {
  return crypto.sha256.hkdf(secret, config.hash, concatBytes(LABELS.commitment, seatBytes(owner)), 32)
}

/** What the ciphertext of shares is bound to besides its key. */
export function sharesAssociatedData(config: RoundConfig, sender: number, receiver: number): Uint8Array {
  return concatBytes(LABELS.shares, config.hash, seatBytes(sender), seatBytes(receiver))
}

/** A label of this protocol, its length first, so that no label is the beginning of another. */
export function label(name: string): Uint8Array {
  const bytes = ascii(`secagg ${PROTOCOL_VERSION} ${name}`)
  return concatBytes(Uint8Array.of(bytes.length), bytes)
}

/** A seat as four bytes, little-endian. */
export function seatBytes(seat: number): Uint8Array {
  return Uint8Array.of(seat, seat >>> 8, seat >>> 16, seat >>> 24)
}

/** Made once, as there are several to every pair of clients. */
const LABELS = {
  sealShares: label('seal shares'),
  pairwiseMask: label('pairwise mask'),
  selfMask: label('self mask'),
  commitment: label('commitment'),
  shares: label('shares'),
} as const

function derivationInfo(what: Uint8Array, first: KeyHolder, second: KeyHolder): Uint8Array {
  return concatBytes(what, seatBytes(first.seat), seatBytes(second.seat), first.publicKey, second.publicKey)
}
