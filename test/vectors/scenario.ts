import { nobleCrypto } from 'secagg/crypto'
import { drawRing } from '../../src/graph/graph.js'
import { type Random, randomOf } from '../support/seeded.js'
import { hex, unhex } from './bytes.js'
import type { ClientInput, Elements, Parameters, RoundInput } from './format.js'

/** What a round is about; the rest is drawn from a seed. */
export interface Scenario {
  readonly seed: number
  readonly description: string
  readonly parameters: Omit<Parameters, 'sessionId'>
  /** By seat, how many messages it sends; all where nothing is said. */
  readonly sends: readonly number[]
}

export const DEFAULTS: Omit<
  Parameters,
  'sessionId' | 'clients' | 'threshold' | 'minimumCohort' | 'segments'
> = {
  adversary: 'honest-but-curious',
  suite: 'aes',
  neighbors: 0,
  assumptions: null,
  corruptClients: null,
  signatureLength: 0,
  sliceLength: null,
  context: [],
}

/** Messages: all. */
export const ALL = 9

/** What the parties of a scenario draw. */
export async function roundInputOf({ seed, description, parameters, sends }: Scenario): Promise<RoundInput> {
  const random = randomOf(seed)
  const { clients, adversary, threshold, neighbors } = parameters
  const isChosen = neighbors > 0 && adversary === 'active'
  const { ed25519 } = nobleCrypto()
  const full: Parameters = { sessionId: hex(random.bytes(16)), ...parameters }
  const inputs = Array.from({ length: clients }, (_, seat): ClientInput => {
    const coefficients = (length: number): string[] =>
      Array.from({ length: threshold - 1 }, () => hex(random.bytes(length)))
    return {
      seat,
      sends: sends[seat] === ALL ? (adversary === 'active' ? 5 : 4) : sends[seat]!,
      signingKey: adversary === 'active' ? hex(random.bytes(32)) : null,
      cipherPrivateKey: hex(random.bytes(32)),
      ...(parameters.keyAgreement === undefined
        ? { maskPrivateKey: hex(random.bytes(32)) }
        : {
            hybrid: {
              cipherSeed: hex(random.bytes(64)),
              masterSecret: hex(random.bytes(32)),
              encapsulationSeed: hex(random.bytes(32)),
            },
          }),
      ...(isChosen && { choice: hex(random.bytes(16)) }),
      selfMask: hex(random.bytes(16)),
      maskKeyCoefficients: coefficients(32),
      selfMaskCoefficients: coefficients(16),
      input: elementsBelow(full, random),
    }
  })
  const enrolled = await Promise.all(
    inputs.map(async ({ signingKey }) =>
      signingKey === null ? null : hex(await ed25519.publicKey(unhex(signingKey))),
    ),
  )
  const u1 = inputs.filter((each) => each.sends > 0).map(({ seat }) => seat)
  const ringRandomness = neighbors === 0 || isChosen ? null : random.bytes(4 * Math.max(u1.length, 4))
  return {
    description,
    parameters: full,
    enrolled: adversary === 'active' ? (enrolled as string[]) : null,
    ring: ringRandomness === null ? null : [...drawRing(u1, () => ringRandomness)],
    ringRandomness: ringRandomness === null ? null : hex(ringRandomness),
    clients: inputs,
  }
}

function elementsBelow({ segments }: Parameters, random: Random): Elements {
  return segments.map(({ length, bits, bound }) => {
    const limit = bound === 'modular' ? 1n << BigInt(bits) : BigInt(bound)
    return Array.from({ length }, (_, i) => String(i === 0 ? limit - 1n : random.bigBelow(limit)))
  })
}
