import { uint } from '../bytes.js'
import type { Configuration } from '../configuration.js'
import * as keys from '../keys.js'
import { demand, message, Reader, TYPE } from '../messages.js'
import { x25519 } from '../primitives.js'
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

export interface Masked {
  readonly self: Self
  readonly shared: Shared
  /** U2 without the client, as far as it hears of it, with what each sealed to it. */
  readonly ciphertexts: ReadonlyMap<number, Uint8Array>
  readonly masks: readonly Mask[]
  /** y. */
  readonly masked: Vector
  /** One, or one for each slice. */
  readonly messages: readonly Uint8Array[]
}

export function maskInput(shared: Shared, inbound: Uint8Array): Masked {
  const { self, published, peers, advertised } = shared
  const { configuration, seat, drawn, input } = self
  const { segments, suite } = configuration
  const reader = new Reader(inbound, TYPE.forwardedShares, 'masked-input')
  const ciphertexts = new Map(reader.seatSet(peers).map((sender) => [sender, reader.bytes(64)]))
  reader.end()
  demand(ciphertexts.size + 1 >= minimumSeen(configuration), 'too-few-clients', 'masked-input')

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
  return { self, shared, ciphertexts, masks, masked, messages: maskedMessages(configuration, masked) }
}

function maskedMessages(configuration: Configuration, masked: Vector): Uint8Array[] {
  const slices = sliceCount(configuration)
  if (slices === 1) return [message(TYPE.maskedInput, pack(configuration.segments, masked))]
  return Array.from({ length: slices }, (_, j) => {
    const part = pack(sliceSegments(configuration, j), sliceOf(configuration, j, masked))
    return message(TYPE.maskedSlice, uint(4, j), part)
  })
}
