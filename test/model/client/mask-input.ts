import { uint } from '../bytes.js'
import { sample } from '../choice.js'
import type { Configuration } from '../configuration.js'
import * as keys from '../keys.js'
import { demand, message, Reader, seatSet, TYPE } from '../messages.js'
import { ed25519Sign, x25519 } from '../primitives.js'
import { add, pack, prg, sliceCount, sliceOf, sliceSegments, type Vector } from '../vectors.js'
import { minimumSeen, type Self } from './self.js'
import type { Shared } from './share-keys.js'

// Round 2

interface Mask {
  /** The other client of a pairwise mask; the client itself for its self-mask. */
  readonly with: number
  readonly sign: 1 | -1
  /** Of the s keys, or b. */
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
  /** U2 without the client, as far as it hears of it, with what each sealed to it; empty where it sealed nothing. */
  readonly ciphertexts: ReadonlyMap<number, Uint8Array>
  readonly masks: readonly Mask[]
  /** y. */
  readonly masked: Vector
  readonly inclusion: Inclusion | null
  /** One, or one for each slice. */
  readonly messages: readonly Uint8Array[]
}

export function maskInput(shared: Shared, inbound: Uint8Array): Masked {
  const { self, published, neighbors, holders, advertised } = shared
  const { configuration, seat, drawn, input } = self
  const { segments, suite } = configuration
  const reader = new Reader(inbound, TYPE.forwardedShares, 'masked-input')
  const ciphertexts = new Map(
    reader.seatSet(neighbors).map((sender) => [sender, reader.bytes(isOwner(shared, sender) ? 64 : 0)]),
  )
  reader.end()
  const seen =
    configuration.graph === 'chosen'
      ? [...ciphertexts.keys()].filter((other) => holders.includes(other)).length + 1
      : ciphertexts.size + 1
  demand(seen >= minimumSeen(configuration), 'too-few-clients', 'masked-input')

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
    const theirs = published.get(other)!.maskKey
    const agreement = x25519(drawn.maskPrivateKey, theirs)
    const own = { seat, publicKey: advertised.maskKey }
    const derived = keys.pairwiseSeed(configuration, agreement, own, { seat: other, publicKey: theirs })
    masks.push({
      with: other,
      sign: seat > other ? 1 : -1,
      secret: agreement,
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
