import { equalBytes, joinBytes, wipe, wipeAll } from '../../crypto/bytes.js'
import { digestOf } from '../../crypto/digest.js'
import type { CryptoProvider, KeyAgreement } from '../../crypto/provider.js'
import { deriveSeeds as deriveHere, type SeedDeriver, type SeedRequest } from '../../crypto/seeds.js'
import { usageError } from '../../errors.js'
import { indexOfSeat, memberAt } from '../../graph/index.js'
import type { Seated } from '../../wire/index.js'
import { blamePeer, violation } from '../checks.js'
import type { RoundConfig } from '../config.js'
import type { OpenedSecrets } from '../hybrid-steps.js'
import type { KeyHolder, SecondSecret } from '../keys.js'
import { OPENED_SECRET_LENGTH, sealedLengthBetween } from '../parcel-lengths.js'
import { accusedBy, type ComplainingClient } from '../server/accept-complaint.js'
import { crossingEntries, isSender, joinedTo } from '../server/pairs.js'
import type {
  MaskedClient,
  MaskedHybrid,
  ServerMasking,
  ServerUnmasking,
  SharingClient,
} from '../server/states.js'
import type { OnWork } from '../server/work.js'
import {
  confirmMaskSecret,
  deriveMaskKeys,
  deriveMaskSecret,
  kemOf,
  keptOf,
  openParcel,
  openSent,
  receiveMaskSecret,
} from './mask-secrets.js'

/**
 * What the server still needs to know for hybrid key agreement once U3 is fixed: of the pairs with exactly one end in U3,
 * what the survivors have sent to the others; and a digest and the confirmation of what the others have sent.
 */
export function keepSecrets(
  { config, graph, clients }: ServerMasking,
  survivors: readonly number[],
  complaints: readonly ComplainingClient[],
): (client: SharingClient) => MaskedHybrid {
  const complaintOf = new Map(complaints.map(({ seat, senders }) => [seat, senders]))
  const parcels = new Map(clients.map((client) => [client.seat, new ParcelsInOrder(config, graph, client)]))
  const sentBy = (sender: number, receiver: number): Uint8Array => parcels.get(sender)!.sentTo(receiver)
  return (client) => {
    const { seat, keys } = client
    const maskKemDigest = digestOf(keys.maskKemKey!)
    if (indexOfSeat(survivors, seat) >= 0)
      return { maskKemDigest, crossing: new Uint8Array(0), complaint: [] }
    const crossing = joinedTo({ config, graph }, seat, survivors).map((survivor) =>
      isSender(config, graph, survivor, seat) ? sentBy(survivor, seat) : keptOf(sentBy(seat, survivor)),
    )
    return { maskKemDigest, crossing: joinBytes(crossing), complaint: complaintOf.get(seat) ?? [] }
  }
}

/**
 * What one client has sent to its peers. Parcels differ in length, so each is found from the one before: receivers that are asked
 * for in ascending order take one pass.
 */
class ParcelsInOrder {
  readonly #lengthTo: (peer: number) => number
  readonly #client: SharingClient
  #index = 0
  #at = 0

  constructor(config: RoundConfig, graph: ServerMasking['graph'], client: SharingClient) {
    this.#client = client
    this.#lengthTo = (peer) => sealedLengthBetween(config, graph, client.seat, peer)
  }

