import { concat } from '../bytes.js'
import { sample } from '../choice.js'
import * as keys from '../keys.js'
import { message, TYPE } from '../messages.js'
import { everybody, type PublicKeys, without } from '../parties.js'
import { x25519 } from '../primitives.js'
import { fieldFor, shareAt } from '../secret-sharing.js'
import type { Advertised } from './advertise-keys.js'
import { checkPublishedKeys, demandNeighbors, readPublishedKeys } from './published-keys.js'
import type { Self } from './self.js'

// Round 1

interface Sealed {
  readonly receiver: number
  readonly agreement: Uint8Array
  readonly info: Uint8Array
  readonly key: Uint8Array
  readonly associatedData: Uint8Array
  readonly plaintext: Uint8Array
  readonly ciphertext: Uint8Array
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
  readonly message: Uint8Array
}

export function shareKeys(advertised: Advertised, inbound: Uint8Array): Shared {
  const { self, cipherKey } = advertised
  const { configuration, seat, drawn } = self
  const { threshold, clients } = configuration
  const published = readPublishedKeys(configuration, inbound)
  if (configuration.graph === 'chosen') demandNeighbors(advertised, published)
  const identities = checkPublishedKeys(advertised, published)

  const neighbors = without([...published.keys()], seat)
  const holders =
    configuration.graph === 'complete'
      ? everybody(clients)
      : configuration.graph === 'sparse'
        ? neighbors
        : sample(configuration, seat, advertised.choice)
  const peers = neighbors.filter((other) => holders.includes(other))
  const field = fieldFor(holders.length)
  const shares = holders.map((holder, index): SharePair => {
    const share = (secret: Uint8Array, coefficients: readonly Uint8Array[]) =>
      shareAt(field, secret, coefficients.slice(0, threshold - 1), index + 1)
    return {
      holder,
      coordinate: index + 1,
      maskKeyShare: share(drawn.maskPrivateKey, drawn.maskKeyCoefficients),
      selfMaskShare: share(drawn.selfMask, drawn.selfMaskCoefficients),
    }
  })
  const sealed = peers.map((receiver): Sealed => {
    const theirs = published.get(receiver)!.cipherKey
    const agreement = x25519(drawn.cipherPrivateKey, theirs)
    const own = { seat, publicKey: cipherKey }
    const { info, key } = keys.sealingKey(configuration, agreement, own, {
      seat: receiver,
      publicKey: theirs,
    })
    const associatedData = keys.associatedData(configuration, seat, receiver)
    const { maskKeyShare, selfMaskShare } = shares.find(({ holder }) => holder === receiver)!
    const plaintext = concat(maskKeyShare, selfMaskShare)
    const ciphertext = configuration.suite.seal(key, associatedData, plaintext)
    return { receiver, agreement, info, key, associatedData, plaintext, ciphertext }
  })
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
    message: message(TYPE.shareKeys, commitment.key, ...sealed.map(({ ciphertext }) => ciphertext)),
  }
}
