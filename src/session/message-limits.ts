import { requireConfig } from '../protocol/checks.js'
import type { RoundConfig } from '../protocol/index.js'
import { packedRange } from '../vector/packing.js'
import { sliceCount, sliceRange } from '../vector/segments.js'
import {
  COMMITMENT_LENGTH,
  HASH_LENGTH,
  HEADER_LENGTH,
  KEY_LENGTH,
  SEALED_SHARES_LENGTH,
  SLICE_HEADER_LENGTH,
} from '../wire/index.js'

/** The usual one. */
const ED25519_SIGNATURE_LENGTH = 64

/**
 * How much the parties of a round may say; what is longer can be refused before it is read.
 * @public
 */
export interface MessageLimits {
  /** Bytes of the longest message that a client sends. */
  readonly fromClient: number
  /** Bytes of the longest message that the server sends. */
  readonly fromServer: number
  /** The messages in which a masked vector goes. */
  readonly slices: number
}

/**
 * The longest messages that there can be in a round, when all take part.
 *
 * @throws {SecAggError} `invalid-argument` where `config` is not of `createRoundConfig`'s making.
 * @public
 */
export function messageLimits(config: RoundConfig): MessageLimits {
  requireConfig(config)
  const { clients, graph, signatureLength } = config
  const keys = 2 * KEY_LENGTH + signatureLength
  const complete = graph.kind === 'complete'
  const peers = complete ? clients - 1 : graph.neighbors
  const owners = complete ? clients : graph.neighbors
  const publishedKeys = complete ? bitmap(clients) + clients * keys : 2 + (graph.neighbors + 1) * (4 + keys)
  const fromClient = [
    HASH_LENGTH + keys,
    // Of a client of the other adversary model, which is to be told that it has another configuration.
    HASH_LENGTH + 2 * KEY_LENGTH + ED25519_SIGNATURE_LENGTH,
    COMMITMENT_LENGTH + peers * SEALED_SHARES_LENGTH,
    signatureLength,
    // Were all but the sender to drop out: of them a share of s_sk.
    bitmap(owners) + owners * KEY_LENGTH,
  ]
  const fromServer = [
    publishedKeys,
    bitmap(peers) + peers * SEALED_SHARES_LENGTH,
    bitmap(clients) + clients * signatureLength,
  ]
  return {
    fromClient: Math.max(HEADER_LENGTH + Math.max(...fromClient), longestPart(config)),
    fromServer: HEADER_LENGTH + Math.max(...fromServer),
    slices: sliceCount(config.segments, config.sliceLength),
  }
}

/** Bytes of the longest message with a masked vector or with a slice of one. */
function longestPart({ segments, sliceLength }: RoundConfig): number {
  const slices = sliceCount(segments, sliceLength)
  let longest = 0
  for (let slice = 0; slice < slices; slice++) {
    const { from, to } = packedRange(segments, sliceRange(segments, sliceLength, slice))
    longest = Math.max(longest, to - from)
  }
  return (slices === 1 ? HEADER_LENGTH : SLICE_HEADER_LENGTH) + longest
}

function bitmap(seats: number): number {
  return Math.ceil(seats / 8)
}
