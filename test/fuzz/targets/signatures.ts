import { nobleCrypto } from 'secagg/crypto'
import { equalBytes } from '../../../src/crypto/bytes.js'
import { LOW_ORDER_POINTS, providers } from '../../crypto/providers.js'
import { randomOf } from '../../support/seeded.js'
import { ensure, type FuzzTarget } from '../target.js'

const MESSAGE = Uint8Array.of(1, 2, 3)
const PRIVATE_KEY = randomOf(9).bytes(32)
const { ed25519 } = nobleCrypto()
const PUBLIC_KEY = await ed25519.publicKey(PRIVATE_KEY)
const SIGNATURE = await ed25519.sign(PRIVATE_KEY, MESSAGE)

/** A public key of Ed25519 and a signature: whatever they are, no provider throws, and all say the same. */
export const signatures: FuzzTarget = {
  name: 'signatures',
  sync: false,
  weight: 1,
  maximumLength: 128,
  *seeds() {
    yield Uint8Array.of(...PUBLIC_KEY, ...SIGNATURE)
    yield Uint8Array.of(...PUBLIC_KEY.with(31, PUBLIC_KEY[31]! ^ 0x80), ...SIGNATURE)
    yield Uint8Array.of(...PUBLIC_KEY, ...SIGNATURE.with(63, 0xff))
    yield Uint8Array.of(...PUBLIC_KEY, ...SIGNATURE.subarray(0, 32), ...new Uint8Array(32))
    for (const point of LOW_ORDER_POINTS) {
      yield Uint8Array.of(...point, ...SIGNATURE)
      yield Uint8Array.of(...PUBLIC_KEY, ...point, ...SIGNATURE.subarray(32))
      yield Uint8Array.of(...point, ...point, ...new Uint8Array(32))
    }
  },
  run: async (data) => {
    const [publicKey, signature] = [data.slice(0, 32), data.slice(32)]
    const verdicts = await Promise.all(
      providers.map((provider) => provider.ed25519.verify(publicKey, MESSAGE, signature)),
    )
    ensure(new Set(verdicts).size === 1, 'providers disagree on a signature')
    const isGenuine = equalBytes(publicKey, PUBLIC_KEY) && equalBytes(signature, SIGNATURE)
    const isOwn = equalBytes(publicKey, PUBLIC_KEY)
    ensure(verdicts[0] === isGenuine || !isOwn, 'another signature of one message verifies')
  },
}
