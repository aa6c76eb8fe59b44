import type { Bytes } from '../crypto/bytes.js'
import { KEM_KEY_LENGTH } from '../crypto/encapsulation.js'
import { CHOICE_LENGTH, choiceLength, provenHolders, publishableSeats } from '../graph/index.js'
import { requireConfig } from '../protocol/checks.js'
import type { RoundConfig } from '../protocol/index.js'
import { isHybrid } from '../protocol/keys.js'
import { sealedLength } from '../protocol/parcel-lengths.js'
import { packedRange } from '../vector/packing.js'
import { sliceCount, sliceRange } from '../vector/segments.js'
import {
  ACKNOWLEDGEMENT_LENGTH,
  COMMITMENT_LENGTH,
  HASH_LENGTH,
  HEADER_LENGTH,
  KEY_LENGTH,
  messageType,
  SLICE_HEADER_LENGTH,
} from '../wire/index.js'

/** The length of the usual signatures. */
const ED25519_SIGNATURE_LENGTH = 64

/**
 * The longest first message of a client, in a round of any graph, adversary model and key agreement. A client of another kind
 * of round must be told that its configuration differs, not that its message is too long.
 */
const LONGEST_FIRST =
  HASH_LENGTH + 2 * KEY_LENGTH + CHOICE_LENGTH + 2 * KEM_KEY_LENGTH + ED25519_SIGNATURE_LENGTH

/**
 * The limits of a round's messages. A transport can refuse longer messages before it reads them.
 * @public
 */
export interface MessageLimits {
  /**
   * Length of the longest message that a client sends, in bytes; at least that of the first message of another kind of round, so
   * that a client with such a configuration is told that it differs.
   */
  readonly fromClient: number
  /** Length of the longest message that the server sends, in bytes. */
  readonly fromServer: number
  /** In how many messages a masked vector is sent. */
  readonly slices: number
}

/**
 * The lengths of the longest possible messages of a round, in which all clients take part.
 *
 * @param config - The configuration of the round.
 * @returns Lengths in bytes, and the number of slices of a vector.
 * @throws {SecAggError} `invalid-argument` if `createRoundConfig` did not make `config`.
 *
 * @example
 * ```ts
 * import { createRoundConfig } from 'secagg'
 * import { messageLimits } from 'secagg/transport'
 *
 * const config = createRoundConfig({
 *   sessionId: new Uint8Array(32).fill(7),
 *   clients: 100,
 *   adversary: 'honest-but-curious',
 *   segments: [{ length: 100_000, bits: 16, bound: 600 }],
 *   sliceLength: 10_000,
 * })
 * console.log(messageLimits(config)) // { fromClient: 20006, fromServer: 6415, slices: 10 }
 * ```
 * @public
 */
export function messageLimits(config: RoundConfig): MessageLimits {
  requireConfig(config)
  const { clients, graph, signatureLength } = config
  const kemKeys = isHybrid(config) ? 2 * KEM_KEY_LENGTH : 0
  const keys = 2 * KEY_LENGTH + choiceLength(graph) + kemKeys + signatureLength
  const published = publishableSeats(graph, clients)
  const visible = typeof published === 'number' ? published : clients
  const sealed = graph.kind === 'complete' ? clients - 1 : graph.neighbors
  // Others may have chosen a client; the sealed shares of all of them go to it.
  const owners = graph.kind === 'complete' ? clients : visible - 1
  // The longest that one client seals to another: as if it sent the secrets of all masks.
  const longestSealed = sealedLength(config, 0, 1, false)
  const proof = inclusionLength(config)
  const publishedKeys =
    typeof published === 'number' ? 2 + visible * (4 + keys) : bitmap(clients) + clients * keys
  const fromClient = [
    HASH_LENGTH + keys,
    LONGEST_FIRST,
    COMMITMENT_LENGTH + sealed * longestSealed,
    signatureLength,
    proof === 0 ? 0 : bitmap(owners) + owners * ACKNOWLEDGEMENT_LENGTH,
    // If everybody else drops out: one share of s_sk for each of them.
    bitmap(owners) + owners * KEY_LENGTH,
  ]
  const fromServer = [
    publishedKeys,
    bitmap(visible) + (visible - 1) * longestSealed,
    proof === 0 ? bitmap(clients) + clients * signatureLength : bitmap(owners) + owners * proof,
  ]
  return {
    fromClient: Math.max(HEADER_LENGTH + Math.max(...fromClient), longestPart(config)),
    fromServer: HEADER_LENGTH + Math.max(...fromServer),
    slices: sliceCount(config.segments, config.sliceLength),
  }
}

/** Length in bytes of the longest message with a masked vector or a slice of one. */
function longestPart(config: RoundConfig): number {
  const { segments, sliceLength } = config
  const slices = sliceCount(segments, sliceLength)
  let longest = 0
  for (let slice = 0; slice < slices; slice++) {
    const { from, to } = packedRange(segments, sliceRange(segments, sliceLength, slice))
    longest = Math.max(longest, to - from + (slice === 0 ? inclusionLength(config) : 0))
  }
  return (slices === 1 ? HEADER_LENGTH : SLICE_HEADER_LENGTH) + longest
}

function bitmap(seats: number): number {
  return Math.ceil(seats / 8)
}

/**
 * The beginning of the first message with a masked vector, up to the vector: what the server needs if the vector goes
 * elsewhere. `undefined` if `bytes` is another message.
 */
export function beforeVector(config: RoundConfig, bytes: Uint8Array): Bytes | undefined {
  const type = messageType(bytes)
  if (type !== 'maskedInput' && type !== 'maskedSlice') return undefined
  const header = type === 'maskedInput' ? HEADER_LENGTH : SLICE_HEADER_LENGTH
  return new Uint8Array(bytes.subarray(0, header + inclusionLength(config)))
}

/** The number of bytes of the proof before a masked vector; 0 if the round has no proofs. */
export function inclusionLength({ graph, signatureLength }: RoundConfig): number {
  const holders = provenHolders(graph)
  return holders > 0 ? Math.ceil(holders / 8) + signatureLength : 0
}
