import { ClientSession, type ClientSessionOptions, ServerSession, type ServerSessionOptions } from 'secagg'
import { client, type LivingOwners, server } from 'secagg/protocol'
import { type ClientStates, clientStates, INPUT_DIGEST } from '../attacks/states.js'
import { type CohortOptions, makeCohort } from '../support/cohort.js'

export const ACTIVE: CohortOptions = { clients: 4, adversary: 'active' }
export const CURIOUS: CohortOptions = { clients: 4, adversary: 'honest-but-curious' }

/** Every state and every message of a round in which nobody drops out. */
export interface WholeRound extends ClientStates {
  readonly advertising: server.ServerAdvertising
  readonly acceptedKeys: readonly server.AdvertisedClient[]
  readonly sharing: server.ServerSharing
  readonly acceptedShares: readonly server.AcceptedShares[]
  readonly survivors: readonly number[]
  /** Active model only. */
  readonly checked: readonly client.ClientChecked[]
  readonly serverChecking: server.ServerChecking | undefined
  readonly acceptedSignatures: readonly server.ConsistentClient[]
  readonly signatures: Parameters<typeof client.unmask>[1]
  readonly unmasking: server.ServerUnmasking
  readonly unmasked: readonly client.ClientFinished[]
  readonly acceptedUnmasking: readonly server.RevealingClient[]
  readonly serverUnmasked: server.ServerFinished
}

export async function wholeRound(options: CohortOptions): Promise<WholeRound> {
  const states = await clientStates(options)
  const { config, capabilities, advertised, shared, masked, masking } = states
  const own = capabilities[0]!
  const advertising = server.openRound(config)
  const acceptedKeys = await Promise.all(
    advertised.map(({ seat, outbound }) => server.acceptAdvertisedKeys(advertising, seat, outbound, own)),
  )
  const { state: sharing } = server.closeAdvertiseKeys(advertising, acceptedKeys, own)
  const acceptedShares = shared.map(({ seat, outbound }) => server.acceptSharedKeys(sharing, seat, outbound))
  const survivors = masked.map(({ seat }) => seat)
  const { state: announced } = server.closeMaskedInput(masking, survivors)
  const checked: client.ClientChecked[] = []
  const acceptedSignatures: server.ConsistentClient[] = []
  let unmasking = announced as server.ServerUnmasking
  if (announced.state === 'server-checking') {
    for (const [seat, state] of masked.entries()) {
      const { state: next, outbound } = await client.checkConsistency(state, survivors, capabilities[seat]!)
      checked.push(next)
      acceptedSignatures.push(await server.acceptConsistencyCheck(announced, seat, outbound, own))
    }
    unmasking = server.closeConsistencyCheck(announced, acceptedSignatures).state
  }
  const signatures = acceptedSignatures.map(({ seat, signature }) => ({ seat, value: signature }))
  const unmasked = await Promise.all(
    masked.map(async (state, seat) => {
      const given = capabilities[seat]!
      const isActive = checked.length > 0
      const answer = isActive
        ? client.unmask(checked[seat]!, signatures, given)
        : client.unmask(state, survivors, given)
      return (await answer).state
    }),
  )
  const acceptedUnmasking = unmasked.map(({ seat, outbound }) =>
    server.acceptUnmasking(unmasking, seat, outbound),
  )
  const { state: serverUnmasked } = await server.reconstructSecrets(unmasking, acceptedUnmasking, own)
  return {
    ...states,
    advertising,
    acceptedKeys,
    sharing,
    acceptedShares,
    survivors,
    checked,
    serverChecking: announced.state === 'server-checking' ? announced : undefined,
    acceptedSignatures,
    signatures,
    unmasking,
    unmasked,
    acceptedUnmasking,
    serverUnmasked,
  }
}

/** Six clients that choose four holders each. */
const CHOSEN: CohortOptions = {
  clients: 6,
  adversary: 'active',
  graph: { neighbors: 4, assumptions: 'unproven' },
  threshold: 3,
  minimumCohort: 4,
}

/** The states and messages of a round on the chosen graph from the third phase on. */
export interface ChosenRound extends ClientStates {
  readonly including: readonly server.IncludingClient[]
  readonly survivors: readonly number[]
  readonly acknowledging: server.ServerAcknowledging
  readonly living: LivingOwners
  readonly acknowledged: readonly client.ClientAcknowledging[]
  readonly accepted: readonly server.AcknowledgingClient[]
  readonly unmasking: server.ServerUnmasking
}

export async function chosenRound(): Promise<ChosenRound> {
  const states = await clientStates(CHOSEN)
  const { capabilities, masked, masking } = states
  const own = capabilities[0]!
  const including = await Promise.all(
    masked.map(({ seat, inclusion }) => server.acceptInclusion(masking, seat, inclusion!, own)),
  )
  const survivors = masked.map(({ seat }) => seat)
  const { state: acknowledging, outbound } = server.closeMaskedInput(masking, survivors, including)
  const acknowledged: client.ClientAcknowledging[] = []
  const accepted: server.AcknowledgingClient[] = []
  for (const state of masked) {
    const { seat } = state
    const given = capabilities[seat]!
    const { state: next } = await client.acknowledgeOwners(state, outbound.messageFor(seat), given)
    acknowledged.push(next)
    accepted.push(server.acceptAcknowledgements(acknowledging, seat, next.outbound))
  }
  const { state: unmasking } = server.closeAcknowledgements(acknowledging, accepted)
  const living = outbound.messageFor(0)
  return { ...states, including, survivors, acknowledging, living, acknowledged, accepted, unmasking }
}

/** New sessions of a round before its first message. Their secrets are the same each time. */
export async function newSessions(options: CohortOptions = ACTIVE): Promise<{
  readonly clientOptions: ClientSessionOptions
  readonly serverOptions: ServerSessionOptions
  readonly client: ClientSession
  readonly server: ServerSession
  readonly others: readonly ClientSession[]
}> {
  const cohort = await makeCohort(options)
  const { config, crypto, verifyIdentity, inputs, signers, sessions } = cohort
  const clientOptions = { config, seat: 0, input: inputs[0]!, crypto, signer: signers[0], verifyIdentity }
  const serverOptions = { config, crypto, verifyIdentity }
  return {
    clientOptions,
    serverOptions,
    client: new ClientSession(clientOptions),
    server: new ServerSession(serverOptions),
    others: sessions.slice(1),
  }
}

export { INPUT_DIGEST }
