import { sha256 } from '@noble/hashes/sha2.js'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import {
  ClientSession,
  createRoundConfig,
  ed25519Signer,
  ed25519Verifier,
  type ResumedClientOptions,
  type RoundConfig,
  type SecretSplitter,
  ServerSession,
  type ServerSessionOptions,
  type Vector,
} from 'secagg'
import type { CryptoProvider } from 'secagg/crypto'
import type { PostQuantum } from 'secagg/post-quantum'
import { concatBytes } from '../../src/crypto/bytes.js'
import { nobleEncapsulation } from '../../src/post-quantum/noble-encapsulation.js'
import { hybridKeyAgreement } from '../../src/protocol/hybrid/index.js'
import { type Field, fieldFor, multiply } from '../../src/shamir/field.js'
import { lanesOf } from '../support/inputs.js'
import { unhex } from './bytes.js'
import type { ClientInput, Elements, Parameters, RoundInput } from './format.js'

// The library's parties with everything that they would draw given to them.

export function configOf(parameters: Parameters): RoundConfig {
  const { adversary, corruptClients, neighbors, assumptions, sliceLength, signatureLength } = parameters
  return createRoundConfig({
    sessionId: unhex(parameters.sessionId),
    clients: parameters.clients,
    adversary,
    suite: parameters.suite,
    keyAgreement: parameters.keyAgreement ?? 'x25519',
    threshold: parameters.threshold,
    minimumCohort: parameters.minimumCohort,
    graph: neighbors === 0 ? 'complete' : { neighbors, assumptions: assumptions ?? 'unproven' },
    corruptClients: corruptClients ?? undefined,
    signatureLength: adversary === 'active' ? signatureLength : undefined,
    sliceLength: sliceLength ?? undefined,
    segments: parameters.segments.map(({ length, bits, bound }) => ({
      length,
      bits,
      bound: bound === 'modular' ? bound : BigInt(bound),
    })),
    context: Object.fromEntries(parameters.context.map(({ name, value }) => [name, unhex(value)])),
  })
}

/** A provider that hands out the given bytes, and nothing once they are used up. */
export function drawing(crypto: CryptoProvider, ...draws: readonly Uint8Array[]): CryptoProvider {
  const left = [...draws]
  const randomBytes = (length: number): Uint8Array => {
    const bytes = left.shift()
    if (bytes?.length !== length) throw new Error(`${length} bytes are drawn that the vector does not have`)
    return Uint8Array.from(bytes)
  }
  return { ...crypto, randomBytes }
}

/** The provider of a client: with hybrid key agreement, what it encapsulates follows from a seed. */
export function providerOf({ clients }: RoundInput, seat: number, crypto: CryptoProvider): CryptoProvider {
  const { hybrid } = clients.find((each) => each.seat === seat)!
  if (hybrid === undefined) return crypto
  const seed = unhex(hybrid.encapsulationSeed)
  const provider = hybridOn(crypto)
  const mlKem768 = {
    ...provider.mlKem768,
    encapsulate: async (publicKeys: readonly Uint8Array[]) =>
      publicKeys.map((key) => {
        const { cipherText, sharedSecret } = ml_kem768.encapsulate(key, sha256(concatBytes(seed, key)))
        return { ciphertext: cipherText, secret: sharedSecret }
      }),
  }
  return { ...provider, mlKem768 }
}

/** The provider with what hybrid key agreement needs: noble's ML-KEM-768, unless it has another. */
function hybridOn(crypto: CryptoProvider): CryptoProvider & PostQuantum {
  return { ...crypto, mlKem768: crypto.mlKem768 ?? nobleEncapsulation(ml_kem768), hybrid: hybridKeyAgreement }
}

/** Shares by the polynomials that a vector states. */
export function statedSplitter(coefficientsOf: (secret: Uint8Array) => readonly string[]): SecretSplitter {
  return async (secret, threshold, holders) => {
    const field = fieldFor(holders)
    const polynomial = [
      secret,
      ...coefficientsOf(secret)
        .slice(0, threshold - 1)
        .map(unhex),
    ]
    return Array.from({ length: holders }, (_, index) => evaluate(field, polynomial, index + 1))
  }
}

function evaluate(field: Field, polynomial: readonly Uint8Array[], x: number): Uint8Array {
  const size = field.bits / 8
  const at = (bytes: Uint8Array, i: number): number =>
    size === 1 ? bytes[i]! : bytes[2 * i]! | (bytes[2 * i + 1]! << 8)
  const share = new Uint8Array(polynomial[0]!.length)
  for (let i = 0; i < share.length / size; i++) {
    const value = polynomial.reduceRight((sum, bytes) => multiply(field, sum, x) ^ at(bytes, i), 0)
    share[size * i] = value
    if (size === 2) share[2 * i + 1] = value >>> 8
  }
  return share
}

export function libraryClient(round: RoundInput, seat: number, crypto: CryptoProvider): ClientSession {
  return new ClientSession({ ...libraryClientOptions(round, seat, crypto), seat })
}

export function libraryClientOptions(
  round: RoundInput,
  seat: number,
  crypto: CryptoProvider,
): ResumedClientOptions {
  const client = round.clients.find((each) => each.seat === seat)!
  const config = configOf(round.parameters)
  return {
    config,
    input: lanesFor(config, client.input),
    crypto: drawing(
      crypto,
      unhex(client.cipherPrivateKey),
      ...keysDrawnBy(client),
      ...(client.choice === undefined ? [] : [unhex(client.choice)]),
      unhex(client.selfMask),
      // The key of the digest of the input; no message depends on it.
      new Uint8Array(32).fill(1),
    ),
    splitSecret: statedSplitter((secret) =>
      secret.length === 32 ? client.maskKeyCoefficients : client.selfMaskCoefficients,
    ),
    signer: client.signingKey === null ? undefined : ed25519Signer(unhex(client.signingKey), crypto.ed25519),
    verifyIdentity: verifierOf(round, crypto),
  }
}

function keysDrawnBy({ maskPrivateKey, hybrid }: ClientInput): Uint8Array[] {
  if (hybrid === undefined) return [unhex(maskPrivateKey!)]
  return [unhex(hybrid.cipherSeed), unhex(hybrid.masterSecret)]
}

export function libraryServer(round: RoundInput, crypto: CryptoProvider): ServerSession {
  return new ServerSession(libraryServerOptions(round, crypto))
}

export function libraryServerOptions(round: RoundInput, crypto: CryptoProvider): ServerSessionOptions {
  const { parameters, ringRandomness } = round
  const draws = ringRandomness === null ? [] : [unhex(ringRandomness)]
  return {
    config: configOf(parameters),
    crypto: drawing(parameters.keyAgreement === undefined ? crypto : hybridOn(crypto), ...draws),
    verifyIdentity: verifierOf(round, crypto),
  }
}

function verifierOf({ enrolled }: RoundInput, { ed25519 }: CryptoProvider) {
  if (enrolled === null) return undefined
  return ed25519Verifier(
    (seat) => (enrolled[seat] === undefined ? undefined : unhex(enrolled[seat])),
    ed25519,
  )
}

export function lanesFor({ segments }: Pick<RoundConfig, 'segments'>, elements: Elements): Vector {
  return segments.map(({ bits }, segment) => lanesOf(bits, elements[segment]!.map(BigInt)))
}

export function elementsOf(vector: Vector): Elements {
  return vector.map((lanes) => Array.from(lanes as ArrayLike<number | bigint>, String))
}
