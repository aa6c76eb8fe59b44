import { wrongKind } from '../arguments.js'
import { type Bytes, bytesToHex, equalBytes, isBytes } from '../crypto/bytes.js'
import { usageError } from '../errors.js'
import { requireConfig } from '../protocol/checks.js'
import type { RoundConfig } from '../protocol/index.js'
import type { ElementRange, Vector } from '../vector/index.js'
import { requireLanes } from '../vector/lanes.js'

/** Yields the part of a vector in `range`: all of it where vectors do not go in slices. */
export type VectorSource = (range: ElementRange) => Vector | Promise<Vector>

/**
 * A vector that says which round it was made for: what encoders return and `ClientSession` takes. A session of another
 * round refuses it. Plain data that survives structured cloning, so it may be stored or come from a worker.
 */
export interface RoundInput<V extends Vector | VectorSource = Vector> {
  /** `hash` of the configuration of that round. */
  readonly configHash: Bytes
  /** One array of lanes per segment, or a function that yields the part in a range. */
  readonly vector: V
}

/**
 * Marks a vector as made for one round. Encoders of this library do it themselves; this is for vectors that come from
 * elsewhere.
 *
 * @throws {SecAggError} `invalid-argument` where `config` was not made by `createRoundConfig`.
 */
export function roundInput<V extends Vector | VectorSource>(config: RoundConfig, vector: V): RoundInput<V> {
  requireVectorOrSource(vector)
  return Object.freeze({ configHash: hashOf(config), vector })
}

/** @throws {SecAggError} `invalid-argument` for anything but a list of lanes, whatever fits in them, and a function. */
export function requireVectorOrSource(input: unknown): void {
  if (typeof input === 'function') return
  if (!Array.isArray(input))
    throw wrongKind('an input', 'an array of lanes, a list of them or a function', input)
  for (let index = 0; index < input.length; index++)
    requireLanes(`segment ${index} of an input`, input[index])
}

/** Whether `input` is a {@link RoundInput}: neither an array, nor a list of arrays, nor a function. */
export function isRoundInput(input: unknown): input is RoundInput<Vector | VectorSource> {
  return typeof input === 'object' && input !== null && !Array.isArray(input) && !ArrayBuffer.isView(input)
}

/**
 * The vector of an input that was made for this round.
 * @throws {SecAggError} `configuration-mismatch` where it was made for another one.
 */
export function vectorFor<V extends Vector | VectorSource>(config: RoundConfig, input: RoundInput<V>): V {
  requireSameRound(config, input.configHash, 'the input was made for another round')
  return input.vector
}

/** A copy of the hash, which the caller may keep. */
export function hashOf(config: RoundConfig): Bytes {
  requireConfig(config)
  return new Uint8Array(config.hash)
}

/** @throws {SecAggError} `invalid-argument` where `hash` is missing, `configuration-mismatch` where it is another one. */
export function requireSameRound(config: RoundConfig, hash: unknown, what: string): void {
  const own = hashOf(config)
  if (!isBytes(hash)) {
    throw usageError('invalid-argument', 'what belongs to a round has its configHash, a Uint8Array', {
      got: typeof hash,
    })
  }
  if (hash.length === own.length && equalBytes(hash, own)) return
  throw usageError(
    'configuration-mismatch',
    `${what}: the hash of its configuration is not that of this one`,
    {
      expected: bytesToHex(own),
      got: bytesToHex(hash.subarray(0, own.length)),
    },
  )
}
