import { type RoundConfig, SecAggError, type SecretSplitter } from 'secagg'
import { type ClientCapabilities, client, server } from 'secagg/protocol'
import { type CohortOptions, makeCohort } from '../support/cohort.js'
import { toySplitter } from '../support/toy-crypto.js'

/** Clients as protocol states, for attacks that no bytes can express; everybody is in U1 and U2. */
export interface ClientStates {
  readonly config: RoundConfig
  readonly capabilities: readonly ClientCapabilities[]
  readonly advertised: readonly client.ClientAdvertised[]
  readonly published: Parameters<typeof client.shareKeys>[1]
  readonly shared: readonly client.ClientShared[]
  readonly forwarded: readonly Parameters<typeof client.maskInput>[1][]
  readonly masked: readonly client.ClientMasked[]
  /** The server that has announced `masked` and collects masked inputs. */
  readonly masking: server.ServerMasking
}

/** A digest of some input; the protocol functions do not look into it. */
export const INPUT_DIGEST: Uint8Array = new Uint8Array(32).fill(7)

export async function clientStates(
  options: CohortOptions & { readonly minimumSurvivors?: number },
): Promise<ClientStates> {
  const { config, crypto, signers, verifyIdentity, sessions } = await makeCohort(options)
  const splitSecret: SecretSplitter = options.splitSecret ?? toySplitter(options.seed ?? 1)
  const capabilities = sessions.map((_, seat) => ({
    crypto,
    splitSecret,
    verifyIdentity,
    signer: signers[seat],
  }))
  const advertised: client.ClientAdvertised[] = []
  for (const [seat, own] of capabilities.entries()) {
    const { minimumSurvivors } = options
    advertised.push((await client.advertiseKeys(config, seat, own, { minimumSurvivors })).state)
  }
  const opened = server.openRound(config)
  const accepted = []
  for (const { seat, outbound } of advertised) {
    accepted.push(await server.acceptAdvertisedKeys(opened, seat, outbound, { verifyIdentity }))
  }
  const { state: sharing, outbound: publishing } = server.closeAdvertiseKeys(
    opened,
    accepted,
    capabilities[0]!,
  )
  const published = publishing.messageFor(0)
  const shared: client.ClientShared[] = []
  for (const state of advertised) {
    shared.push(
      (await client.shareKeys(state, publishing.messageFor(state.seat), capabilities[state.seat]!)).state,
    )
  }
  const { state: masking, outbound: forwarding } = server.closeShareKeys(
    sharing,
    shared.map(({ seat, outbound }) => server.acceptSharedKeys(sharing, seat, outbound)),
  )
  const forwarded = shared.map(({ seat }) => forwarding.messageFor(seat))
  const masked: client.ClientMasked[] = []
  for (const state of shared) {
    const { seat } = state
    masked.push((await client.maskInput(state, forwarded[seat]!, INPUT_DIGEST, capabilities[seat]!)).state)
  }
  return { config, capabilities, advertised, published, shared, forwarded, masked, masking }
}

/** What a function that answers at once throws. */
export function thrownBy(attempt: () => unknown): unknown {
  try {
    attempt()
  } catch (error) {
    return error
  }
  return new SecAggError('internal', 'internal', 'nothing was thrown')
}
