import {
  partsOf,
  reading,
  requireCallback,
  requireInteger,
  requireMethods,
  requireSignal,
  wrongKind,
} from '../arguments.js'
import { dependableProvider } from '../crypto/dependable.js'
import type { CryptoProvider } from '../crypto/index.js'
import { requireConfig } from '../protocol/checks.js'
import { requireSigner, requireVerifier } from '../protocol/identity.js'
import { requireVectorOrSource } from '../rounds/index.js'
import type { ClientSessionOptions } from './client-options.js'
import { sourceFor } from './input.js'
import type { ServerSessionOptions } from './server-interface.js'

/**
 * A copy of a client's options. What a round would miss in its middle is missed here, before anybody counts on the client.
 *
 * @throws {SecAggError} `invalid-argument` where one is missing or of the wrong kind; `configuration-mismatch` where the
 *   input was made for another round.
 */
export function checkedClientOptions(given: ClientSessionOptions): ClientSessionOptions {
  const options = partsOf('the options of a client', given)
  const { config, seat, input, splitSecret, signer, verifyIdentity, minimumSurvivors, claimSession } = options
  requireConfig(config)
  requireInteger('a seat', seat, 0, config.clients - 1)
  if (minimumSurvivors !== undefined && typeof minimumSurvivors !== 'number') {
    throw wrongKind('minimumSurvivors', 'a number', minimumSurvivors)
  }
  requireVectorOrSource(reading('an input', () => sourceFor(config, input)))
  requireCallback('splitSecret', splitSecret)
  requireCallback('claimSession', claimSession)
  if (config.adversary === 'active') {
    requireSigner(signer)
    requireVerifier(verifyIdentity)
  }
  return { ...options, crypto: checkedShared(options) }
}

/**
 * A copy of a server's options.
 *
 * @throws {SecAggError} `invalid-argument` where one is missing or of the wrong kind.
 */
export function checkedServerOptions(given: ServerSessionOptions): ServerSessionOptions {
  const options = partsOf('the options of a server', given)
  const { maximumUploads = 1, sliceStore } = options
  requireConfig(options.config)
  requireInteger('maximumUploads', maximumUploads, 1, Number.MAX_SAFE_INTEGER)
  if (sliceStore !== undefined) requireMethods('a store of slices', sliceStore, 'put', 'get', 'discard')
  if (options.config.adversary === 'active') requireVerifier(options.verifyIdentity)
  return { ...options, crypto: checkedShared(options) }
}

/** Checks what both parties have, and gives the provider behind checks. */
function checkedShared(options: ClientSessionOptions | ServerSessionOptions): CryptoProvider | undefined {
  const { crypto, maskExecutor, save, signal, onProgress } = options
  requireCallback('maskExecutor', maskExecutor)
  requireCallback('save', save)
  requireCallback('onProgress', onProgress)
  requireSignal(signal)
  return crypto === undefined ? undefined : dependableProvider(crypto)
}
