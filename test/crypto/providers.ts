import { hexToBytes } from '@noble/hashes/utils.js'
import * as fc from 'fast-check'
import {
  type CryptoProvider,
  nobleCrypto,
  nodeCrypto,
  type SuiteName,
  type SymmetricSuite,
  webCrypto,
} from 'secagg/crypto'

/** Every provider that this environment has. Noble is the first, because the others are compared with it. */
export const providers: readonly CryptoProvider[] = [
  nobleCrypto(),
  await webCrypto(),
  nodeCrypto(),
  withTextKeys(),
].filter((provider) => provider !== undefined)

function withTextKeys(): CryptoProvider | undefined {
  const provider = nodeCrypto({ privateKeysAsText: true })
  return provider && { ...provider, name: 'node, private keys as text' }
}

/** Every suite of every provider, with a title for tests. */
export const suites: readonly {
  readonly title: string
  readonly name: SuiteName
  readonly suite: SymmetricSuite
}[] = providers.flatMap((provider) =>
  (Object.keys(provider.suites) as SuiteName[]).map((name) => ({
    title: `${name} of ${provider.name}`,
    name,
    suite: provider.suites[name]!,
  })),
)

export const hex: (digits: string) => Uint8Array = hexToBytes

/** The bytes 0, 1, 2, …, `length` of them. */
export function counting(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index)
}

/** Arbitrary bytes, as a view that starts at an odd offset within a larger buffer. */
export function bytesOf(minLength: number, maxLength: number = minLength): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength, maxLength }).map((bytes) => {
    const view = new Uint8Array(bytes.length + 7).subarray(3, 3 + bytes.length)
    view.set(bytes)
    return view
  })
}

/** The low-order points of Curve25519 in all their encodings, as https://cr.yp.to/ecdh.html lists them. */
export const LOW_ORDER_POINTS: readonly Uint8Array[] = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map(hex)

/** The same value with the bit set that X25519 ignores. */
export function withTopBit(key: Uint8Array): Uint8Array {
  return Uint8Array.from(key, (byte, index) => (index === 31 ? byte | 0x80 : byte))
}
