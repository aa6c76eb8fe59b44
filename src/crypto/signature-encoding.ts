import { hexToBytes } from '@noble/hashes/utils.js'
import { bytesToHex } from './bytes.js'
import { isBelow, isBelowFieldPrime, withoutTopBit } from './public-key.js'

/** The order of Ed25519's prime subgroup, 2^252 + 27742317777372353535851937790883648493, little-endian. */
const GROUP_ORDER = hexToBytes('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010')

/** The y coordinates of the eight points of order 1, 2, 4 and 8, little-endian, without the sign of x. */
const SMALL_ORDER_POINTS: ReadonlySet<string> = new Set([
  `00${'00'.repeat(31)}`,
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
])

/**
 * What an Ed25519 public key and signature must look like before any provider is asked: the right lengths, both
 * points canonical (RFC 8032, section 5.1.3) and not of small order, and S below the group order (section 5.1.7).
 *
 * Implementations differ in exactly these cases. A signature one participant takes and another refuses would let
 * its maker decide who leaves a round, so they are settled here for all.
 */
export function isStrictSignature(publicKey: Uint8Array, signature: Uint8Array): boolean {
  return (
    publicKey.length === 32 &&
    signature.length === 64 &&
    isStrictPoint(publicKey) &&
    isStrictPoint(signature.subarray(0, 32)) &&
    isBelow(signature.subarray(32), GROUP_ORDER)
  )
}

function isStrictPoint(point: Uint8Array): boolean {
  return isBelowFieldPrime(point) && !SMALL_ORDER_POINTS.has(bytesToHex(withoutTopBit(point)))
}
