import { createRoundConfig } from 'secagg'
import { type AdversaryModel, client, ed25519Signer, ed25519Verifier, server } from 'secagg/protocol'
import { addInto, createVector, executeMaskPlan, packVector, reduceInto, type Vector } from 'secagg/vector'
import { expect } from 'vitest'
import type { ForwardedShares, PublishedKeys } from '../../src/wire/index.js'
import { inputFor, sumOf } from '../support/inputs.js'
import { randomOf } from '../support/seeded.js'
import { toyCrypto, toySplitter } from '../support/toy-crypto.js'

/** Calls one step. A test can inspect, copy or replace the arguments and the result. */
export type Via = <S, I, R>(
  name: string,
  state: S,
  inbound: I,
  step: (state: S, inbound: I) => R | Promise<R>,
) => Promise<R>

const direct: Via = async (_name, state, inbound, step) => step(state, inbound)

export interface CoreRound {
  readonly states: ReadonlyMap<string, client.ClientState | server.ServerState>
  readonly sum: Vector
  readonly expected: Vector
}

/**
 * Runs a round with the pure functions only. Three clients share keys, and the last one drops out before it sends its masked
 * input. Returns every state that occurred, by its name, and the sum.
 */
export async function coreRound(adversary: AdversaryModel, via: Via = direct): Promise<CoreRound> {
  const random = randomOf(4)
  const active = adversary === 'active'
  const crypto = toyCrypto(4)
  const config = createRoundConfig({
    sessionId: random.bytes(16),
    clients: 3,
    adversary,
    threshold: 2,
    corruptClients: 0,
    segments: [{ length: 4, bits: 12, bound: 1000 }],
  })
  const suite = crypto.suites.aes!
  const seats = [0, 1, 2]
  const inputs = seats.map(() => inputFor(config, random))
  const privateKeys = seats.map(() => random.bytes(32))
  const publicKeys = await Promise.all(privateKeys.map((key) => crypto.ed25519.publicKey(key)))
  const verifyIdentity = active ? ed25519Verifier((seat) => publicKeys[seat], crypto.ed25519) : undefined
  const capabilitiesOf = (seat: number) => ({
    crypto,
    splitSecret: toySplitter(seat),
    signer: active ? ed25519Signer(privateKeys[seat]!, crypto.ed25519) : undefined,
    verifyIdentity,
  })
  const states = new Map<string, client.ClientState | server.ServerState>()
  const keep = <S extends client.ClientState | server.ServerState>(state: S): S => {
    states.set(state.state, state)
    return state
  }

  // AdvertiseKeys
  const advertising = keep(server.openRound(config))
  const advertised = await Promise.all(
    seats.map((seat) =>
      via('client.advertiseKeys', config, seat, (config, seat) =>
        client.advertiseKeys(config, seat, capabilitiesOf(seat)),
      ),
    ),
  )
  const keys = await Promise.all(
    advertised.map(({ state, outbound }) =>
      via('server.acceptAdvertisedKeys', advertising, outbound, (server_, message) =>
        server.acceptAdvertisedKeys(server_, keep(state).seat, message, { verifyIdentity }),
      ),
    ),
  )
  const sharing = await via('server.closeAdvertiseKeys', advertising, keys, (server_, accepted) =>
    server.closeAdvertiseKeys(server_, accepted, { crypto }),
  )
  const published: PublishedKeys = server.keysToPublish(keep(sharing.state)).messageFor(0)

  // ShareKeys
  const shared = await Promise.all(
    advertised.map(({ state }) =>
      via('client.shareKeys', state, published, (state, inbound) =>
        client.shareKeys(state, inbound, capabilitiesOf(state.seat)),
      ),
    ),
  )
  const shares = await Promise.all(
    shared.map(({ state, outbound }) =>
      via('server.acceptSharedKeys', sharing.state, outbound, (server_, message) =>
        server.acceptSharedKeys(server_, keep(state).seat, message),
      ),
    ),
  )
  const masking = await via('server.closeShareKeys', sharing.state, shares, server.closeShareKeys)
  const forwarded = server.sharesToForward(keep(masking.state))

  // MaskedInputCollection, without the last client
  const survivors = [0, 1]
  const sum = createVector(config.segments)
  const masked = await Promise.all(
    survivors.map(async (seat) => {
      const { state, plan } = await via(
        'client.maskInput',
        shared[seat]!.state,
        forwarded.messageFor(seat) as ForwardedShares,
        async (state, inbound) => {
          const digest = await crypto.sha256.hmac(state.digestKey, packVector(inputs[seat]!, config.segments))
          return client.maskInput(state, inbound, digest, { crypto })
        },
      )
      const repeated = await via('client.repeatMaskInput', state, state.inputDigest, client.repeatMaskInput)
      if (repeated !== plan && JSON.stringify(repeated) !== JSON.stringify(plan))
        throw new Error('another plan')
      server.acceptMaskedInput(masking.state, seat)
      const vector = inputs[seat]!.map((lanes) => lanes.slice())
      await executeMaskPlan(vector, config.segments, seat === 0 ? plan : repeated, suite)
      addInto(sum, vector, config.segments)
      return keep(state)
    }),
  )
  const announced = await via('server.closeMaskedInput', masking.state, survivors, server.closeMaskedInput)
  let unmasking = keep(announced.state)
  const u3 = server.survivorsToAnnounce(announced.state).messageFor(0)

  // ConsistencyCheck (active model only) and Unmasking
  const capabilities = (seat: number) => capabilitiesOf(seat)
  let answers: { state: client.ClientFinished; outbound: client.ClientFinished['outbound'] }[]
  if (unmasking.state === 'server-checking') {
    const checking = unmasking
    const checked = await Promise.all(
      masked.map((state) =>
        via('client.checkConsistency', state, u3, (state, inbound) =>
          client.checkConsistency(state, inbound, capabilities(state.seat)),
        ),
      ),
    )
    const consistent = await Promise.all(
      checked.map(({ state, outbound }) =>
        via('server.acceptConsistencyCheck', checking, outbound, (server_, signature) =>
          server.acceptConsistencyCheck(server_, keep(state).seat, signature, { verifyIdentity }),
        ),
      ),
    )
    const signed = await via(
      'server.closeConsistencyCheck',
      checking,
      consistent,
      server.closeConsistencyCheck,
    )
    unmasking = keep(signed.state)
    const signatures = server.signaturesToPublish(signed.state).messageFor(0)
    answers = await Promise.all(
      checked.map(({ state }) =>
        via('client.unmask', state, signatures, (state, inbound) =>
          client.unmask(state, inbound, capabilities(state.seat)),
        ),
      ),
    )
  } else {
    answers = await Promise.all(
      masked.map((state) =>
        via('client.unmask', state, u3, (state, inbound) => client.unmask(state, inbound, { crypto })),
      ),
    )
  }
  const last = unmasking as server.ServerUnmasking
  const revealed = await Promise.all(
    answers.map(({ state, outbound }) =>
      via('server.acceptUnmasking', last, outbound, (server_, message) =>
        server.acceptUnmasking(server_, keep(state).seat, message),
      ),
    ),
  )
  const { state: unmasked } = await via('server.reconstructSecrets', last, revealed, (state, accepted) =>
    server.reconstructSecrets(state, accepted, { crypto }),
  )
  keep(unmasked)
  let terms = 0
  for await (const plan of server.planUnmasking(unmasked, { crypto })) {
    terms += plan.length
    await executeMaskPlan(sum, config.segments, plan, suite)
  }
  expect(terms).toBe(server.countMaskTerms(unmasked))
  reduceInto(sum, config.segments)
  return { states, sum, expected: sumOf(config, survivors, inputs) }
}
