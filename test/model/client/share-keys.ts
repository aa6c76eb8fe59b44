import { concat } from '../bytes.js'
import { sample } from '../choice.js'
import type { Configuration } from '../configuration.js'
import {
  confirmation,
  encapsulateFrom,
  isSender,
  maskSecret,
  maskSecretData,
  maskSecretKey,
  parcelBytes,
} from '../hybrid.js'
import * as keys from '../keys.js'
import { message, TYPE } from '../messages.js'
import { cipherKeyOf, everybody, maskKeyOf, type PublicKeys, without } from '../parties.js'
import { type Encapsulated, x25519 } from '../primitives.js'
import { fieldFor, shareAt } from '../secret-sharing.js'
import type { Advertised } from './advertise-keys.js'
import { checkPublishedKeys, demandNeighbors, readPublishedKeys } from './published-keys.js'
import type { Self } from './self.js'

// Round 1

interface Sealed {
  readonly receiver: number
  readonly agreement: Uint8Array
  /** [hybrid] K and C. */
  readonly encapsulated: Encapsulated | null
  readonly info: Uint8Array
  readonly key: Uint8Array
  readonly associatedData: Uint8Array
  readonly plaintext: Uint8Array
  readonly ciphertext: Uint8Array
}

/** [hybrid] The secret for the mask with a client to which this one sends it. */
interface MaskSecret {
  readonly receiver: number
  /** p, and what it is derived by. */
  readonly secret: keys.Derived
  readonly confirmation: keys.Derived
  readonly agreement: Uint8Array
  readonly encapsulated: Encapsulated
  readonly info: Uint8Array
  readonly key: Uint8Array
  readonly associatedData: Uint8Array
  readonly sealed: Uint8Array
}

interface SharePair {
  readonly holder: number
  readonly coordinate: number
  readonly maskKeyShare: Uint8Array
  readonly selfMaskShare: Uint8Array
}

export interface Shared {
  readonly self: Self
  readonly advertised: Advertised
  /** U1, as far as the client hears of it, with what each published. */
  readonly published: ReadonlyMap<number, PublicKeys>
  /** D. */
  readonly publishedDigest: Uint8Array
  /** [active] */
  readonly identities: ReadonlyMap<number, string>
  readonly holders: readonly number[]
  readonly shares: readonly SharePair[]
  readonly commitment: keys.Derived
  /** U1 without the client, as far as it hears of it. */
  readonly neighbors: readonly number[]
  readonly sealed: readonly Sealed[]
  /** By receiver. */
  readonly maskSecrets: ReadonlyMap<number, MaskSecret>
  readonly message: Uint8Array
}

export function shareKeys(advertised: Advertised, inbound: Uint8Array): Shared {
  const { self } = advertised
  const { configuration, seat, drawn } = self
  const { threshold, clients } = configuration
  const published = readPublishedKeys(configuration, inbound)
  if (configuration.graph === 'chosen') demandNeighbors(advertised, published)
  const identities = checkPublishedKeys(advertised, published)

  const neighbors = without([...published.keys()], seat)
  const holdersOf = (owner: number): readonly number[] => {
    if (configuration.graph === 'complete') return everybody(clients)
    if (configuration.graph === 'sparse' && owner === seat) return neighbors
    return sample(configuration, owner, published.get(owner)!.choice)
  }
  const holders = holdersOf(seat)
  const peers = neighbors.filter((other) => holders.includes(other))
  const field = fieldFor(holders.length)
  const shares = holders.map((holder, index): SharePair => {
    const share = (secret: Uint8Array, coefficients: readonly Uint8Array[]) =>
      shareAt(field, secret, coefficients.slice(0, threshold - 1), index + 1)
    return {
      holder,
      coordinate: index + 1,
      maskKeyShare: share(drawn.hybrid?.masterSecret ?? drawn.maskPrivateKey!, drawn.maskKeyCoefficients),
      selfMaskShare: share(drawn.selfMask, drawn.selfMaskCoefficients),
    }
  })
  const sealed = peers.map((receiver): Sealed => {
    const own = cipherKeyOf(seat, advertised)
    const theirs = cipherKeyOf(receiver, published.get(receiver)!)
    const agreement = x25519(drawn.cipherPrivateKey, theirs.publicKey)
    const encapsulated =
      drawn.hybrid === null ? null : encapsulateFrom(drawn.hybrid.encapsulationSeed, theirs.kemKey)
    const { info, key } = keys.sealingKey(configuration, agreement, own, theirs, encapsulated)
    const associatedData = keys.associatedData(configuration, seat, receiver)
    const { maskKeyShare, selfMaskShare } = shares.find(({ holder }) => holder === receiver)!
    const plaintext = concat(maskKeyShare, selfMaskShare)
    const ciphertext = configuration.suite.seal(key, associatedData, plaintext)
    return { receiver, agreement, encapsulated, info, key, associatedData, plaintext, ciphertext }
  })
  const maskSecrets = new Map(
    peers
      .filter((receiver) => configuration.hybrid && sendsTo(configuration, published, seat, receiver))
      .map((receiver) => [receiver, maskSecretFor(advertised, receiver, published.get(receiver)!)]),
  )
  const commitment = keys.commitment(configuration, drawn.selfMask, seat)
  return {
    self,
    advertised,
    published,
    publishedDigest: keys.publishedDigest(inbound),
    identities,
    holders,
    shares,
    commitment,
    neighbors,
    sealed,
    maskSecrets,
    message: message(
      TYPE.shareKeys,
      commitment.key,
      ...sealed.map(({ receiver, encapsulated, ciphertext }) => {
        const sent = maskSecrets.get(receiver)
        return parcelBytes({
          channel: encapsulated?.ciphertext ?? new Uint8Array(0),
          shares: ciphertext,
          maskSecret:
            sent === undefined
              ? null
              : {
                  ciphertext: sent.encapsulated.ciphertext,
                  sealed: sent.sealed,
                  confirmation: sent.confirmation.key,
                },
        })
      }),
    ),
  }
}

/** [hybrid] Whether, of two neighbors, `sender` sends the secret for their mask. */
export function sendsTo(
  configuration: Configuration,
  published: ReadonlyMap<number, PublicKeys>,
  sender: number,
  receiver: number,
): boolean {
  return isSender(
    sender,
    receiver,
    (holder, owner) =>
      configuration.graph !== 'chosen' ||
      sample(configuration, owner, published.get(owner)!.choice).includes(holder),
  )
}

function maskSecretFor(advertised: Advertised, receiver: number, theirs: PublicKeys): MaskSecret {
  const { self, maskPrivateKey } = advertised
  const { configuration, seat, drawn } = self
  const { masterSecret, encapsulationSeed } = drawn.hybrid!
  const secret = maskSecret(configuration, masterSecret, seat, receiver)
  const agreement = x25519(maskPrivateKey, theirs.maskKey)
  const encapsulated = encapsulateFrom(encapsulationSeed, theirs.maskKemKey)
  const [from, to] = [maskKeyOf(seat, advertised), maskKeyOf(receiver, theirs)]
  const { info, key } = maskSecretKey(configuration, agreement, from, to, encapsulated)
  const associatedData = maskSecretData(configuration, seat, receiver)
  return {
    receiver,
    secret,
    confirmation: confirmation(configuration, secret.key, seat, receiver),
    agreement,
    encapsulated,
    info,
    key,
    associatedData,
    sealed: configuration.suite.seal(key, associatedData, secret.key),
  }
}
