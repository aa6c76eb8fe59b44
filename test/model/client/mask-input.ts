import { uint } from '../bytes.js'
import { sample } from '../choice.js'
import type { Configuration } from '../configuration.js'
import { openMaskSecret, type Parcel, readParcel } from '../hybrid.js'
import * as keys from '../keys.js'
import { demand, message, Reader, seatSet, TYPE } from '../messages.js'
import { maskKeyOf } from '../parties.js'
import { type Encapsulated, ed25519Sign, x25519 } from '../primitives.js'
import { add, pack, prg, sliceCount, sliceOf, sliceSegments, type Vector } from '../vectors.js'
import { minimumSeen, type Self } from './self.js'
import { type Shared, sendsTo } from './share-keys.js'

// Round 2

interface Mask {
  /** The other client of a pairwise mask; the client itself for its self-mask. */
  readonly with: number
  readonly sign: 1 | -1
  /** The agreement of the s keys, [hybrid] followed by p; or b. */
  readonly secret: Uint8Array
  readonly info: Uint8Array
  readonly seed: Uint8Array
  /** PRG(seed). */
  readonly mask: Vector
}

/** [chosen] With which of its holders the client has masked. */
interface Inclusion {
  /** Q_u. */
  readonly digest: Uint8Array
  readonly bits: Uint8Array
  readonly statement: Uint8Array
  readonly signature: Uint8Array
}

export interface Masked {
  readonly self: Self
  readonly shared: Shared
  /** U2 without the client, as far as it hears of it, with what each sealed to it; null where it sealed nothing. */
  readonly ciphertexts: ReadonlyMap<number, Parcel | null>
  readonly masks: readonly Mask[]
  /** y. */
  readonly masked: Vector
  readonly inclusion: Inclusion | null
  /** One, or one for each slice. */
  readonly messages: readonly Uint8Array[]
}

/** [hybrid] The client does not go on: secrets for masks do not open or do not fit. */
export interface Complained {
  readonly about: readonly number[]
  readonly message: Uint8Array
}

export function maskInput(shared: Shared, inbound: Uint8Array): Masked | Complained {
  const { self, published, neighbors, holders, advertised } = shared
  const { configuration, seat, drawn, input } = self
  const { segments, suite, hybrid } = configuration
  const reader = new Reader(inbound, TYPE.forwardedShares, 'masked-input')
  const isSentBy = (sender: number): boolean => hybrid && sendsTo(configuration, published, sender, seat)
  const ciphertexts = new Map(
    reader.seatSet(neighbors).map((sender) => {
      const isOwned = isOwner(shared, sender)
      return [sender, isOwned ? readParcel(configuration, reader, isSentBy(sender)) : null] as const
    }),
  )
  reader.end()
  const seen =
    configuration.graph === 'chosen'
      ? [...ciphertexts.keys()].filter((other) => holders.includes(other)).length + 1
      : ciphertexts.size + 1
  demand(seen >= minimumSeen(configuration), 'too-few-clients', 'masked-input')

  const senders = [...ciphertexts.keys()].filter(isSentBy)
  const opened = new Map(
    senders.map((sender) => [sender, openFrom(shared, sender, ciphertexts.get(sender)!)]),
  )
  const about = senders.filter((sender) => opened.get(sender) === null)
  if (about.length > 0) return { about, message: message(TYPE.complaint, seatSet(senders, about)) }

  const self_ = keys.selfMaskSeed(configuration, drawn.selfMask, seat)
  const masks: Mask[] = [
    {
      with: seat,
      sign: 1,
      secret: drawn.selfMask,
      info: self_.info,
      seed: self_.key,
      mask: prg(suite, self_.key, segments),
    },
  ]
  for (const other of ciphertexts.keys()) {
    const theirs = maskKeyOf(other, published.get(other)!)
    const agreement = x25519(advertised.maskPrivateKey, theirs.publicKey)
    const sent = hybrid ? (opened.get(other) ?? sentTo(shared, other)) : null
    const derived = keys.pairwiseSeed(configuration, agreement, maskKeyOf(seat, advertised), theirs, sent)
    masks.push({
      with: other,
      sign: seat > other ? 1 : -1,
      secret: derived.secret,
      info: derived.info,
      seed: derived.key,
      mask: prg(suite, derived.key, segments),
    })
  }
  const masked = masks.reduce((y, { sign, mask }) => add(segments, y, sign, mask), input)
  const inclusion = configuration.graph === 'chosen' ? include(shared, [...ciphertexts.keys()]) : null
  const messages = maskedMessages(configuration, masked, inclusion)
  return { self, shared, ciphertexts, masks, masked, inclusion, messages }
}

/** [hybrid] p and C' of a client that sends them; null where p does not open or does not fit. */
function openFrom(
  { self, published, advertised }: Shared,
  sender: number,
  parcel: Parcel,
): Encapsulated | null {
  const { configuration, seat } = self
  const { maskPrivateKey, maskSeed } = advertised
  const theirs = maskKeyOf(sender, published.get(sender)!)
  const agreement = x25519(maskPrivateKey, theirs.publicKey)
  const own = maskKeyOf(seat, advertised)
  const p = openMaskSecret(configuration, agreement, theirs, own, maskSeed, parcel.maskSecret!)
  return p && { secret: p, ciphertext: parcel.maskSecret!.ciphertext }
}

/** [hybrid] p and C' that the client itself has sent. */
function sentTo({ maskSecrets }: Shared, receiver: number): Encapsulated {
  const { secret, encapsulated } = maskSecrets.get(receiver)!
  return { secret: secret.key, ciphertext: encapsulated.ciphertext }
}

/** Whether `sender` seals shares to the client. */
function isOwner({ self, published }: Shared, sender: number): boolean {
  const { configuration, seat } = self
  if (configuration.graph !== 'chosen') return true
  return sample(configuration, sender, published.get(sender)!.choice).includes(seat)
}

/** [chosen] The owners in U2. */
export function ownersOf({ shared, ciphertexts }: Masked): readonly number[] {
  return [...ciphertexts.keys()].filter((other) => isOwner(shared, other))
}

function include({ self, advertised, holders }: Shared, masked: readonly number[]): Inclusion {
  const { configuration, seat, signingKey } = self
  const bits = seatSet(holders, masked)
  const digest = keys.keysDigest(configuration, seat, advertised)
  const statement = keys.inclusionStatement(configuration, seat, digest, bits)
  return { digest, bits, statement, signature: ed25519Sign(signingKey!, statement) }
}

function maskedMessages(
  configuration: Configuration,
  masked: Vector,
  inclusion: Inclusion | null,
): Uint8Array[] {
  const slices = sliceCount(configuration)
  const proof = inclusion === null ? [] : [inclusion.bits, inclusion.signature]
  if (slices === 1) return [message(TYPE.maskedInput, ...proof, pack(configuration.segments, masked))]
  return Array.from({ length: slices }, (_, j) => {
    const part = pack(sliceSegments(configuration, j), sliceOf(configuration, j, masked))
    return message(TYPE.maskedSlice, uint(4, j), ...(j === 0 ? proof : []), part)
  })
}
