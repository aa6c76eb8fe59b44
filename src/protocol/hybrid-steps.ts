import type { Digest } from '../crypto/digest.js'
import type { CryptoProvider, HybridKeyAgreement } from '../crypto/provider.js'
import type { SeedDeriver, SeedRequest } from '../crypto/seeds.js'
import { usageError } from '../errors.js'
import type { ForwardedShares, PublicKeys, Seated } from '../wire/index.js'
import type {
  AdvertisedHybrid,
  ClientComplained,
  PeerHybrid,
  SentMask,
  SharedHybrid,
} from './client/hybrid-states.js'
import type { ClientAdvertised, ClientShared, KeyPair, Peer, Sharer } from './client/states.js'
import type { RoundConfig } from './config.js'
import { isHybrid, type KeyHolder, type SecondSecret } from './keys.js'
import type { ComplainingClient } from './server/accept-complaint.js'
import type { Outbound } from './server/accepted.js'
import type {
  MaskedClient,
  MaskedHybrid,
  ServerMasking,
  ServerUnmasking,
  SharingClient,
} from './server/states.js'
import type { OnWork } from './server/work.js'

/**
 * What the steps of the protocol do in addition with hybrid key agreement. The steps know only these types: the functions come
 * with the provider, from `withPostQuantum`, so that programs without hybrid key agreement do not load them.
 */
export interface HybridSteps {
  /** @throws {SecAggError} `invalid-argument` if ML-KEM-768 of the provider lacks a method. */
  requireKem(crypto: CryptoProvider): void
  /** Draws the secrets of a client; and derives its keys for masks, and the public keys. */
  drawKeys(
    config: RoundConfig,
    seat: number,
    crypto: CryptoProvider,
  ): Promise<{
    readonly hybrid: AdvertisedHybrid
    readonly maskKeyPair: KeyPair
    readonly kemKeys: { readonly cipherKemKey: Uint8Array; readonly maskKemKey: Uint8Array }
  }>
  /** Whether both keys of ML-KEM-768 are there and pass the checks of FIPS 203, section 7.2. */
  areKemKeys(keys: Pick<PublicKeys, 'cipherKemKey' | 'maskKemKey'>): boolean
  /** A client with its keys for one purpose. */
  keyHolder(
    seat: number,
    keys: Omit<PublicKeys, 'signature'>,
    purpose: 'cipher' | 'mask',
    digest: Digest,
  ): KeyHolder
  /** Makes what goes into the parcels for these holders besides shares, by seat. */
  sealSecrets(
    state: ClientAdvertised,
    holders: readonly { readonly seat: number; readonly keys: PublicKeys; readonly isMutual: boolean }[],
    crypto: CryptoProvider,
    digest: Digest,
  ): Promise<ReadonlyMap<number, SealedTo>>
  /** The parcel for a holder, with the shares that are sealed to it. */
  parcelOf(sealed: SealedTo, sealedShares: Uint8Array): Uint8Array
  /** What a client keeps of a peer. */
  peerOf(
    keys: PublicKeys,
    agreement: Uint8Array,
    cipher: KeyHolder,
    sealed: SealedTo | undefined,
    digest: Digest,
  ): PeerHybrid
  /** What a client keeps of its own keys until it has opened what its peers seal to it. */
  sharedOf(state: ClientAdvertised, cipher: KeyHolder, digest: Digest): SharedHybrid
  /** The raw agreements of the s keys, in the order of `peers`. Some are known from the phase before. */
  agreementsWith(
    state: ClientShared,
    peers: readonly Peer[],
    crypto: CryptoProvider,
  ): Promise<(Uint8Array | undefined)[]>
  /**
   * Opens the parcels of the peers in U2. `agreements`: the raw agreements of the s keys.
   * @throws {SecAggError} `wrong-mask-secret`, fault `server`, if a secret does not open or does not fit its confirmation;
   *   `concerning` names the senders.
   */
  receiveSecrets(
    state: ClientShared,
    pairs: readonly { readonly peer: Peer; readonly sharer: Sharer }[],
    agreements: readonly Uint8Array[],
    crypto: CryptoProvider,
  ): Promise<readonly Received[]>
  /** `client.complain` */
  complain(
    state: ClientShared,
    present: readonly number[],
    senders: readonly number[],
  ): { readonly state: ClientComplained }

