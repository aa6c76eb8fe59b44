import { concatBytes, wipe } from '../../crypto/bytes.js'
import { type Digest, digestOf } from '../../crypto/digest.js'
import { KEM_SEED_LENGTH } from '../../crypto/encapsulation.js'
import type { CryptoProvider } from '../../crypto/provider.js'
import { drawSecret } from '../../crypto/random.js'
import type { PublicKeys } from '../../wire/index.js'
import { blameServer, violation } from '../checks.js'
import {
  type AdvertisedHybrid,
  type PeerHybrid,
  type SharedHybrid,
  sentMasks,
} from '../client/hybrid-states.js'
import type { ClientAdvertised, ClientShared, KeyPair, Peer, Sharer } from '../client/states.js'
import type { Received, SealedTo } from '../hybrid-steps.js'
import { deriveAcknowledgement, deriveSealingKey, type KeyHolder } from '../keys.js'
import { holdersAmong, isMutual, sealedLength, sendsSecret } from '../parcel-lengths.js'
import {
  deriveMaskKeys,
  deriveMaskSecret,
  kemOf,
  openParcel,
  openSent,
  receiveMaskSecret,
  sendMaskSecret,
} from './mask-secrets.js'

/** A client with its key for masks, or for the encryption of shares. */
export function keyHolder(
  seat: number,
  keys: Omit<PublicKeys, 'signature'>,
  purpose: 'cipher' | 'mask',
  digest: Digest,
): KeyHolder {
  const kemKey = keys[`${purpose}KemKey`]
  return { seat, publicKey: keys[`${purpose}Key`], kemDigest: kemKey && digest(kemKey) }
}

/** Draws the secrets of a client; and derives its keys for masks, and the public keys. */
export async function drawKeys(
  config: ClientAdvertised['config'],
  seat: number,
  crypto: CryptoProvider,
): Promise<{
  readonly hybrid: AdvertisedHybrid
  readonly maskKeyPair: KeyPair
  readonly kemKeys: { readonly cipherKemKey: Uint8Array; readonly maskKemKey: Uint8Array }
}> {
  const kem = kemOf(crypto)
  const cipherSeed = drawSecret(crypto, KEM_SEED_LENGTH)
  const master = drawSecret(crypto, 32)
  const { privateKey, kemSeed } = await deriveMaskKeys(config, crypto, master, seat)
  const publicKey = await crypto.x25519.publicKey(privateKey)
  const cipherKemKey = await kem.publicKey(cipherSeed)
  const maskKemKey = await kem.publicKey(kemSeed)
  wipe(kemSeed)
  return {
    hybrid: { cipherSeed, master },
    maskKeyPair: { privateKey, publicKey },
    kemKeys: { cipherKemKey, maskKemKey },
  }
}

/** What a client keeps of a peer. The agreement is copied, because it is wiped. */
export function peerOf(
  keys: PublicKeys,
  agreement: Uint8Array,
  { kemDigest }: KeyHolder,
  sealed: SealedTo | undefined,
  digest: Digest,
): PeerHybrid {
  const toPeer = sealed?.toPeer
  const peer = {
    cipherAgreement: Uint8Array.from(agreement),
    cipherKey: Uint8Array.from(keys.cipherKey),
    cipherKemDigest: kemDigest!,
    maskKemDigest: toPeer?.maskKemDigest ?? digest(keys.maskKemKey!),
  }
  if (toPeer !== undefined) sentMasks.set(peer, toPeer.mask)
  return peer
}

/** The raw agreements of the s keys with these peers, as copies, because they are wiped. */
export async function agreementsWith(
  { maskKeyPair }: ClientShared,
  peers: readonly Peer[],
  crypto: CryptoProvider,
): Promise<(Uint8Array | undefined)[]> {
  const known = peers.map(({ hybrid }) => sentMasks.get(hybrid!)?.agreement)
  const others = peers.filter((_, index) => known[index] === undefined)
  const agreements = await crypto.x25519.sharedSecrets(
    maskKeyPair.privateKey,
    others.map(({ maskKey }) => maskKey),
  )
  let next = 0
  return known.map((agreement) => (agreement === undefined ? agreements[next++] : Uint8Array.from(agreement)))
}

