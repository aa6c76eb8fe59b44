/**
 * `secagg/crypto`: cryptographic providers, and the interface for writing your own.
 *
 * The library has three providers, which give the same bytes. {@link defaultCrypto} chooses the fastest one. You can also
 * create each by name.
 *
 * | provider | runs on | suites |
 * | --- | --- | --- |
 * | {@link nodeCrypto} | Node 20.19 and later | `aes`, `chacha` |
 * | {@link webCrypto} | browsers, workers, other runtimes with `crypto.subtle` | `aes` |
 * | {@link nobleCrypto} | everywhere | `aes`, `chacha` |
 *
 * {@link defaultCrypto} and {@link webCrypto} load noble's modules with `import()`, and only on platforms that lack a primitive. Where that is not
 * possible, pass them `nobleCrypto()` as {@link FallbackOptions.fallback}.
 *
 * All providers check Ed25519 signatures in the same strict way: points are canonical and not of small order, S is below
 * the group order, and the equation is checked without the cofactor. The last check is the one that a platform could
 * violate: if its WebCrypto multiplies by the cofactor, it accepts a signature to which the signer added a small-order
 * component, and the other providers refuse it.
 *
 * @module
 */

export type { Bytes } from './bytes.js'
export { defaultCrypto, type FallbackOptions, webCrypto } from './default.js'
export type { Encapsulated, KeyEncapsulation } from './encapsulation.js'
export { withNodeFfi } from './ffi.js'
export { nobleCrypto } from './noble.js'
export { type NodeCryptoOptions, nodeCrypto } from './node.js'
export type {
  CryptoProvider,
  HashSuite,
  HybridKeyAgreement,
  KeyAgreement,
  Keystream,
  OwnKeyAgreement,
  OwnProvider,
  OwnSignatureScheme,
  SignatureScheme,
  SuiteName,
  SymmetricSuite,
} from './provider.js'
export type { SeedDeriver, SeedRequest } from './seeds.js'
