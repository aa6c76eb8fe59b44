import * as P from 'micro-packed'
import { ascii, type Bytes, plainBytes } from '../crypto/bytes.js'
import { checkedEncoding, type FixedPoint } from './encoding.js'

const LABEL = 'secagg fixed point'
const VERSION = 1

const context = P.struct({
  label: P.bytes(LABEL.length),
  version: P.U16LE,
  rounding: P.map(P.U8, { stochastic: 1, nearest: 2 }),
  clip: P.F64LE,
  bitsPerValue: P.U8,
  maximumWeight: P.U64LE,
})

/**
 * The parameters of an encoding as canonical bytes, for the round's `context`: clients that were told different ones,
 * whose values would mean different things, then form no sum. The number of clients and the bits of a lane stand in the
 * round's configuration itself.
 *
 * @throws {SecAggError} `invalid-configuration` where `encoding` is none.
 */
export function encodingContext(encoding: FixedPoint): Bytes {
  const { rounding, clip, bitsPerValue, maximumWeight } = checkedEncoding(encoding)
  return plainBytes(
    context.encode({
      label: ascii(LABEL),
      version: VERSION,
      rounding,
      clip,
      bitsPerValue,
      maximumWeight: BigInt(maximumWeight),
    }),
  )
}
