import { partsOf, requireFunction } from '../arguments.js'
import { isBytes } from '../crypto/bytes.js'
import { dependableProvider } from '../crypto/dependable.js'
import type { CryptoProvider } from '../crypto/provider.js'
import { SecAggError } from '../errors.js'
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

/** The capabilities, each read once. */
export function capable<C extends Partial<ClientCapabilities>>(capabilities: C): C {
  return partsOf('what a step takes from outside', capabilities)
}

/** The provider among capabilities, behind checks of what it gives. */
export function cryptoOf(capabilities: { readonly crypto: CryptoProvider }): CryptoProvider {
  return dependableProvider(capable(capabilities).crypto)
}

/**
 * The splitter among capabilities, held to as many shares as there are holders, each as long as the secret.
 * @throws {SecAggError} `invalid-argument` where there is none; what it returns throws `crypto-failure`.
 */
export function splitterOf(capabilities: { readonly splitSecret: SecretSplitter }): SecretSplitter {
  const { splitSecret } = capable(capabilities)
  requireFunction('splitSecret', splitSecret)
  return async (secret, threshold, holders) => {
    let shares: readonly Uint8Array[]
    try {
      shares = await splitSecret(secret, threshold, holders)
    } catch (cause) {
      if (cause instanceof SecAggError) throw cause
      throw new SecAggError('crypto-failure', 'crypto', 'splitSecret failed', { cause })
    }
    const isShare = (share: unknown): boolean => isBytes(share) && share.length === secret.length
    if (Array.isArray(shares) && shares.length === holders && shares.every(isShare)) return shares
    throw new SecAggError('crypto-failure', 'crypto', 'splitSecret gives something else than it should')
  }
}
