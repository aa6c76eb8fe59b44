import { bytesToHex } from '../../../src/crypto/bytes.js'
import { isAcceptablePublicKey } from '../../../src/crypto/encodings.js'
import { LOW_ORDER_POINTS, providers, withTopBit } from '../../crypto/providers.js'
import { randomOf } from '../../support/seeded.js'
import { ensure, type FuzzTarget } from '../target.js'

const PRIME = 2n ** 255n - 19n
const PRIVATE_KEY = randomOf(3).bytes(32)

/** Public keys: what is accepted is canonical and agrees with every provider on one secret that is not zero. */
export const publicKeys: FuzzTarget = {
  name: 'public keys',
  sync: false,
  weight: 1,
  maximumLength: 64,
  *seeds() {
    for (const point of LOW_ORDER_POINTS) yield* [point, withTopBit(point), point.slice(1)]
    for (const offset of [-2n, -1n, 0n, 1n, 18n]) yield littleEndian(PRIME + offset)
    for (const byte of [0, 2, 9, 0x7f, 0x80, 0xff]) yield new Uint8Array(32).fill(byte)
    yield randomOf(4).bytes(32)
  },
  run: async (data) => {
    const accepted = isAcceptablePublicKey(data)
    if (data.length !== 32) {
      ensure(!accepted, 'a key of another length is accepted')
      return
    }
    const value = numberOf(data)
    const secrets = await Promise.all(
      providers.map(async ({ x25519 }) => (await x25519.sharedSecrets(PRIVATE_KEY, [data]))[0]),
    )
    const shown = new Set(secrets.map((secret) => secret && bytesToHex(secret)))
    ensure(shown.size === 1, 'providers agree on different secrets')
    const isUsable = secrets[0] !== undefined
    ensure(
      accepted === (isUsable && value < PRIME),
      'a key is accepted if and only if it is canonical and of use',
    )
  },
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${bytesToHex(bytes.toReversed())}`)
}

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 255n))
}