  /** The ForwardedShares messages. */
  forwardParcels(state: ServerMasking): Outbound<ForwardedShares>
  /** The complaints of phase 2, of which there are none yet. */
  collectComplaints(state: ServerMasking): CollectedComplaints
  /** The clients about which more than n_C others complain. */
  accusedBy(config: RoundConfig, complaints: readonly ComplainingClient[]): readonly number[]
  /** What the server still needs to know of each client once U3 is fixed. */
  keepSecrets(
    state: ServerMasking,
    survivors: readonly number[],
    complaints: readonly ComplainingClient[],
  ): (client: SharingClient) => MaskedHybrid
  /**
   * Whether `master` is the master secret of `owner`.
   * @throws {SecAggError} `wrong-mask-secret`, with the owner as culprit, if only the X25519 key follows from it.
   */
  isMaster(
    config: RoundConfig,
    crypto: CryptoProvider,
    owner: MaskedClient,
    master: Uint8Array,
  ): Promise<boolean>
  /**
   * Finds what follows from the master secrets of the clients that dropped out.
   * @throws {SecAggError} `wrong-mask-secret` if a secret does not open or does not fit; `culprits` are the senders.
   */
  openSecrets(
    state: ServerUnmasking,
    masters: readonly Seated<Uint8Array>[],
    crypto: CryptoProvider,
    onWork: OnWork | undefined,
  ): Promise<OpenedSecrets>
  /**
   * Lets `derive` derive the seeds of the masks of a client that dropped out. The agreements that {@link openSecrets} has made
   * with the same private key are not made again on the calling thread.
   */
  deriveSeeds(derive: SeedDeriver, request: SeedRequest, crypto: CryptoProvider): ReturnType<SeedDeriver>
  /** The second secrets of the masks of a client that dropped out. `secrets`: its part of {@link OpenedSecrets}. */
  maskSecretsIn(secrets: Uint8Array): readonly SecondSecret[]
}

/** The key of the steps in {@link HybridKeyAgreement}: a symbol, since they are for this version of the library only. */
export const STEPS: unique symbol = Symbol('steps')

export interface LoadedHybrid extends HybridKeyAgreement {
  readonly [STEPS]: HybridSteps
}

/** What a client has encapsulated for a holder, and what it sends for the mask of the pair. */
export interface SealedTo {
  readonly second: SecondSecret
  readonly ciphertext: Uint8Array
  /** Only if a secret for the mask is sent to the holder. */
  readonly toPeer:
    | {
        readonly sent: Uint8Array
        /** Of the holder. */
        readonly maskKemDigest: Uint8Array
        readonly mask: SentMask
      }
    | undefined
}

/** What a client has found in the parcel of a peer. */
export interface Received {
  readonly sharer: Sharer
  /** The secret for the mask of the pair, from whichever side. */
  readonly secret: SecondSecret
}

/** The complaints that have arrived in phase 2. A client that complains sends no masked input, so it is no longer expected to. */
export interface CollectedComplaints {
  /** Ascending by seat. */
  readonly all: readonly ComplainingClient[]
  has(seat: number): boolean
  /**
   * Checks one complaint. The function that it returns accepts it.
   * @throws {SecAggError} as `server.acceptComplaint` does.
   */
  check(seat: number, bytes: Uint8Array): () => { status: 'accepted' }
  /** The bytes of the complaints, by seat. */
  messages(): Iterable<readonly [seat: number, bytes: Uint8Array]>
}

/** What follows from the master secrets of the clients that dropped out. */
export interface OpenedSecrets {
  /** s^SK of each of these clients. */
  readonly maskKeys: readonly Seated<Uint8Array>[]
  /** By dropped client: the secret and the digest of its mask with each survivor that is joined to it, ascending. */
  readonly secrets: readonly Seated<Uint8Array>[]
  /** The clients that have complained about what opens and fits, or about which too many others complained. Ascending. */
  readonly culprits: readonly number[]
}

/**
 * The additional steps of a round with hybrid key agreement; `undefined` in a round without.
 * @throws {SecAggError} `unsupported`, fault `usage`, if the round is hybrid and the provider is not.
 */
export function hybridFor(
  config: Pick<RoundConfig, 'keyAgreement'>,
  crypto: CryptoProvider | undefined,
): HybridSteps | undefined {
  if (!isHybrid(config)) return undefined
  const steps = (crypto?.hybrid as Partial<LoadedHybrid> | undefined)?.[STEPS]
  if (crypto?.mlKem768 !== undefined && steps !== undefined) {
    steps.requireKem(crypto)
    return steps
  }
  throw usageError(
    'unsupported',
    `keyAgreement '${config.keyAgreement}' needs ML-KEM-768, which ${crypto === undefined ? 'the default provider' : `provider ${crypto.name}`} lacks: ` +
      "import { withPostQuantum } from 'secagg/post-quantum' and pass crypto: await withPostQuantum(provider)",
  )
}