/** What a client keeps of its own keys until it has opened what its peers seal to it. `own`: its keys for the encryption of shares. */
export function sharedOf(
  { seat, outbound, hybrid }: ClientAdvertised,
  own: KeyHolder,
  digest: Digest,
): SharedHybrid {
  return {
    ...hybrid!,
    cipherKey: own.publicKey,
    cipherKemDigest: own.kemDigest!,
    maskKemDigest: keyHolder(seat, outbound, 'mask', digest).kemDigest!,
  }
}

/** The parcel for a holder, with the shares that are sealed to it. */
export function parcelOf({ ciphertext, toPeer }: SealedTo, sealedShares: Uint8Array): Uint8Array {
  return concatBytes(ciphertext, sealedShares, toPeer?.sent ?? NOTHING)
}

const NOTHING = new Uint8Array(0)

/** Makes what goes into the parcels for these holders besides shares, by seat. */
export async function sealSecrets(
  { config, seat, maskKeyPair, outbound, hybrid }: ClientAdvertised,
  holders: readonly { readonly seat: number; readonly keys: PublicKeys; readonly isMutual: boolean }[],
  crypto: CryptoProvider,
  digest: Digest,
): Promise<ReadonlyMap<number, SealedTo>> {
  const sealed = new Map<number, SealedTo>()
  const kem = kemOf(crypto)
  const receivers = holders.filter(({ seat: holder, isMutual }) => sendsSecret(seat, holder, isMutual))
  const channels = await kem.encapsulate(holders.map(({ keys }) => keys.cipherKemKey!))
  const encapsulated = await kem.encapsulate(receivers.map(({ keys }) => keys.maskKemKey!))
  const agreements = await crypto.x25519.sharedSecrets(
    maskKeyPair.privateKey,
    receivers.map(({ keys }) => keys.maskKey),
  )
  const sender = keyHolder(seat, outbound, 'mask', digest)
  const sentTo = new Map<number, SealedTo['toPeer']>()
  await Promise.all(
    receivers.map(async ({ seat: other, keys }, index) => {
      const made = requireSecret(encapsulated[index], other)
      const agreement = requireSecret(agreements[index], other)
      const secret = await deriveMaskSecret(config, crypto, hybrid!.master, seat, other)
      const receiver = keyHolder(other, keys, 'mask', digest)
      const pair = { sender, receiver, agreement }
      const second = { secret: made.secret, digest: digestOf(made.ciphertext) }
      const sent = await sendMaskSecret(config, crypto, pair, made.ciphertext, second, secret)
      const mask = { agreement, secret, digest: second.digest }
      sentTo.set(other, { sent, maskKemDigest: receiver.kemDigest!, mask })
      wipe(made.secret)
    }),
  )
  holders.forEach(({ seat: other }, index) => {
    const { ciphertext, secret } = requireSecret(channels[index], other)
    const second = { secret, digest: digestOf(ciphertext) }
    sealed.set(other, { second, ciphertext, toPeer: sentTo.get(other) })
  })
  return sealed
}

/** The keys were checked before, so this fails only if the provider does. */
function requireSecret<T>(made: T | undefined, seat: number): T {
  if (made !== undefined) return made
  throw violation(
    'invalid-public-key',
    blameServer('share-keys', seat),
    'the key agreement with a public key fails',
  )
}

/**
 * Opens the parcels of the peers in U2, and derives the secrets that this client has sent itself. `agreements`: the raw
 * agreements of the s keys.
 *
 * A client never leaves out the mask of a pair: if it did, a server that alters ciphertexts could take all masks off.
 *
 * @throws {SecAggError} `wrong-mask-secret`, fault `server`, if a secret does not open or does not fit its confirmation;
 *   `concerning` names the senders.
 */
