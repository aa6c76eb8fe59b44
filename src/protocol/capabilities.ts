import type { CryptoProvider } from '../crypto/provider.js'
import type { SecretSplitter } from '../shamir/index.js'
import type { Signer, VerifyIdentity } from './identity.js'

/** What a client's steps take from outside: randomness and primitives, and its identity in the active model. */
export interface ClientCapabilities {
  readonly crypto: CryptoProvider
  readonly splitSecret: SecretSplitter
  /** Active model only. */
  readonly signer?: Signer | undefined
  /** Active model only. */
  readonly verifyIdentity?: VerifyIdentity | undefined
}

/** What a server's steps take from outside. */
export interface ServerCapabilities {
  readonly crypto: CryptoProvider
  /** Active model only. */
  readonly verifyIdentity?: VerifyIdentity | undefined
}
