/**
 * Cryptographic backends, and the interface for writing one.
 *
 * Three providers come with the library and give the same bytes. {@link defaultCrypto} takes the fastest; each can
 * also be asked for by name.
 *
 * | provider | runs | suites |
 * | --- | --- | --- |
 * | {@link nodeCrypto} | Node 20.19 and later | `aes`, `chacha` |
 * | {@link webCrypto} | browsers, workers, other runtimes with `crypto.subtle` | `aes` |
 * | {@link nobleCrypto} | everywhere | `aes`, `chacha` |
 *
 * All are strict about Ed25519 signatures in the same way: canonical points, none of small order, S below the group
 * order, and the equation without the cofactor. What could differ is the last: a platform whose WebCrypto multiplies
 * by the cofactor takes signatures that their own maker gave a small-order part, and the others refuse those.
 */

export type { Bytes } from './bytes.js'
export { defaultCrypto } from './default.js'
export { nobleCrypto } from './noble.js'
export { nodeCrypto } from './node.js'
export type {
  CryptoProvider,
  HashSuite,
  KeyAgreement,
  Keystream,
  OwnKeyAgreement,
  OwnProvider,
  OwnSignatureScheme,
  SignatureScheme,
  SuiteName,
  SymmetricSuite,
} from './provider.js'
export { webCrypto } from './webcrypto.js'
