import type { ClientValues, Elements, Hex, RoundInput, RoundValues } from '../vectors/format.js'
import { hex, unhex } from './bytes.js'
import { sample } from './choice.js'
import { Client } from './client/client.js'
import { type Configuration, configurationOf } from './configuration.js'
import type { Enrolment } from './parties.js'
import type { Encapsulated } from './primitives.js'
import { Server } from './server/server.js'
import { pack, type Vector } from './vectors.js'

/** A whole round of the model, and every value that it made. */
export function modelRound(round: RoundInput): RoundValues {
  const configuration = configurationOf(round.parameters)
  const clients = new Map(
    round.clients.map((each) => [each.seat, modelClient(round, configuration, each.seat)]),
  )
  const server = modelServer(round, configuration)
  const received = new Map<number, Uint8Array[]>(round.clients.map(({ seat }) => [seat, []]))
  let inbox: ReadonlyMap<number, Uint8Array | undefined> = new Map(
    round.clients.map(({ seat }) => [seat, undefined]),
  )
  for (let step = 0; server.round !== undefined; step++) {
    for (const [seat, inbound] of inbox) {
      if (round.clients.find((each) => each.seat === seat)!.sends <= step) continue
      const client = clients.get(seat)!
      if (inbound !== undefined) received.get(seat)!.push(inbound)
      const answers = inbound === undefined ? [client.start()] : client.receive(inbound)
      for (const answer of answers) server.receive(seat, answer)
    }
    inbox = server.close()
  }
  return {
    configuration: {
      contextEncoding: hex(configuration.contextEncoding),
      contextHash: hex(configuration.contextHash),
      encoding: hex(configuration.encoding),
      hash: hex(configuration.hash),
    },
    sets: {
      u1: [...server.u1.keys()],
      u2: [...server.u2.keys()],
      u3: [...server.u3],
      u4: configuration.active ? [...server.u4.keys(), ...server.acknowledgements.keys()] : null,
      u5: [...server.u5.keys()],
    },
    clients: [...clients.values()].flatMap((client) => clientValues(client, received.get(client.self.seat)!)),
    server: {
      maskedSum: elements(server.maskedSum),
      secrets: server.secrets.map(({ owner, kind, value }) => ({ owner, secret: kind, value: hex(value) })),
      masks: server.removed.map(({ info, seed, ...rest }) => ({ ...rest, info: hex(info), seed: hex(seed) })),
      sum: elements(server.sum!),
    },
  }
}

export function modelClient(round: RoundInput, configuration: Configuration, seat: number): Client {
  const client = round.clients.find((each) => each.seat === seat)!
  return new Client({
    configuration,
    seat,
    drawn: {
      cipherPrivateKey: unhex(client.cipherPrivateKey),
      maskPrivateKey: client.hybrid === undefined ? unhex(client.maskPrivateKey!) : null,
      hybrid:
        client.hybrid === undefined
          ? null
          : {
              cipherSeed: unhex(client.hybrid.cipherSeed),
              masterSecret: unhex(client.hybrid.masterSecret),
              encapsulationSeed: unhex(client.hybrid.encapsulationSeed),
            },
      choice: unhex(client.choice ?? ''),
      selfMask: unhex(client.selfMask),
      maskKeyCoefficients: client.maskKeyCoefficients.map(unhex),
      selfMaskCoefficients: client.selfMaskCoefficients.map(unhex),
    },
    input: client.input.map((segment) => segment.map(BigInt)),
    signingKey: client.signingKey === null ? null : unhex(client.signingKey),
    enrolment: enrolmentOf(round),
  })
}

export function modelServer(round: RoundInput, configuration: Configuration): Server {
  return new Server(configuration, enrolmentOf(round), () => round.ring!)
}

function enrolmentOf({ enrolled }: RoundInput): Enrolment {
  return enrolled?.map(unhex) ?? []
}

export function elements(vector: Vector): Elements {
  return vector.map((segment) => segment.map(String))
}