export async function receiveSecrets(
  state: ClientShared,
  pairs: readonly { readonly peer: Peer; readonly sharer: Sharer }[],
  agreements: readonly Uint8Array[],
  crypto: CryptoProvider,
): Promise<readonly Received[]> {
  const { config, seat, maskKeyPair } = state
  const hybrid = state.hybrid!
  const kem = kemOf(crypto)
  const parcels = pairs.map(({ sharer }) =>
    sharer.ciphertext.length === 0 ? undefined : openParcel(sharer.ciphertext),
  )
  const { kemSeed } = await deriveMaskKeys(config, crypto, hybrid.master, seat)
  const channels = await secretsOf(
    kem,
    hybrid.cipherSeed,
    parcels.map((parcel) => parcel?.ciphertext),
  )
  const sent = parcels.map((parcel) => parcel?.sent)
  const encapsulated = await secretsOf(
    kem,
    kemSeed,
    sent.map((bytes) => bytes && openSent(bytes).ciphertext),
  )
  wipe(kemSeed)
  const own: KeyHolder = { seat, publicKey: maskKeyPair.publicKey, kemDigest: hybrid.maskKemDigest }
  const sentByMe = sentSecrets(state)
  const opened = await Promise.all(
    pairs.map(async ({ peer, sharer: sealed }, index): Promise<Received | undefined> => {
      const { seat: other } = peer
      const channel = channels[index]
      const sharer =
        channel === undefined
          ? sealed
          : await withChannel(state, peer, sealed, channel, parcels[index]!, crypto)
      const known = sentMasks.get(peer.hybrid!)
      // A copy, because it is wiped.
      if (known !== undefined)
        return { sharer, secret: { secret: Uint8Array.from(known.secret), digest: known.digest } }
      const mine = sentByMe.get(other)
      if (mine !== undefined) {
        const digest = digestOf(openSent(mine).ciphertext)
        const secret = await deriveMaskSecret(config, crypto, hybrid.master, seat, other)
        return { sharer, secret: { secret, digest } }
      }
      const sender = { seat: other, publicKey: peer.maskKey, kemDigest: peer.hybrid!.maskKemDigest }
      const pair = { sender, receiver: own, agreement: agreements[index]! }
      const from = sent[index]
      const secret = from && (await receiveMaskSecret(config, crypto, pair, from, encapsulated[index]!))
      return secret && { sharer, secret }
    }),
  )
  for (const secret of [...channels, ...encapsulated]) if (secret !== undefined) wipe(secret)
  const received = opened.filter((one) => one !== undefined)
  if (received.length === pairs.length) return received
  for (const { secret } of received) wipe(secret.secret)
  const failed = pairs.flatMap(({ peer }, index) => (opened[index] === undefined ? peer.seat : []))
  throw violation(
    'wrong-mask-secret',
    blameServer('masked-input', ...failed),
    `what seats ${failed.join(', ')} have sealed for their masks does not open or does not fit`,
  )
}

/** The secrets in those ciphertexts that there are, at the same indices. */
async function secretsOf(
  kem: ReturnType<typeof kemOf>,
  seed: Uint8Array,
  ciphertexts: readonly (Uint8Array | undefined)[],
): Promise<(Uint8Array | undefined)[]> {
  const there = ciphertexts.filter((ciphertext) => ciphertext !== undefined)
  const secrets = there.length === 0 ? [] : await kem.decapsulate(seed, there)
  let next = 0
  return ciphertexts.map((ciphertext) => (ciphertext === undefined ? undefined : secrets[next++]))
}

/** The sharer with what follows from the ciphertext to this client's cipher key: it can be opened and acknowledged from now on. */
async function withChannel(
  { config, seat, hybrid }: ClientShared,
  { seat: other, hybrid: peer }: Peer,
  sharer: Sharer,
  secret: Uint8Array,
  { ciphertext, sealedShares }: ReturnType<typeof openParcel>,
  crypto: CryptoProvider,
): Promise<Sharer> {
  const { cipherAgreement, cipherKey, cipherKemDigest } = peer!
  const second = { secret, digest: digestOf(ciphertext) }
  const owner: KeyHolder = { seat: other, publicKey: cipherKey, kemDigest: cipherKemDigest }
  const own: KeyHolder = { seat, publicKey: hybrid!.cipherKey, kemDigest: hybrid!.cipherKemDigest }
  const openingKey = await deriveSealingKey(config, crypto, cipherAgreement, owner, own, second)
  const { choice } = sharer
  const opened = { ...sharer, openingKey, ciphertext: Uint8Array.from(sealedShares) }
  if (choice === undefined) return opened
  const given = await deriveAcknowledgement(config, crypto, cipherAgreement, own, owner, second)
  return { ...opened, choice: { ...choice, given } }
}

/** The bytes with which this client has sent secrets for masks, by receiver. */
function sentSecrets({ config, seat, peers, outbound }: ClientShared): ReadonlyMap<number, Uint8Array> {
  const sent = new Map<number, Uint8Array>()
  let at = 0
  for (const peer of holdersAmong(peers)) {
    const length = sealedLength(config, seat, peer.seat, isMutual(peer))
    const { sent: own } = openParcel(outbound.ciphertexts.subarray(at, at + length))
    if (own !== undefined) sent.set(peer.seat, own)
    at += length
  }
  return sent
}
