import { partsOf, requireInteger, shown } from '../../arguments.js'
import { dependableProvider } from '../../crypto/dependable.js'
import { drawSecret } from '../../crypto/random.js'
import { usageError } from '../../errors.js'
import { CHOICE_LENGTH, countsClients, isChosen } from '../../graph/index.js'
import type { AdvertiseKeys } from '../../wire/index.js'
import { type ClientCapabilities, capable } from '../capabilities.js'
import { requireConfig } from '../checks.js'
import type { RoundConfig } from '../config.js'
import { hybridFor } from '../hybrid-steps.js'
import { signStatement } from '../identity.js'
import { suiteOf } from '../keys.js'
import { keysStatement } from '../statements.js'
import type { ClientAdvertised, KeyPair } from './states.js'

const PHASE = 'advertise-keys'

/**
 * The options that a client chooses itself.
 * @public
 */
export interface ClientOptions {
  /**
   * The minimum number of inputs in a sum that this client takes part in: from the configuration's minimum cohort (the
   * default) to n. The client checks it itself. Complete graph only: on the sparse graph a client cannot count the inputs.
   */
  readonly minimumSurvivors?: number | undefined
}

/**
 * The client's step of the phase AdvertiseKeys: draws the key pairs c and s and, in the active model, signs both public
 * keys.
 *
 * @param config - The configuration of the round, from `createRoundConfig`.
 * @param seat - The seat of this client, 0 ≤ seat < n.
 * @param capabilities - `crypto`; and `signer`, which the active model needs.
 * @param options - What the client chooses itself.
 * @returns The first state of the client and its AdvertiseKeys message. Store the state before the message is sent.
 * @throws {SecAggError} `invalid-argument` or `unsupported` if the seat, an option or the provider does not fit the
 *   configuration; `crypto-failure` or `no-randomness` if a primitive fails.
 * @example
 * ```ts
 * // Continues the examples of createRoundConfig and ed25519Signer.
 * import { client } from 'secagg/protocol'
 *
 * const advertised = await Promise.all(
 *   signers.map((signer, seat) => client.advertiseKeys(config, seat, { crypto, signer })),
 * )
 * console.log(advertised[3]!.state.seat, advertised[3]!.outbound.maskKey.length) // 3 32
 * ```
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
  suiteOf(config, crypto) // fails now, before other clients depend on this one
  if (!countsClients(config.graph) && stated !== undefined) {
    const text =
      'minimumSurvivors needs the complete graph: on the sparse graph a client cannot count the survivors'
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
  const drawn = await hybridFor(config, crypto)?.drawKeys(config, seat, crypto)
  const maskKeyPair = drawn?.maskKeyPair ?? (await generate())
  const publicKeys = {
    cipherKey: cipherKeyPair.publicKey,
    maskKey: maskKeyPair.publicKey,
    ...drawn?.kemKeys,
  }
  const choice = isChosen(config.graph) ? drawSecret(crypto, CHOICE_LENGTH) : undefined
  const keys = choice === undefined ? publicKeys : { ...publicKeys, choice }
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
      hybrid: drawn?.hybrid,
      outbound,
    },
    outbound,
  }
}