/** What the client made and sent; nothing where it sent nothing. */
export function clientValues(client: Client, received: readonly Uint8Array[]): ClientValues[] {
  const { advertised, shared, masked, checked, acknowledging, unmasked, self } = client
  const { active, segments } = self.configuration
  if (advertised === undefined) return []
  const inbound = (index: number): Hex => hex(received[index]!)
  return [
    {
      seat: self.seat,
      advertiseKeys: {
        cipherPublicKey: hex(advertised.cipherKey),
        maskPublicKey: hex(advertised.maskKey),
        ...(self.drawn.hybrid && {
          hybrid: {
            maskPrivateKey: hex(advertised.maskPrivateKey),
            maskSeed: hex(advertised.maskSeed),
            cipherKemKey: hex(advertised.cipherKemKey),
            maskKemKey: hex(advertised.maskKemKey),
          },
        }),
        statement: active ? hex(advertised.statement) : null,
        signature: active ? hex(advertised.signature) : null,
        ...(self.configuration.graph === 'chosen' && {
          holders: [...sample(self.configuration, self.seat, advertised.choice)],
        }),
        message: hex(advertised.message),
      },
      ...(shared && {
        shareKeys: {
          received: inbound(0),
          shares: shared.shares.map(({ maskKeyShare, selfMaskShare, ...rest }) => ({
            ...rest,
            maskKeyShare: hex(maskKeyShare),
            selfMaskShare: hex(selfMaskShare),
          })),
          commitment: { info: hex(shared.commitment.info), value: hex(shared.commitment.key) },
          sealed: shared.sealed.map((each) => ({
            receiver: each.receiver,
            agreement: hex(each.agreement),
            ...(each.encapsulated && { encapsulated: encapsulatedValues(each.encapsulated) }),
            info: hex(each.info),
            key: hex(each.key),
            associatedData: hex(each.associatedData),
            plaintext: hex(each.plaintext),
            ciphertext: hex(each.ciphertext),
          })),
          ...(self.drawn.hybrid && {
            maskSecrets: [...shared.maskSecrets.values()].map((each) => ({
              receiver: each.receiver,
              secretInfo: hex(each.secret.info),
              secret: hex(each.secret.key),
              confirmationInfo: hex(each.confirmation.info),
              confirmation: hex(each.confirmation.key),
              agreement: hex(each.agreement),
              encapsulated: encapsulatedValues(each.encapsulated),
              info: hex(each.info),
              key: hex(each.key),
              associatedData: hex(each.associatedData),
              sealed: hex(each.sealed),
            })),
          }),
          message: hex(shared.message),
        },
      }),
      ...(masked && {
        maskedInput: {
          received: inbound(1),
          masks: masked.masks.map((each) => ({
            with: each.with,
            sign: each.sign,
            secret: hex(each.secret),
            info: hex(each.info),
            seed: hex(each.seed),
            mask: hex(pack(segments, each.mask)),
          })),
          masked: elements(masked.masked),
          ...(masked.inclusion && {
            inclusion: {
              keysDigest: hex(masked.inclusion.digest),
              bits: hex(masked.inclusion.bits),
              statement: hex(masked.inclusion.statement),
              signature: hex(masked.inclusion.signature),
            },
          }),
          messages: masked.messages.map(hex),
        },
      }),
      ...(checked && {
        consistencyCheck: {
          received: inbound(2),
          published: hex(checked.masked.shared.publishedDigest),
          statement: hex(checked.statement),
          signature: hex(checked.signature),
          message: hex(checked.message),
        },
      }),
      ...(acknowledging && {
        acknowledgement: {
          received: inbound(2),
          living: [...acknowledging.living],
          given: acknowledging.acknowledged.map(({ owner, agreement, info, value }) => ({
            owner,
            agreement: hex(agreement),
            info: hex(info),
            value: hex(value),
          })),
          message: hex(acknowledging.message),
        },
      }),
      ...(unmasked && {
        unmasking: {
          received: inbound(active ? 3 : 2),
          revealed: unmasked.revealed.flatMap(({ owner, secret, share }) =>
            share === null ? [] : [{ owner, secret, share: hex(share) }],
          ),
          message: hex(unmasked.message),
        },
      }),
    },
  ]
}

const encapsulatedValues = ({ secret, ciphertext }: Encapsulated) => ({
  secret: hex(secret),
  ciphertext: hex(ciphertext),
})