  /** The bytes with which the client sends its secret for the mask with `receiver`. */
  sentTo(receiver: number): Uint8Array {
    const { seat, peers, ciphertexts } = this.#client
    if (!(peers[this.#index]! <= receiver)) {
      this.#index = 0
      this.#at = 0
    }
    while (peers[this.#index]! < receiver) this.#at += this.#lengthTo(peers[this.#index++]!)
    if (peers[this.#index] !== receiver) {
      throw usageError('invalid-argument', `seat ${seat} has sealed nothing to seat ${receiver}`)
    }
    return openParcel(ciphertexts.subarray(this.#at, this.#at + this.#lengthTo(receiver))).sent!
  }
}

/**
 * Whether `master` is the master secret of `owner`: both of its keys for masks follow from it.
 *
 * @throws {SecAggError} `wrong-mask-secret`, with the owner as culprit, if only the X25519 key does. Nobody else can have caused
 *   that, so no other shares need to be tried.
 */
export async function isMaster(
  config: RoundConfig,
  crypto: CryptoProvider,
  { seat, maskKey, hybrid }: MaskedClient,
  master: Uint8Array,
): Promise<boolean> {
  const { privateKey, kemSeed } = await deriveMaskKeys(config, crypto, master, seat)
  try {
    if (!equalBytes(await crypto.x25519.publicKey(privateKey), maskKey)) return false
    const kemKey = await kemOf(crypto).publicKey(kemSeed)
    if (equalBytes(digestOf(kemKey), hybrid!.maskKemDigest)) return true
  } finally {
    wipe(privateKey, kemSeed)
  }
  const text = `the keys of seat ${seat} for masks do not follow from the same secret`
  throw violation('wrong-mask-secret', blamePeer('unmasking', seat), text)
}

/**
 * With hybrid key agreement: derives s^SK of each client that dropped out from its master secret, and finds the secrets of its
 * masks. Each is compared with its confirmation before a mask is taken off.
 *
 * @throws {SecAggError} `wrong-mask-secret` if one does not open or does not fit; `culprits` are the senders.
 */
export async function openSecrets(
  { config, graph, clients, survivors }: ServerUnmasking,
  masters: readonly Seated<Uint8Array>[],
  crypto: CryptoProvider,
  onWork: OnWork | undefined,
): Promise<OpenedSecrets> {
  const maskKeys: Seated<Uint8Array>[] = []
  const secrets: Seated<Uint8Array>[] = []
  const wrong = new Set<number>()
  const refuted = new Map<number, Set<number>>()
  const refute = (author: number, sender: number): void => {
    refuted.set(author, (refuted.get(author) ?? new Set()).add(sender))
  }
  const holderAt = (seat: number): KeyHolder => {
    const { maskKey, hybrid } = memberAt(clients, seat)!
    return { seat, publicKey: maskKey, kemDigest: hybrid!.maskKemDigest }
  }
  for (const { seat: dropped, value: master } of masters) {
    const joined = joinedTo({ config, graph }, dropped, survivors)
    await onWork?.(OPENING_COST * joined.length)
    const { privateKey, kemSeed } = await deriveMaskKeys(config, crypto, master, dropped)
    maskKeys.push({ seat: dropped, value: privateKey })
    const { crossing, complaint } = memberAt(clients, dropped)!.hybrid!
    const entries = crossingEntries(config, graph, crossing, dropped, joined)
    const sent = entries.filter(({ isSent }) => isSent)
    const encapsulated = await kemOf(crypto).decapsulate(
      kemSeed,
      sent.map(({ bytes }) => openSent(bytes).ciphertext),
    )
    const senderKeys = sent.map(({ survivor }) => memberAt(clients, survivor)!.maskKey)
    const agreements = await crypto.x25519.sharedSecrets(privateKey, senderKeys)
    agreed.set(
      privateKey,
      new Map(
        senderKeys.flatMap((key, index) =>
          agreements[index] === undefined ? [] : [[key, agreements[index]]],
        ),
      ),
    )
    const own = holderAt(dropped)
    const found = await Promise.all(
      entries.map(async (entry): Promise<SecondSecret | undefined> => {
        const { survivor, bytes, isSent } = entry
        if (!isSent) return ownSecret(config, crypto, master, dropped, survivor, bytes)
        const index = sent.indexOf(entry)
        const agreement = agreements[index]
        if (agreement === undefined) return undefined
        const pair = { sender: holderAt(survivor), receiver: own, agreement }
        return receiveMaskSecret(config, crypto, pair, bytes, encapsulated[index]!)
      }),
    )
    wipeAll([kemSeed, ...encapsulated])
    found.forEach((secret, index) => {
      const { survivor, isSent } = entries[index]!
      if (secret === undefined) wrong.add(isSent ? survivor : dropped)
      else if (indexOfSeat(complaint, survivor) >= 0) refute(dropped, survivor)
    })
    const value = joinBytes(
      found.flatMap((secret) => (secret === undefined ? [] : [secret.secret, secret.digest])),
    )
    wipeAll(found.flatMap((secret) => secret?.secret ?? []))
    secrets.push({ seat: dropped, value })
  }
  // A complaint that turned out to be false says nothing about the client that it names.
  const complaints = clients.map(({ seat, hybrid }) => ({
    seat,
    senders: hybrid!.complaint.filter((sender) => refuted.get(seat)?.has(sender) !== true),
  }))
  const culprits = ascending(new Set([...wrong, ...refuted.keys(), ...accusedBy(config, complaints)]))
  if (wrong.size === 0) return { maskKeys, secrets, culprits }
  for (const { value } of maskKeys) wipeAll(takeAgreements(value).values())
  wipeAll([...maskKeys, ...secrets].map(({ value }) => value))
  const text = `the secrets that seats ${ascending(wrong).join(', ')} have sent for their masks do not open or do not fit`
  throw violation('wrong-mask-secret', { fault: 'peer', phase: 'unmasking', culprits, concerning: [] }, text)
}

/**
 * By private key: the agreements that {@link openSecrets} has made with some public keys. A cache, whose entries are used once
 * and then wiped.
 */
const agreed = new WeakMap<Uint8Array, ReadonlyMap<Uint8Array, Uint8Array>>()

function takeAgreements(privateKey: Uint8Array): ReadonlyMap<Uint8Array, Uint8Array> {
  const known = agreed.get(privateKey) ?? new Map<Uint8Array, Uint8Array>()
  agreed.delete(privateKey)
  return known
}

/** Derives seeds by `derive`; with the agreements that are known if that is on the calling thread. */
export async function deriveSeeds(
  derive: SeedDeriver,
  request: SeedRequest,
  crypto: CryptoProvider,
): ReturnType<SeedDeriver> {
  const known = takeAgreements(request.privateKey)
  const { x25519 } = crypto
  const sharedSecrets: KeyAgreement['sharedSecrets'] = async (privateKey, publicKeys) => {
    const others = publicKeys.filter((key) => !known.has(key))
    const made = (await x25519.sharedSecrets(privateKey, others)).values()
    return publicKeys.map((key) => {
      const agreement = known.get(key)
      // A copy, because the caller wipes it.
      return agreement === undefined ? made.next().value : Uint8Array.from(agreement)
    })
  }
  try {
    // Other functions get the provider itself, because they may cache what they know of a provider.
    const own = derive === deriveHere ? { ...crypto, x25519: { ...x25519, sharedSecrets } } : crypto
    return await derive(request, own)
  } finally {
    wipeAll(known.values())
  }
}

/** One decapsulation and a few hashes, in units of {@link OnWork}. */
const OPENING_COST = 1024

/** The secret that a dropped client had sent itself, if it fits its confirmation. `kept`: digest and confirmation. */
async function ownSecret(
  config: RoundConfig,
  crypto: CryptoProvider,
  master: Uint8Array,
  sender: number,
  receiver: number,
  kept: Uint8Array,
): Promise<SecondSecret | undefined> {
  const secret = await deriveMaskSecret(config, crypto, master, sender, receiver)
  const confirmation = await confirmMaskSecret(config, crypto, secret, sender, receiver)
  return equalBytes(confirmation, kept.subarray(32)) ? { secret, digest: kept.slice(0, 32) } : undefined
}

function ascending(seats: Iterable<number>): number[] {
  return [...seats].sort((a, b) => a - b)
}

/** The second secrets of the masks of a client that dropped out: in `secrets`, 32 bytes for each, and 32 of a digest. */
export function maskSecretsIn(secrets: Uint8Array): readonly SecondSecret[] {
  return Array.from({ length: secrets.length / OPENED_SECRET_LENGTH }, (_, index) => ({
    secret: secrets.subarray(OPENED_SECRET_LENGTH * index, OPENED_SECRET_LENGTH * index + 32),
    digest: secrets.subarray(OPENED_SECRET_LENGTH * index + 32, OPENED_SECRET_LENGTH * (index + 1)),
  }))
}
