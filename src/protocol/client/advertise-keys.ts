import { partsOf, requireInteger, shown } from '../../arguments.js'
import { dependableProvider } from '../../crypto/dependable.js'
import { drawSecret } from '../../crypto/random.js'
import { usageError } from '../../errors.js'
import { countsClients } from '../../graph/index.js'
import type { AdvertiseKeys } from '../../wire/index.js'
import { type ClientCapabilities, capable } from '../capabilities.js'
import { requireConfig } from '../checks.js'
import type { RoundConfig } from '../config.js'
import { keysStatement, signStatement } from '../identity.js'
import { suiteOf } from '../keys.js'
import type { ClientAdvertised, KeyPair } from './states.js'

const PHASE = 'advertise-keys'

/**
 * What a client decides for itself.
 * @public
 */
export interface ClientOptions {
  /**
   * The fewest inputs of a sum that this client takes part in, whatever the server says; from the configuration's
   * minimum cohort (the default) to n. On the complete graph only: elsewhere a client cannot see how many there are.
   */
  readonly minimumSurvivors?: number | undefined
}

/**
 * Round 0 (AdvertiseKeys): draws the key pairs c and s; [active] signs both public keys.
 *
 * @throws {SecAggError} `invalid-argument` or `unsupported` where the seat, an option or the provider does not fit the
 *   configuration.
 * @public
 */
export async function advertiseKeys(
  config: RoundConfig,
  seat: number,
  capabilities: Pick<ClientCapabilities, 'crypto' | 'signer'>,
  options: ClientOptions = {},
): Promise<{ state: ClientAdvertised; outbound: AdvertiseKeys }> {
  requireConfig(config)
  requireInteger('a seat', seat, 0, config.clients - 1)
  const { minimumSurvivors: stated } = partsOf('the options of a client', options)
  const { crypto: provider, signer } = capable(capabilities)
  const crypto = dependableProvider(provider)
  suiteOf(config, crypto) // rather now than once others count on this client
  if (!countsClients(config.graph) && stated !== undefined) {
    const text = 'on the sparse graph a client cannot see how many others survive'
    throw usageError('unsupported', text, { phase: PHASE })
  }
  const minimumSurvivors = stated ?? config.minimumCohort
  const { minimumCohort, clients } = config
  if (!Number.isInteger(minimumSurvivors) || minimumSurvivors < minimumCohort || minimumSurvivors > clients) {
    throw usageError('invalid-argument', `minimumSurvivors must be from ${minimumCohort} to ${clients}`, {
      phase: PHASE,
      got: shown(minimumSurvivors),
    })
  }
  const generate = async (): Promise<KeyPair> => {
    const privateKey = drawSecret(crypto, 32)
    return { privateKey, publicKey: await crypto.x25519.publicKey(privateKey) }
  }
  const cipherKeyPair = await generate()
  const maskKeyPair = await generate()
  const keys = { cipherKey: cipherKeyPair.publicKey, maskKey: maskKeyPair.publicKey }
  const signature =
    config.adversary === 'active'
      ? await signStatement(config, signer, keysStatement(config, seat, keys), PHASE)
      : new Uint8Array(0)
  const outbound: AdvertiseKeys = { configurationHash: config.hash, ...keys, signature }
  return {
    state: {
      state: 'client-advertised',
      config,
      seat,
      minimumSurvivors,
      cipherKeyPair,
      maskKeyPair,
      outbound,
    },
    outbound,
  }
}
