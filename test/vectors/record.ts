import type { RoundConfig, Vector } from 'secagg'
import type { CryptoProvider } from 'secagg/crypto'
import { addInto, createVector, reduceInto } from 'secagg/vector'
import { encodeConfiguration, encodeContext } from '../../src/protocol/config.js'
import { label, seatBytes } from '../../src/protocol/keys.js'
import { hex, unhex } from './bytes.js'
import type {
  ClientInput,
  ClientValues,
  ConfigurationValues,
  Parameters,
  RoundInput,
  RoundValues,
  ServerValues,
} from './format.js'
import { configOf, elementsOf, lanesFor, libraryClient, libraryServer, providerOf } from './library.js'
import { clientValues } from './record-client.js'
import { type Asked, recording } from './recording.js'

/** What a client got and sent, in order; the slices of a vector are one. */
export interface Traffic {
  readonly input: ClientInput
  readonly asked: Asked
  readonly received: Uint8Array[]
  readonly sent: Uint8Array[][]
}

/**
 * A whole round of the library's sessions, and every value that they made: messages as they travel, and what they asked of
 * their primitives.
 */
export async function libraryRound(round: RoundInput, provider: CryptoProvider): Promise<RoundValues> {
  const config = configOf(round.parameters)
  const active = config.adversary === 'active'
  const server = recording(provider)
  const { traffic, closed, sum } = await run(round, provider, server.crypto)
  const sets = {
    u1: closed[0]!,
    u2: closed[1]!,
    u3: closed[2]!,
    u4: active ? closed[3]! : null,
    u5: closed.at(-1)!,
  }
  const present = traffic.filter(({ sent }) => sent.length > 0)
  const clients = await Promise.all(present.map((each) => clientValues(config, provider, each, sets)))
  return {
    configuration: configurationValues(round.parameters, config),
    sets,
    clients,
    server: serverValues(config, server.asked, sets, clients, round.clients, sum),
  }
}

async function run(round: RoundInput, provider: CryptoProvider, serverCrypto: CryptoProvider) {
  const server = libraryServer(round, serverCrypto)
  const traffic = round.clients.map((input): Traffic & { session: ReturnType<typeof libraryClient> } => {
    const { crypto, asked } = recording(providerOf(round, input.seat, provider))
    return { input, asked, session: libraryClient(round, input.seat, crypto), received: [], sent: [] }
  })
  let inbox = new Map<number, Uint8Array | undefined>(round.clients.map(({ seat }) => [seat, undefined]))
  for (let step = 0; ; step++) {
    for (const { input, session, received, sent } of traffic) {
      if (!inbox.has(input.seat) || input.sends <= step) continue
      const inbound = inbox.get(input.seat)
      if (inbound !== undefined) received.push(inbound)
      const answers = [inbound === undefined ? await session.start() : await session.receive(inbound)]
      for await (const slice of session.slices()) answers.push(slice)
      sent.push(answers)
      for (const answer of answers) {
        const { status } = await server.receive(input.seat, answer)
        if (status !== 'accepted') throw new Error(`a message of seat ${input.seat} is ${status}`)
      }
    }
    const outcome = await server.closePhase()
    const closed = server.report.phases.map(({ accepted }) => [...accepted])
    if (outcome.done) return { traffic, closed, sum: outcome.sum }
    inbox = new Map(outcome.messages)
  }
}

export function configurationValues(parameters: Parameters, config: RoundConfig): ConfigurationValues {
  const context = Object.fromEntries(parameters.context.map(({ name, value }) => [name, unhex(value)]))
  return {
    contextEncoding: hex(encodeContext(context)),
    contextHash: hex(config.contextHash),
    encoding: hex(encodeConfiguration(config)),
    hash: hex(config.hash),
  }
}

/** The secrets and seeds that the server came to know, by what it asked of its primitives. */
function serverValues(
  config: RoundConfig,
  { derivations, agreedWith }: Asked,
  { u2, u3 }: RoundValues['sets'],
  clients: readonly ClientValues[],
  inputs: readonly ClientInput[],
  sum: Vector,
): ServerValues {
  const maskedSum = createVector(config.segments)
  for (const { seat, maskedInput } of clients) {
    if (u3.includes(seat)) addInto(maskedSum, lanesFor(config, maskedInput!.masked), config.segments)
  }
  reduceInto(maskedSum, config.segments)
  const derived = (name: string, ...seats: number[]) => {
    const beginning = [label(name), ...seats.map(seatBytes)].map(hex).join('')
    return derivations.find(({ info }) => info.startsWith(beginning))
  }
  const secrets: ServerValues['secrets'] = []
  const masks: ServerValues['masks'] = []
  for (const owner of u2) {
    if (u3.includes(owner)) {
      const { secret, info, key } = derived('self mask', owner)!
      secrets.push({ owner, secret: 'selfMask', value: secret })
      masks.push({ survivor: owner, dropped: null, sign: 1, info, seed: key })
      continue
    }
    const { maskPrivateKey, hybrid } = inputs.find(({ seat }) => seat === owner)!
    const privateKey = maskPrivateKey ?? derived('mask key', owner)!.key
    if (!agreedWith.has(privateKey)) throw new Error(`the server has not agreed with the key of ${owner}`)
    secrets.push({ owner, secret: 'maskKey', value: hybrid?.masterSecret ?? privateKey })
    for (const survivor of u3) {
      const seed = derived('pairwise mask', Math.min(survivor, owner), Math.max(survivor, owner))
      if (seed === undefined) continue // not neighbors
      masks.push({
        survivor,
        dropped: owner,
        sign: survivor > owner ? 1 : -1,
        info: seed.info,
        seed: seed.key,
      })
    }
  }
  return { maskedSum: elementsOf(maskedSum), secrets, masks, sum: elementsOf(sum) }
}
